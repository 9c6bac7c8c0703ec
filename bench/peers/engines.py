"""Starts the programs that are compared, each as a child process, and reads what they print."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAM = os.environ.get("ESCUTA_PROGRAM", str(ROOT / "build/release/escuta"))


@dataclass(frozen=True)
class Engine:
    """`model` below is a folder of `./run models`: ONNX at its root, the checkpoint in ct2/."""

    name: str
    program: str               # "escuta", "faster-whisper" or "onnxruntime"
    compute_type: str = "float32"
    provider: str = "cpu"      # of escuta

    def command(self, model: Path, language: str, files: list[str], threads: int) -> list[str]:
        if self.program == "escuta":
            return [PROGRAM, "transcribe", *files, "-m", str(model), "-l", language,
                    "-f", "json", "--provider", self.provider, "--threads", str(threads), "--progress", "off"]
        common = ["--language", language, "--threads", str(threads), *files]
        if self.program == "faster-whisper":
            return [sys.executable, str(HERE / "run_faster_whisper.py"), "--model", str(model / "ct2"),
                    "--compute-type", self.compute_type, *common]
        return [sys.executable, str(HERE / "run_onnxruntime.py"), "--model", str(model), *common]


@dataclass
class Run:
    results: list[dict]  # one for each file that was transcribed
    wall_s: float
    peak_mb: float       # ru_maxrss of the child
    cpu_s: float
    errors: str          # what the child said on stderr
    returncode: int


def run(engine: Engine, model: Path, language: str, files: list[str], threads: int = 2,
        cwd: Path | None = None) -> Run:
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        began = time.perf_counter()
        child = subprocess.Popen(engine.command(model, language, files, threads), cwd=cwd, env=environment,
                                 stdin=subprocess.DEVNULL, stdout=out, stderr=errors)
        _, status, used = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        return Run([json.loads(line) for line in out.read().split("\n") if line], wall_s,
                   used.ru_maxrss / 1024, used.ru_utime + used.ru_stime, errors.read(), child.returncode)


def model_folder(name: str) -> Path:
    """Where `./run models` has put the model: in $ESCUTA_MODELS, or as `./run models --path` says."""
    if folder := os.environ.get("ESCUTA_MODELS"):
        return Path(folder) / name
    done = subprocess.run([str(ROOT / "run"), "models", "--path", name], check=True, stdout=subprocess.PIPE,
                          text=True)
    return Path(done.stdout.strip())


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("faster-whisper", "ctranslate2", "onnxruntime", "numpy"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            pass
    done = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], stdout=subprocess.PIPE,
                          text=True)
    found["escuta"] = done.stdout.strip() or "unknown"
    return found


def machine() -> dict:
    facts = {"cores": os.cpu_count(), "kernel": platform.release()}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            facts["cpu"] = value.strip()
        if key.strip() == "flags":
            names = value.split()
            facts["simd"] = [f for f in ("avx2", "avx512f", "avx512bw", "avx512_vnni", "amx_tile") if f in names]
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal"):
            facts["memory_gib"] = round(int(line.split()[1]) / (1 << 20), 1)
    facts["load_before"] = round(os.getloadavg()[0], 2)
    return facts
