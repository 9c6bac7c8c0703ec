"""Starts the programs that are compared, each as a child process, and reads what they print."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAM = os.environ.get("ESCUTA_PROGRAM", str(ROOT / "build/release/escuta"))
BENCH = Path(os.environ.get("ESCUTA_BENCH", ROOT / "build/release/bench"))  # peers_limits, peers_escuta
TIMEOUT_S = 900


@dataclass(frozen=True)
class Engine:
    """One program in one of its number formats. `precision` is the group that it is compared in."""

    program: str  # "escuta", or a name that worker.py knows
    variant: str  # in the program's own words
    precision: str

    @property
    def name(self) -> str:
        return f"{self.program} {self.variant}"


ENGINES = [
    Engine("escuta", "float32", "fp32"),
    Engine("onnxruntime", "float32", "fp32"),
    Engine("openvino", "float32", "fp32"),
    Engine("faster-whisper", "float32", "fp32"),
    Engine("whisper.cpp", "f16", "fp32"),  # the published weights are fp16: none is changed
    Engine("whisper.cpp", "f32", "fp32"),
    Engine("escuta", "int8", "int8"),
    Engine("onnxruntime", "int8", "int8"),
    Engine("openvino", "int8", "int8"),
    Engine("faster-whisper", "int8", "int8"),
    Engine("faster-whisper", "int8_float32", "int8"),
    Engine("whisper.cpp", "q8_0", "int8"),
]


@dataclass
class Run:
    results: list[dict]  # one for each line of JSON
    wall_s: float
    peak_mb: float       # ru_maxrss of the child
    cpu_s: float
    errors: str          # what the child said on stderr
    returncode: int

    @property
    def absent(self) -> str | None:
        """Why there is no result, where there is none."""
        if self.results and "absent" in self.results[0]:
            return self.results[0]["absent"]
        if self.returncode == 0 and self.results:
            return None
        lines = [line for line in self.errors.splitlines() if line.strip()]
        return f"exit status {self.returncode}: {lines[-1].strip() if lines else 'no message'}"


def start(command: list[str], threads: int, cwd: Path | None = None, timeout_s: float = TIMEOUT_S) -> Run:
    """Runs a child to its end, or to its timeout."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads),
                                "HF_HUB_OFFLINE": "1", "GGML_NO_BACKTRACE": "1"}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        began = time.perf_counter()
        child = subprocess.Popen(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=errors)
        guard = threading.Timer(timeout_s, child.kill)
        guard.start()
        _, status, used = os.wait4(child.pid, 0)
        guard.cancel()
        wall_s = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        results = [json.loads(line) for line in out.read().split("\n") if line.startswith("{")]
        said = errors.read() + (f"\nno end within {timeout_s:.0f} s" if wall_s >= timeout_s else "")
        return Run(results, wall_s, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime, said, child.returncode)


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def worker(engine: Engine, task: str, *arguments) -> list[str]:
    return [sys.executable, "-B", str(HERE / "worker.py"), engine.program, engine.variant, task,
            *map(str, arguments)]


def prepare(engine: Engine, model: Path, work: Path) -> tuple[Path | None, str | None]:
    """(what the engine loads, None), or (None, why it cannot)."""
    if engine.program == "escuta":
        return model, None
    done = start(worker(engine, "prepare", model, work), 1)
    return (None, done.absent) if done.absent else (Path(done.results[0]["path"]), None)


def transcribe(engine: Engine, path: Path, language: str, files: list[str], threads: int = 2, beam: int = 1,
               batch: int = 1, cwd: Path | None = None, timeout_s: float = TIMEOUT_S) -> Run:
    """`path` is what prepare() gave."""
    if engine.program != "escuta":
        return start(worker(engine, "transcribe", path, threads, language, beam, batch, *files), threads, cwd,
                     timeout_s)
    command = [PROGRAM, "transcribe", *files, "-m", str(path), "-l", language, "-f", "json", "--provider", "cpu",
               "--threads", str(threads), "--progress", "off", "--temperature", "0"]
    if engine.variant == "int8":
        command += ["--precision", "int8"]
    if beam != 1:
        command += ["--beam-size", str(beam)]
    # One window after the other as its peers, who hear everything; in batches its own way.
    command += ["--batch-size", str(batch)] if batch != 1 else ["--no-vad"]
    return start(command, threads, cwd, timeout_s)


def window(engine: Engine, path: Path, audio: Path, rows: list[str], threads: int, repeat: int, context: int,
           steps: int) -> Run:
    arguments = [str(path), str(threads), str(audio), ",".join(rows), str(repeat), str(context), str(steps)]
    if engine.program != "escuta":
        return start(worker(engine, "window", *arguments), threads)
    program = [str(BENCH / "peers_escuta"), arguments[0], arguments[2], arguments[1], *arguments[3:]]
    return start(program + (["int8"] if engine.variant == "int8" else []), threads)


def model_folder(name: str) -> Path:
    """Where `./run models` has put the model: in $ESCUTA_MODELS, or as `./run models --path` says."""
    if folder := os.environ.get("ESCUTA_MODELS"):
        return Path(folder) / name
    done = subprocess.run([str(ROOT / "run"), "models", "--path", name], check=True, stdout=subprocess.PIPE,
                          text=True)
    return Path(done.stdout.strip())


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("faster-whisper", "ctranslate2", "onnxruntime", "openvino", "pywhispercpp", "numpy"):
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
