"""Files in and out of the system's page cache, and how fast the disk gives them."""

import os
import time
from pathlib import Path

BLOCK = 1 << 22


def files(path: Path) -> list[Path]:
    """What a program reads to load `path`: the file itself, or the folder's own files."""
    return [path] if path.is_file() else sorted(f for f in path.iterdir() if f.is_file())


def drop(path: Path) -> None:
    """Pages that are not written back would stay, so that comes first."""
    for file in files(path):
        handle = os.open(file, os.O_RDONLY)
        os.fdatasync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def read(path: Path) -> float:
    """Reads everything once; GB/s."""
    total, began = 0, time.perf_counter()
    for file in files(path):
        with open(file, "rb", buffering=0) as stream:
            while block := stream.read(BLOCK):
                total += len(block)
    return total / (time.perf_counter() - began) / 1e9
