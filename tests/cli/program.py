"""Runs the program as a user does. The tests in this folder share it.

Environment: ESCUTA (the program), ESCUTA_MODELS (folder of imported models; tests that need one
are skipped with a line where it is absent).
"""

import os
import shutil
import struct
import subprocess
import tempfile
import unittest
import wave
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
ESCUTA = os.environ.get("ESCUTA", str(SOURCE / "build" / "release" / "escuta"))
JFK = SOURCE / "samples" / "jfk.wav"


def model(name):
    """The folder of an imported model; skips the test where it has not been brought."""
    folder = Path(os.environ.get("ESCUTA_MODELS", "/nonexistent")) / name
    if not (folder / "encoder_model.onnx").exists():
        raise unittest.SkipTest(f"model {name} is absent: ./run models {name} brings it")
    return folder


def run(*arguments, timeout=120, **options):
    """Runs the program to its end; never through a shell."""
    return subprocess.run([ESCUTA, *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=timeout, **options)


def wav(samples, rate=16000, kind="<h", claimed=None):
    """The bytes of a mono WAV file. `samples`: numbers, or bytes as they are; `claimed`: the size
    of the data that the header speaks of, where it is not the true one."""
    code = 3 if kind in ("<f", "<d") else 1
    width = struct.calcsize(kind)
    data = samples if isinstance(samples, bytes) else b"".join(struct.pack(kind, s) for s in samples)
    size = len(data) if claimed is None else claimed
    return (b"RIFF" + struct.pack("<I", min(36 + size, 0xffffffff)) + b"WAVEfmt " +
            struct.pack("<IHHIIHH", 16, code, 1, rate, rate * width, width, 8 * width) +
            b"data" + struct.pack("<I", size) + data)


def jfk_samples():
    """The samples of the sample recording, 16-bit."""
    with wave.open(str(JFK)) as file:
        return file.readframes(file.getnframes())


class ProgramTest(unittest.TestCase):
    """A temporary folder, and assertions on what the program said."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="escuta-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def put(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def assert_error(self, result, code, *parts):
        """One clear line: the exit code, the parts in it, and no trace of a crash."""
        self.assertEqual(result.returncode, code, result.stderr)
        lines = [l for l in result.stderr.splitlines() if l.startswith("escuta:") and "warning" not in l]
        self.assertEqual(len(lines), 1, result.stderr)
        for part in parts:
            self.assertIn(str(part), lines[0])
