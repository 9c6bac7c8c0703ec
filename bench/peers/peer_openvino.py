"""OpenVINO under the loop of whisper_onnx.py, on the same ONNX graphs."""

from pathlib import Path

import numpy as np
import openvino

import whisper_onnx
from absent import Absent


class Graph:
    def __init__(self, core: openvino.Core, path: Path, threads: int):
        # f32: left to itself it computes in bfloat16 where the processor has it, with other results.
        compiled = core.compile_model(core.read_model(path), "CPU", {
            "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"})
        self.inputs = [i.get_any_name() for i in compiled.inputs]
        self.outputs = [o.get_any_name() for o in compiled.outputs]
        self.request = compiled.create_infer_request()

    def run(self, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        results = self.request.infer(feeds, share_inputs=True)
        return {name: results[i] for i, name in enumerate(self.outputs)}


def prepare(model: Path, variant: str, work: Path) -> Path:
    if variant != "float32":
        raise Absent("its int8 needs the package nncf, which requirements/bench.in leaves out")
    return model


def load(folder: Path, variant: str, threads: int) -> whisper_onnx.Whisper:
    core = openvino.Core()
    return whisper_onnx.Whisper(folder, lambda path: Graph(core, path, threads))
