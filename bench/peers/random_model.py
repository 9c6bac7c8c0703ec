"""Writes a Whisper of any size with seeded random weights, as a CTranslate2 checkpoint and, imported, as ONNX.

usage: random_model.py SHAPE FOLDER [--seed N] [--escuta PROGRAM]

SHAPE: tiny, tiny.en, base, small, medium, large-v3, turbo, or sizes (shapes.py). FOLDER/ct2 becomes the checkpoint,
FOLDER the model that `escuta import` makes of it: the layout of `./run models`, so that every program that is
compared reads the same weights. They are fp16, as the published ones; a tensor depends on the seed and its
name only. Scales keep activations near 1 through all layers, and logits apart: tokens differ from one another.
"""

import argparse
import json
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import checkpoint
from byte_level import byte_letters
from shapes import Shape, parse

# The languages in the order of their tokens (openai/whisper, tokenizer.py); any three letters would do here.
LANGUAGES = ("en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt "
             "la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc "
             "ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue").split()


def special_tokens(languages: int) -> list[str]:
    return ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in LANGUAGES[:languages]),
            "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]


def text_tokens(count: int) -> list[str]:
    """The 256 bytes, then words that no merge makes, up to `count`."""
    if count < 256:
        raise SystemExit(f"text_tokens: expected 256 or more, one for each byte, found {count}")
    return byte_letters() + [f"\u0120w{i}" for i in range(count - 256)]


def linear(name: str, rows: int, columns: int) -> Iterator[tuple[str, tuple, float, float]]:
    yield f"{name}/weight", (rows, columns), 0, columns ** -0.5
    yield f"{name}/bias", (rows,), 0, 0.02


def norm(name: str, size: int, mean: float = 1, deviation: float = 0.05) -> Iterator[tuple[str, tuple, float, float]]:
    yield f"{name}/gamma", (size,), mean, deviation
    yield f"{name}/beta", (size,), 0, 0.02


def tensors(s: Shape) -> Iterator[tuple[str, tuple, float, float]]:
    """(name, dimensions, mean, deviation) of every weight."""
    d = s.d_model
    for side, layers in (("encoder", s.encoder_layers), ("decoder", s.decoder_layers)):
        for i in range(layers):
            layer = f"{side}/layer_{i}"
            yield from norm(f"{layer}/self_attention/layer_norm", d)
            yield from linear(f"{layer}/self_attention/linear_0", 3 * d, d)
            yield from linear(f"{layer}/self_attention/linear_1", d, d)
            if side == "decoder":
                yield from norm(f"{layer}/attention/layer_norm", d)
                yield from linear(f"{layer}/attention/linear_0", d, d)
                yield from linear(f"{layer}/attention/linear_1", 2 * d, d)
                yield from linear(f"{layer}/attention/linear_2", d, d)
            yield from norm(f"{layer}/ffn/layer_norm", d)
            yield from linear(f"{layer}/ffn/linear_0", s.inner, d)
            yield from linear(f"{layer}/ffn/linear_1", d, s.inner)
        # Gains of either sign in the last one: else a token would be most like itself, and repeat for ever.
        yield from norm(f"{side}/layer_norm", d, *((0, 1) if side == "decoder" else ()))
        yield f"{side}/position_encodings/encodings", (s.positions if side == "encoder" else s.context, d), 0, 0.3
    for name, channels in (("conv1", s.mels), ("conv2", d)):
        yield f"encoder/{name}/weight", (d, channels, 3), 0, (3 * channels) ** -0.5
        yield f"encoder/{name}/bias", (d,), 0, 0.02
    # The same matrix gives the logits: a deviation of 3 among them.
    yield "decoder/embeddings/weight", (s.vocabulary, d), 0, 3 * d ** -0.5


def weight(name: str, dims: tuple, mean: float, deviation: float, seed: int) -> np.ndarray:
    random = np.random.Generator(np.random.Philox(key=[seed, zlib.crc32(name.encode())]))
    value = random.standard_normal(dims, np.float32)
    value *= np.float32(deviation)
    value += np.float32(mean)
    # Whisper's keys have no bias; CTranslate2 stores zeros for it.
    if name.endswith("/self_attention/linear_0/bias"):
        value[dims[0] // 3:2 * dims[0] // 3] = 0
    if name.endswith("/attention/linear_1/bias") and "self_" not in name:
        value[:dims[0] // 2] = 0
    return value.astype(np.float16)


def scalars(s: Shape) -> dict[str, np.ndarray]:
    flags = {"decoder/alibi": 0, "decoder/pre_norm": 1, "decoder/scale_embeddings": 0,
             "decoder/start_from_zero_embedding": 0, "decoder/activation": 3}
    return ({name: np.array(value, np.int8) for name, value in flags.items()} |
            {"decoder/alignment_heads": np.array(1, np.int16), "decoder/alignment_layer": np.array(-1, np.int16)} |
            {f"{side}/num_heads": np.array(s.heads, np.int16) for side in ("encoder", "decoder")})


def write_weights(s: Shape, seed: int, path: Path) -> None:
    items = {name: (dims, mean, deviation) for name, dims, mean, deviation in tensors(s)}
    fixed = scalars(s)
    writer = checkpoint.Writer(path, len(items) + len(fixed))
    for name in sorted(items.keys() | fixed.keys()):
        writer.add(name, fixed[name] if name in fixed else weight(name, *items[name], seed))
    writer.close({"decoder/projection/weight": "decoder/embeddings/weight"})


def write_side_files(s: Shape, folder: Path) -> None:
    words, special = text_tokens(s.text_tokens), special_tokens(s.languages)
    timestamps = [f"<|{0.02 * i:.2f}|>" for i in range(1501)]
    added = [{"id": s.text_tokens + i, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False, "special": i < len(special)} for i, token in enumerate(special + timestamps)]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    tokenizer = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
                 "pre_tokenizer": byte_level, "post_processor": None, "decoder": byte_level,
                 "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                           "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False,
                           "vocab": {word: i for i, word in enumerate(words)}, "merges": []}}
    end = s.text_tokens
    config = {"suppress_ids": [1, 2], "suppress_ids_begin": [220, end], "alignment_heads": [[s.decoder_layers - 1, 0]],
              "lang_ids": [end + 2 + i for i in range(s.languages)]}
    for name, content in (("tokenizer.json", tokenizer), ("config.json", config),
                          ("vocabulary.json", words + special + timestamps),
                          ("preprocessor_config.json", {"feature_size": s.mels, "sampling_rate": 16000,
                                                        "hop_length": 160, "n_fft": 400, "chunk_length": 30})):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


def make(shape: str, folder: Path, seed: int, escuta: str) -> None:
    """What is there from an earlier call with the same shape and seed is kept."""
    stamp, done = folder / ".random", f"{shape} {seed}\n"
    if stamp.exists() and stamp.read_text() == done:
        return
    sizes = parse(shape)
    (folder / "ct2").mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    write_weights(sizes, seed, folder / "ct2/model.bin")
    write_side_files(sizes, folder / "ct2")
    subprocess.run([escuta, "import", str(folder / "ct2"), str(folder)], check=True, stdout=subprocess.DEVNULL)
    stamp.write_text(done)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--escuta", default=str(Path(__file__).resolve().parents[2] / "build/release/escuta"))
    args = parser.parse_args()
    make(args.shape, args.folder, args.seed, args.escuta)


if __name__ == "__main__":
    main()
