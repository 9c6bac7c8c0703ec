"""ONNX Runtime under the loop of whisper_onnx.py: fp32, and its own dynamic quantisation to int8."""

from pathlib import Path

import numpy as np
import onnxruntime as ort

import whisper_onnx

GRAPHS = ("encoder_model", "decoder_model", "decoder_with_past_model")


class Graph:
    def __init__(self, path: Path, threads: int):
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.inputs = [i.name for i in self.session.get_inputs()]
        self.outputs = [o.name for o in self.session.get_outputs()]

    def run(self, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return dict(zip(self.outputs, self.session.run(None, feeds)))


def prepare(model: Path, variant: str, work: Path) -> Path:
    """The folder to load. int8: matrix products and the embedding, with 7 bits of the weights used (reduce_range),
    for pairs of u8*s8 products overflow 16 bits on processors without VNNI and change words."""
    if variant == "float32":
        return model
    from onnxruntime.quantization import QuantType, quantize_dynamic

    out = work / f"{model.name}.onnxruntime-int8"
    if (out / ".done").exists():
        return out
    out.mkdir(parents=True, exist_ok=True)
    for name in GRAPHS:
        (out / f"{name}.onnx.data").unlink(missing_ok=True)
        quantize_dynamic(model / f"{name}.onnx", out / f"{name}.onnx", ["MatMul", "Gather"], reduce_range=True,
                         weight_type=QuantType.QInt8, use_external_data_format=True)
    for name in ("config.json", "generation_config.json", "tokenizer.json"):
        (out / name).write_bytes((model / name).read_bytes())
    (out / ".done").touch()
    return out


def load(folder: Path, variant: str, threads: int) -> whisper_onnx.Whisper:
    return whisper_onnx.Whisper(folder, lambda path: Graph(path, threads))
