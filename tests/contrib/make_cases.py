"""Writes cases for the operators of com.microsoft in the layout of ONNX's backend tests.

usage: make_cases.py FOLDER|FILE.tar.xz [--seed N]

Models of one node with random inputs; the expected outputs are ONNX Runtime's, or numpy's where it has
no CPU kernel. Cases that ONNX Runtime refuses to run are named on stderr.
"""

import argparse
import sys
import tarfile
import tempfile
import zlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

import contrib_cases

OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]


def value_info(name, array):
    dtype = helper.np_dtype_to_tensor_dtype(array.dtype)
    return helper.make_tensor_value_info(name, dtype, array.shape)


def unshaped_output(case, index, name):
    """ONNX Runtime infers the types of all outputs but the scores of attention, the fourth."""
    if index == 3:
        dtype = helper.np_dtype_to_tensor_dtype(case.inputs[0].dtype)
        return helper.make_tensor_value_info(name, dtype, None)
    return helper.make_empty_tensor_value_info(name)


def build(case):
    names = ["" if x is None else f"x{i}" for i, x in enumerate(case.inputs)]
    while names and not names[-1]:
        names.pop()
    outputs = [f"y{i}" if wanted else "" for i, wanted in enumerate(case.outputs)]
    node = helper.make_node(case.op, names, outputs, domain=case.domain, **case.attributes)
    kept = [(n, case.inputs[i]) for i, n in enumerate(names) if n]
    constants = [(f"x{i}", case.inputs[i]) for i in case.constants
                 if i < len(case.inputs) and case.inputs[i] is not None]
    fed = [(n, x) for n, x in kept if n not in dict(constants)]
    graph = helper.make_graph(
        [node], case.name, [value_info(n, x) for n, x in fed],
        [unshaped_output(case, i, n) for i, n in enumerate(outputs) if n],
        initializer=[numpy_helper.from_array(x, n) for n, x in constants])
    model = helper.make_model(graph, opset_imports=OPSETS)
    model.ir_version = 10
    return model, fed


def run(model, fed):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                           providers=["CPUExecutionProvider"])
    return session.run(None, dict(fed))


def write(folder, case, model, fed, outputs):
    data = folder / f"test_{case.name}" / "test_data_set_0"
    data.mkdir(parents=True, exist_ok=True)
    names = [v.name for v in model.graph.output]
    del model.graph.output[:]
    for name, array in zip(names, outputs):
        model.graph.output.append(value_info(name, array))
    (data.parent / "model.onnx").write_bytes(model.SerializeToString())
    for i, (name, array) in enumerate(fed):
        (data / f"input_{i}.pb").write_bytes(
            numpy_helper.from_array(array, name).SerializeToString())
    for i, (name, array) in enumerate(zip(names, outputs)):
        (data / f"output_{i}.pb").write_bytes(
            numpy_helper.from_array(array, name).SerializeToString())


def make(folder, seed):
    for family in contrib_cases.ALL:
        rng = np.random.default_rng([seed, zlib.crc32(family.__name__.encode())])
        for case in family(rng):
            model, fed = build(case)
            try:
                expected = case.expected
                if expected is None:
                    expected = run(*(build(case.like) if case.like else (model, fed)))
            except Exception as error:  # whatever ONNX Runtime raises
                print(f"{case.name}: {str(error).splitlines()[0][:200]}", file=sys.stderr)
                continue
            write(folder, case, model, fed, [np.asarray(x) for x in expected])


def pack(folder, target):
    """The same bytes each time: names in order, no dates."""
    with tarfile.open(target, "w:xz") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
                entry.size = path.stat().st_size
                with path.open("rb") as file:
                    archive.addfile(entry, file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.target.suffix != ".xz":
        make(arguments.target, arguments.seed)
        return
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), arguments.seed)
        pack(Path(folder), arguments.target)


if __name__ == "__main__":
    main()
