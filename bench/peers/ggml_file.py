"""Writes a CTranslate2 Whisper checkpoint as the file that whisper.cpp reads, from the same tensors.

usage: ggml_file.py CT2_FOLDER OUT [--type f32|f16|q8_0]

The layout is that of whisper.cpp's models/convert-pt-to-ggml.py and of its loader: sizes, mel filters, the bytes of
every text token, then tensors by openai/whisper's names. As there, matrices are of the type asked for, convolutions
of f16 unless f32 is, and everything of one dimension and the positions of f32. q8_0 is ggml's: blocks of 32 with a
scale of f16.
"""

import argparse
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import checkpoint
import shapes
from byte_level import token_bytes
from features import N_FFT, mel_filters

MAGIC = 0x67676D6C
F32, F16, Q8_0 = 0, 1, 8                                     # ggml_type
FILE_TYPES = {"f32": 0, "f16": 1, "q8_0": 7 + 2 * 1000}      # ggml_ftype, with the version of quantisation
MATRIX_TYPES = {"f32": F32, "f16": F16, "q8_0": Q8_0}
BLOCK = 32


def q8_0(values: np.ndarray) -> bytes:
    """[rows, columns] -> for each 32 of a row: f16 scale, 32 x int8 (ggml's quantize_row_q8_0_ref)."""
    blocks = values.astype(np.float32).reshape(-1, BLOCK)
    scale = np.abs(blocks).max(axis=1) / 127
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    scaled = blocks * inverse[:, None]
    out = np.empty(len(blocks), [("scale", np.float16), ("values", np.int8, BLOCK)])
    out["scale"] = scale
    out["values"] = np.trunc(scaled + np.copysign(0.5, scaled))  # roundf: halves away from zero
    return out.tobytes()


def linear(found: dict, ours: str, theirs: str, rows: slice = slice(None), bias: bool = True) -> Iterator:
    yield f"{theirs}.weight", found[f"{ours}/weight"][rows]
    if bias:
        yield f"{theirs}.bias", found[f"{ours}/bias"][rows]


def norm(found: dict, ours: str, theirs: str) -> Iterator:
    yield f"{theirs}.weight", found[f"{ours}/gamma"]
    yield f"{theirs}.bias", found[f"{ours}/beta"]


def attention(found: dict, ours: str, theirs: str, d: int) -> Iterator:
    """CTranslate2 keeps query, key and value of self-attention in one matrix, key and value of the other in one."""
    own = found[f"{ours}/linear_0/weight"].shape[0] == 3 * d
    keys, first = (f"{ours}/linear_0", d) if own else (f"{ours}/linear_1", 0)
    yield from linear(found, f"{ours}/linear_0", f"{theirs}.query", slice(0, d))
    yield from linear(found, keys, f"{theirs}.key", slice(first, first + d), bias=False)
    yield from linear(found, keys, f"{theirs}.value", slice(first + d, first + 2 * d))
    yield from linear(found, f"{ours}/linear_{1 if own else 2}", f"{theirs}.out")
    yield from norm(found, f"{ours}/layer_norm", f"{theirs}_ln")


def tensors(found: dict, shape: shapes.Shape) -> Iterator[tuple[str, np.ndarray]]:
    for i in (1, 2):
        yield f"encoder.conv{i}.weight", found[f"encoder/conv{i}/weight"]
        yield f"encoder.conv{i}.bias", found[f"encoder/conv{i}/bias"][:, None]
    yield "decoder.token_embedding.weight", found["decoder/embeddings/weight"]
    for side, layers in (("encoder", shape.encoder_layers), ("decoder", shape.decoder_layers)):
        yield f"{side}.positional_embedding", found[f"{side}/position_encodings/encodings"]
        for i in range(layers):
            ours, theirs = f"{side}/layer_{i}", f"{side}.blocks.{i}"
            yield from attention(found, f"{ours}/self_attention", f"{theirs}.attn", shape.d_model)
            if side == "decoder":
                yield from attention(found, f"{ours}/attention", f"{theirs}.cross_attn", shape.d_model)
            yield from linear(found, f"{ours}/ffn/linear_0", f"{theirs}.mlp.0")
            yield from linear(found, f"{ours}/ffn/linear_1", f"{theirs}.mlp.2")
            yield from norm(found, f"{ours}/ffn/layer_norm", f"{theirs}.mlp_ln")
        yield from norm(found, f"{side}/layer_norm", f"{side}.{'ln_post' if side == 'encoder' else 'ln'}")


def tensor_bytes(name: str, value: np.ndarray, kind: str) -> bytes:
    if value.ndim == 1 or name.endswith("positional_embedding") or value.shape[-1] == 1:
        number, data = F32, value.astype("<f4").tobytes()
    elif value.ndim == 3:
        number = F32 if kind == "f32" else F16
        data = value.astype("<f4" if kind == "f32" else "<f2").tobytes()
    elif kind == "q8_0":
        number, data = Q8_0, q8_0(value)
    else:
        number, data = MATRIX_TYPES[kind], value.astype("<f4" if kind == "f32" else "<f2").tobytes()
    header = struct.pack("<3i", value.ndim, len(name), number)
    return header + struct.pack(f"<{value.ndim}i", *reversed(value.shape)) + name.encode() + data


def header(shape: shapes.Shape, kind: str) -> bytes:
    sizes = (shape.vocabulary, shape.positions, shape.d_model, shape.heads, shape.encoder_layers, shape.context,
             shape.d_model, shape.heads, shape.decoder_layers, shape.mels, FILE_TYPES[kind])
    filters = mel_filters(shape.mels)
    return (struct.pack("<I11i", MAGIC, *sizes) + struct.pack("<2i", shape.mels, N_FFT // 2 + 1) +
            filters.astype("<f4").tobytes())


def vocabulary(folder: Path, count: int) -> bytes:
    """The text tokens; whisper.cpp knows the others by their numbers."""
    tokens = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    special = {"<|endoftext|>": b"<|endoftext|>"}  # GPT-2's own, which English-only vocabularies list
    words = {index: special.get(token) or token_bytes(token) for token, index in tokens.items() if index < count}
    if len(words) != count:
        raise SystemExit(f"{folder}/tokenizer.json: expected {count} text tokens, found {len(words)}")
    return struct.pack("<i", count) + b"".join(
        struct.pack("<I", len(words[i])) + words[i] for i in range(count))


def write(folder: Path, out: Path, kind: str) -> None:
    shape, found = shapes.of_checkpoint(folder / "model.bin"), checkpoint.read(folder / "model.bin")
    partial = out.with_suffix(".part")
    with open(partial, "wb") as file:
        file.write(header(shape, kind) + vocabulary(folder, shape.text_tokens))
        for name, value in tensors(found, shape):
            file.write(tensor_bytes(name, value, kind))
    partial.rename(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--type", choices=FILE_TYPES, default="f16")
    args = parser.parse_args()
    write(args.folder, args.out, args.type)


if __name__ == "__main__":
    main()
