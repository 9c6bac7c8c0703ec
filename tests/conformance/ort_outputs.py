"""Runs cases of ONNX's backend tests on ONNX Runtime and leaves what it gives in files.

A worker of compare_engines.py: reads lines "CASE_FOLDER<tab>OUT_FOLDER" from stdin and answers each
with a line on stdout. OUT_FOLDER then has DATA_SET/output_N.pb, or error.txt with the reason for which
there are none. A case that crashes takes this process with it; the caller starts another.

Numbers go in and come out as bytes, so that types that numpy lacks need no conversion.
"""

import ctypes
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import OptionalProto, SequenceProto, TensorProto, numpy_helper
from onnxruntime import OrtValue

PROTO_OF = {"tensor_type": TensorProto, "sequence_type": SequenceProto,
            "optional_type": OptionalProto}


def read(path, value_type):
    """The message in a file, or None for an input that is absent."""
    if not path.exists():
        return None
    message = PROTO_OF[value_type.WhichOneof("value")]()
    message.ParseFromString(path.read_bytes())
    return message


def raw_bytes(tensor):
    """A tensor's elements, packed as ONNX packs them."""
    if tensor.raw_data or not any((tensor.float_data, tensor.int32_data, tensor.int64_data,
                                   tensor.double_data, tensor.uint64_data)):
        return tensor.raw_data
    if tensor.data_type in (TensorProto.UINT4, TensorProto.INT4, TensorProto.FLOAT4E2M1,
                            TensorProto.UINT2, TensorProto.INT2):
        return bytes(value & 0xff for value in tensor.int32_data)  # packed there as well
    return numpy_helper.to_array(tensor).tobytes()


def to_ort(tensor):
    value = OrtValue.ortvalue_from_shape_and_type(list(tensor.dims), tensor.data_type)
    data = raw_bytes(tensor)
    if data:
        if value.tensor_size_in_bytes() != len(data):
            raise ValueError(f"{value.tensor_size_in_bytes()} bytes expected, {len(data)} found")
        ctypes.memmove(value.data_ptr(), data, len(data))
    return value


def from_ort(value):
    tensor = TensorProto(dims=value.shape(), data_type=value.element_type())
    size = value.tensor_size_in_bytes()
    tensor.raw_data = ctypes.string_at(value.data_ptr(), size) if size else b""
    return tensor


def to_python(message):
    """What InferenceSession.run takes: an array, a list of arrays, or None."""
    if message is None or isinstance(message, TensorProto):
        return None if message is None else numpy_helper.to_array(message)
    if isinstance(message, SequenceProto):
        return [to_python(item) for item in message.tensor_values]
    held = {OptionalProto.TENSOR: "tensor_value",
            OptionalProto.SEQUENCE: "sequence_value"}.get(message.elem_type)
    return None if held is None else to_python(getattr(message, held))


def from_python(value, value_type):
    kind = value_type.WhichOneof("value")
    if kind == "tensor_type":
        return numpy_helper.from_array(np.asarray(value))
    if kind == "sequence_type":
        return SequenceProto(elem_type=SequenceProto.TENSOR,
                             tensor_values=[numpy_helper.from_array(item) for item in value])
    if value is None:
        return OptionalProto(elem_type=OptionalProto.UNDEFINED)
    held = from_python(value, value_type.optional_type.elem_type)
    if isinstance(held, TensorProto):
        return OptionalProto(elem_type=OptionalProto.TENSOR, tensor_value=held)
    return OptionalProto(elem_type=OptionalProto.SEQUENCE, sequence_value=held)


def is_numeric(info):
    return info.type.tensor_type.elem_type not in (TensorProto.UNDEFINED, TensorProto.STRING)


def run_set(session, inputs, outputs, folder):
    """The messages that the session gives for one data set."""
    messages = {info.name: read(folder / f"input_{i}.pb", info.type)
                for i, info in enumerate(inputs)}
    names = [info.name for info in outputs]
    if all(is_numeric(info) for info in (*inputs, *outputs)):
        feeds = {name: to_ort(tensor) for name, tensor in messages.items() if tensor is not None}
        return [from_ort(value) for value in session.run_with_ort_values(names, feeds)]
    values = session.run(names, {name: to_python(message) for name, message in messages.items()})
    return [from_python(value, info.type) for value, info in zip(values, outputs)]


def run_case(case, out):
    model = onnx.load(case / "model.onnx", load_external_data=False).graph
    defaults = {tensor.name for tensor in model.initializer}
    inputs = [info for info in model.input if info.name not in defaults]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(case / "model.onnx", options,
                                           providers=["CPUExecutionProvider"])
    for folder in sorted(case.glob("test_data_set_*")):
        (out / folder.name).mkdir(parents=True)
        for i, message in enumerate(run_set(session, inputs, model.output, folder)):
            (out / folder.name / f"output_{i}.pb").write_bytes(message.SerializeToString())


def main():
    onnxruntime.set_default_logger_severity(4)
    for line in sys.stdin:
        case, out = map(Path, line.rstrip("\n").split("\t"))
        out.mkdir(parents=True)
        try:
            run_case(case, out)
        except Exception as error:  # whatever the engine or its Python layer raises is the result
            (out / "error.txt").write_text(f"{type(error).__name__}: {error}"[:4000])
        print("done", flush=True)


if __name__ == "__main__":
    main()
