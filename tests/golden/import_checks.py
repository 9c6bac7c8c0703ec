#!/usr/bin/env python3
"""What `escuta import` writes, checked with PyPI's `onnx`.

usage: import_checks.py ESCUTA               a small checkpoint made here
       import_checks.py ESCUTA CT2_FOLDER    a real one

Imports as fp32 and fp16, with two decoders and with a merged one. Every file passes the checker and
strict shape inference, which finds the type and rank of every value. The small checkpoint also runs
in onnx's reference evaluator and gives what whisper_numpy.py gives: prompt, steps with a past, several
tokens with a past, and two rows at once. Ends with 77, "skipped", if there is no ESCUTA_PYTHON with
`onnx`, or no CT2_FOLDER.
"""

import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77
LAYERS, HEADS, WIDTH, FFN, MELS, SOURCE, TARGET, VOCAB = 2, 4, 32, 48, 8, 15, 16, 300
SPECIAL = ["endoftext", "startoftranscript", "en", "translate", "transcribe", "startoflm",
           "startofprev", "nospeech", "notimestamps"]


def small_checkpoint(folder):
    """Writes model.bin (float16, with an alias), config.json, tokenizer.json; returns the weights."""
    rng = np.random.default_rng(3)
    v = {}
    def add(name, *shape, offset=0.0):
        v[name] = (offset + rng.normal(size=shape) * 0.3).astype(np.float16)
    def norm(name):
        add(f"{name}/gamma", WIDTH, offset=1.0)
        add(f"{name}/beta", WIDTH)
    def linear(name, rows, columns):
        add(f"{name}/weight", rows, columns)
        add(f"{name}/bias", rows)
    for side in ("encoder", "decoder"):
        for i in range(LAYERS):
            layer = f"{side}/layer_{i}"
            norm(f"{layer}/self_attention/layer_norm")
            linear(f"{layer}/self_attention/linear_0", 3 * WIDTH, WIDTH)
            v[f"{layer}/self_attention/linear_0/bias"][WIDTH : 2 * WIDTH] = 0  # keys have no bias
            linear(f"{layer}/self_attention/linear_1", WIDTH, WIDTH)
            if side == "decoder":
                norm(f"{layer}/attention/layer_norm")
                linear(f"{layer}/attention/linear_0", WIDTH, WIDTH)
                linear(f"{layer}/attention/linear_1", 2 * WIDTH, WIDTH)
                v[f"{layer}/attention/linear_1/bias"][:WIDTH] = 0
                linear(f"{layer}/attention/linear_2", WIDTH, WIDTH)
            norm(f"{layer}/ffn/layer_norm")
            linear(f"{layer}/ffn/linear_0", FFN, WIDTH)
            linear(f"{layer}/ffn/linear_1", WIDTH, FFN)
        norm(f"{side}/layer_norm")
        add(f"{side}/position_encodings/encodings", SOURCE if side == "encoder" else TARGET, WIDTH)
        v[f"{side}/num_heads"] = np.int16(HEADS)
    add("encoder/conv1/weight", WIDTH, MELS, 3)
    add("encoder/conv1/bias", WIDTH)
    add("encoder/conv2/weight", WIDTH, WIDTH, 3)
    add("encoder/conv2/bias", WIDTH)
    add("decoder/embeddings/weight", VOCAB, WIDTH)

    text = lambda s: struct.pack("<H", len(s) + 1) + s.encode() + b"\0"
    out = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, len(v))
    for name, value in v.items():
        out += text(name) + struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape)
        out += struct.pack("<BI", {"int16": 2, "float16": 4}[str(value.dtype)], value.nbytes)
        out += value.tobytes()
    out += struct.pack("<I", 1) + text("decoder/projection/weight") + text("decoder/embeddings/weight")
    folder.mkdir()
    (folder / "model.bin").write_bytes(out)
    (folder / "config.json").write_text(json.dumps({"suppress_ids": [1], "suppress_ids_begin": [0]}))
    added = [{"id": 256 + i, "content": f"<|{name}|>", "special": True, "normalized": False,
              "single_word": False, "lstrip": False, "rstrip": False} for i, name in enumerate(SPECIAL)]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    (folder / "tokenizer.json").write_text(json.dumps(
        {"version": "1.0", "added_tokens": added, "normalizer": None, "pre_tokenizer": level,
         "decoder": level, "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}))
    return v


def check_file(path):
    """The checker, and inference that has to find every value, those of branches included."""
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(str(path), load_external_data=False)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)

    def check_graph(graph):
        known = {v.name: v.type.tensor_type for v in (*graph.value_info, *graph.output)}
        for node in graph.node:
            for name in node.output:
                assert known[name].elem_type != 0, f"{path}: expected a type for {name}"
                assert known[name].HasField("shape"), f"{path}: expected a shape for {name}"
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    check_graph(attribute.g)

    check_graph(inferred.graph)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            assert entry.key != "offset" or int(entry.value) % 4096 == 0, f"{path}: {tensor.name} is not aligned"


def folder_of(folder, merged):
    return folder / ("merged" if merged else "pair")


def import_all(escuta, src, folder, forms):
    """Imports in each form, (suffix, merged), and checks the files that it has to have."""
    for suffix, merged in forms:
        dst = folder_of(folder, merged)
        command = [escuta, "import", str(src), str(dst), "--type", "fp16" if suffix else "fp32",
                   *(["--merged"] * merged)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), f"{command}: {done}"
        decoders = ["decoder_model_merged"] if merged else ["decoder_model", "decoder_with_past_model"]
        for name in ["encoder_model", *decoders]:
            check_file(dst / f"{name}{suffix}.onnx")


def check_memory(folder):
    """Tensors are converted one at a time: an import never held all that it wrote."""
    if "ASAN_OPTIONS" in os.environ:
        return  # the sanitizer keeps freed memory
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    written = sum(file.stat().st_size for file in folder.glob("*.onnx_data"))
    assert peak < written, f"expected a peak below the {written} bytes of weights, found {peak}"


class Runner:
    """One import in onnx's reference evaluator."""

    def __init__(self, folder, suffix, merged):
        self.float = np.float16 if suffix else np.float32
        self.merged = merged
        load = lambda name: ReferenceEvaluator(str(folder / f"{name}{suffix}.onnx"))
        self.encoder = load("encoder_model")
        if merged:
            self.first = self.next = load("decoder_model_merged")
        else:
            self.first, self.next = load("decoder_model"), load("decoder_with_past_model")

    @staticmethod
    def run(model, inputs):
        return dict(zip(model.output_names, model.run(None, {k: v for k, v in inputs.items() if k in model.input_names})))

    def encode(self, mel):
        return self.run(self.encoder, {"input_features": mel.astype(np.float32)})["last_hidden_state"]

    def prompt(self, tokens, states):
        inputs = {"input_ids": np.ascontiguousarray(tokens), "encoder_hidden_states": states}
        if self.merged:  # as optimum calls it: a past that is not looked at
            inputs["use_cache_branch"] = np.array([False])
            for i in range(LAYERS):
                for which in ("decoder.key", "decoder.value", "encoder.key", "encoder.value"):
                    shape = (tokens.shape[0], HEADS, 1, WIDTH // HEADS)
                    inputs[f"past_key_values.{i}.{which}"] = np.full(shape, 7, self.float)
        return self.run(self.first, inputs)

    def step(self, tokens, states, past):
        inputs = {k.replace("present.", "past_key_values."): v for k, v in past.items()}
        inputs |= {"input_ids": np.ascontiguousarray(tokens), "encoder_hidden_states": states,
                   "use_cache_branch": np.array([True])}
        outputs = self.run(self.next, inputs)
        encoder = {k: v for k, v in past.items() if ".encoder." in k}
        if self.merged:
            assert all(outputs[k].size == 0 for k in encoder), "expected no encoder rows with a past"
        return outputs | encoder


def compare(what, found, expected, tolerance):
    assert found.shape == expected.shape, f"{what}: expected {expected.shape}, found {found.shape}"
    worst = np.abs(found.astype(np.float64) - expected).max() / np.abs(expected).max()
    assert worst < tolerance, f"{what}: expected a relative difference below {tolerance}, found {worst}"


def check_numbers(folder, suffix, merged, reference):
    runner = Runner(folder, suffix, merged)
    name = f"{folder.name}{suffix}"
    tolerance = 2e-2 if suffix else 2e-6
    rng = np.random.default_rng(5)
    mel = rng.normal(size=(2, MELS, 2 * SOURCE))
    texts = rng.integers(0, VOCAB, size=(2, 9))
    states = runner.encode(mel)
    assert states.dtype == runner.float
    expected_states = np.stack([reference.encode(m) for m in mel])
    compare(f"{name} encoder", states, expected_states, tolerance)
    logits = np.stack([reference.decode(t, s)[0] for t, s in zip(texts, expected_states)])

    outputs = runner.prompt(texts[:, :3], states)
    found = [outputs["logits"]]
    for begin, end in ((3, 4), (4, 5), (5, 8), (8, 9)):  # one at a time, and three at once
        past = {k: v for k, v in outputs.items() if k != "logits"}
        outputs = runner.step(texts[:, begin:end], states, past)
        found.append(outputs["logits"])
    assert found[0].dtype == np.float32
    compare(f"{name} decoder", np.concatenate(found, axis=1), logits, tolerance)
    cache = reference.decode(texts[1], expected_states[1])[1]
    key = cache[1][0].reshape(9, HEADS, -1).transpose(1, 0, 2)
    compare(f"{name} key", outputs["present.1.decoder.key"][1], key, tolerance)


def main(escuta, src=None):
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if src is not None:
            import_all(escuta, src, folder, [("", False), ("_fp16", True)])
            check_memory(folder_of(folder, False))
            return
        weights = small_checkpoint(folder / "ct2")
        reference = Whisper(weights)
        forms = [(suffix, merged) for merged in (False, True) for suffix in ("", "_fp16")]
        import_all(escuta, folder / "ct2", folder, forms)
        for suffix, merged in forms:
            check_numbers(folder_of(folder, merged), suffix, merged, reference)


if __name__ == "__main__":
    python = os.environ.get("ESCUTA_PYTHON", "")
    if os.path.exists(python) and "ESCUTA_IMPORT_CHECKS" not in os.environ:
        os.execve(python, [python, *sys.argv], {**os.environ, "ESCUTA_IMPORT_CHECKS": "1"})
    try:
        import numpy as np
        import onnx
        from onnx.reference import ReferenceEvaluator
        from whisper_numpy import Whisper
    except ImportError as error:
        print(f"skipped: {error}; `./run test` makes the environment that has it")
        sys.exit(SKIPPED)
    if len(sys.argv) > 2 and not (Path(sys.argv[2]) / "model.bin").is_file():
        print(f"skipped: no {sys.argv[2]}/model.bin; `./run models` brings it")
        sys.exit(SKIPPED)
    main(*sys.argv[1:])
