"""CTranslate2's model.bin, read and written: named tensors in one flat file (ModelSpec._serialize)."""

import struct
from pathlib import Path

import numpy as np

DTYPES = [np.float32, np.int8, np.int16, np.int32, np.float16]  # by CTranslate2's number; 5 is bfloat16
VERSION, SPECIFICATION, REVISION = 6, "WhisperSpec", 3


def read(path: Path) -> dict[str, np.ndarray]:
    """Every variable by its name, mapped, not copied; aliases too."""
    data = np.memmap(path, np.uint8, mode="r")
    at = 0

    def number(kind: str) -> int:
        nonlocal at
        value, = struct.unpack_from("<" + kind, data, at)
        at += struct.calcsize(kind)
        return value

    def text() -> str:
        nonlocal at
        size = number("H")
        at += size
        return bytes(data[at - size:at - 1]).decode()

    version, specification, _ = number("I"), text(), number("I")
    if version != VERSION or specification != SPECIFICATION:
        raise ValueError(f"{path}: expected {SPECIFICATION} in version {VERSION}, found {specification} in {version}")
    variables = {}
    for _ in range(number("I")):
        name = text()
        dims = [number("I") for _ in range(number("B"))]
        dtype, size = DTYPES[number("B")], number("I")
        variables[name] = data[at:at + size].view(dtype).reshape(dims)
        at += size
    for _ in range(number("I")):
        alias, name = text(), text()
        variables[alias] = variables[name]
    return variables


class Writer:
    """Writes one variable after the other, so that a model of any size needs the memory of one."""

    def __init__(self, path: Path, count: int):
        self.file = open(path, "wb")
        self.file.write(struct.pack("<I", VERSION) + self._text(SPECIFICATION) + struct.pack("<II", REVISION, count))

    @staticmethod
    def _text(text: str) -> bytes:
        return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"

    def add(self, name: str, value: np.ndarray) -> None:
        kind = DTYPES.index(value.dtype.type)
        self.file.write(self._text(name) + struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape) +
                        struct.pack("<BI", kind, value.nbytes))
        self.file.write(np.ascontiguousarray(value).data)

    def close(self, aliases: dict[str, str]) -> None:
        self.file.write(struct.pack("<I", len(aliases)))
        for alias, name in aliases.items():
            self.file.write(self._text(alias) + self._text(name))
        self.file.close()
