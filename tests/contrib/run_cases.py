"""Runs the cases of com.microsoft's operators.

usage: run_cases.py CONFORMANCE [--fresh]

The recorded ones of cases.tar.xz; with --fresh new ones, whose expected outputs ONNX Runtime computes now.
"""

import random
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SKIPPED = 77


def main():
    conformance, fresh = sys.argv[1], sys.argv[2:] == ["--fresh"]
    with tempfile.TemporaryDirectory() as folder:
        if fresh:
            try:
                import make_cases
            except ImportError as error:
                print(f"skipped: {error}; ./run test installs it")
                return SKIPPED
            seed = random.randrange(1 << 32)
            print(f"seed {seed}")
            make_cases.make(Path(folder), seed)
        else:
            with tarfile.open(HERE / "cases.tar.xz") as archive:
                archive.extractall(folder)
        # Sums that happen to come out near 0 are as far apart as their terms make them.
        tolerance = ["--atol", "1e-4"] if fresh else []
        return subprocess.run([conformance, "--quiet", *tolerance, folder]).returncode


if __name__ == "__main__":
    sys.exit(main())
