"""Makes tests/data/onnx/*.onnx with the onnx package: small models that between them use every
attribute type, value type, element type and way to store a tensor that onnx.proto has.

usage: make_onnx_fixtures.py FOLDER
"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper

DTYPES = [
    name for name, number in TensorProto.DataType.items() if name not in ("UNDEFINED", "STRING")
]


def value(name, dtype=TensorProto.FLOAT, shape=(2,)):
    return helper.make_tensor_value_info(name, dtype, shape)


def model(graph, ir_version=10, opsets=(("", 17),), **more):
    opset_imports = [helper.make_opsetid(domain, version) for domain, version in opsets]
    return helper.make_model(graph, ir_version=ir_version, opset_imports=opset_imports,
                             producer_name="escuta-fixtures", **more)


def raw_elements(dtype):
    """Bytes of a [3] tensor with as many different ones as its width allows."""
    bits = {
        "FLOAT": 32, "UINT8": 8, "INT8": 8, "UINT16": 16, "INT16": 16, "INT32": 32, "INT64": 64,
        "BOOL": 8, "FLOAT16": 16, "DOUBLE": 64, "UINT32": 32, "UINT64": 64, "COMPLEX64": 64,
        "COMPLEX128": 128, "BFLOAT16": 16, "UINT4": 4, "INT4": 4, "FLOAT4E2M1": 4, "UINT2": 2,
        "INT2": 2,
    }.get(dtype, 8)
    size = (3 * bits + 7) // 8
    if dtype == "BOOL":
        return bytes([1, 0, 1])
    if bits == 4:
        return bytes([0x9A, 0x03])
    if bits == 2:
        return bytes([0b00111001])
    return bytes((i * 37 + 129) % 256 for i in range(size))


def tensor(dtype, typed):
    out = TensorProto(name=f"{dtype.lower()}_{'typed' if typed else 'raw'}", dims=[3])
    out.data_type = TensorProto.DataType.Value(dtype)
    raw = raw_elements(dtype)
    if not typed:
        out.raw_data = raw
    elif dtype in ("FLOAT", "COMPLEX64"):
        out.float_data.extend(np.frombuffer(raw, "<f4").tolist())
    elif dtype in ("DOUBLE", "COMPLEX128"):
        out.double_data.extend(np.frombuffer(raw, "<f8").tolist())
    elif dtype == "INT64":
        out.int64_data.extend(np.frombuffer(raw, "<i8").tolist())
    elif dtype in ("UINT32", "UINT64"):
        out.uint64_data.extend(np.frombuffer(raw, "<u4" if dtype == "UINT32" else "<u8").tolist())
    else:
        kind = {"INT8": "<i1", "INT16": "<i2", "INT32": "<i4", "UINT16": "<u2", "FLOAT16": "<u2",
                "BFLOAT16": "<u2"}.get(dtype, "<u1")
        out.int32_data.extend(np.frombuffer(raw, kind).tolist())
    return out


def dtypes():
    initializers = [tensor(dtype, typed) for dtype in DTYPES for typed in (False, True)]
    initializers.append(helper.make_tensor("strings", TensorProto.STRING, [2, 1], [b"\xff\0", b""]))
    initializers.append(helper.make_tensor("empty", TensorProto.FLOAT, [0, 4], []))
    initializers.append(helper.make_tensor("scalar", TensorProto.INT64, [], [-1]))
    node = helper.make_node("Identity", ["x"], ["y"])
    graph = helper.make_graph([node], "dtypes", [value("x")], [value("y")], initializers)
    return model(graph, ir_version=13, opsets=[("", 25)])


def sparse(name):
    values = helper.make_tensor(name, TensorProto.FLOAT, [2], [1.5, -2.5])
    indices = helper.make_tensor(name + "_indices", TensorProto.INT64, [2, 2], [0, 1, 2, 3])
    return helper.make_sparse_tensor(values, indices, [3, 4])


def attributes():
    def body(name):
        node = helper.make_node("Identity", ["x"], [name + "_y"])
        return helper.make_graph([node], name, [], [value(name + "_y")])

    one = helper.make_tensor("t", TensorProto.FLOAT, [1], [1.0])
    ty = helper.make_tensor_type_proto(TensorProto.INT8, ["N", None, 3])
    node = helper.make_node(
        "Everything", ["x", "", "x"], ["", "y"], name="all", domain="test.domain", doc_string="doc",
        f=0.0, i=0, s=b"\xfe bytes", t=one, g=body("g"), sparse=sparse("values"), tp=ty,
        floats=[1.0, -0.0, float("inf")], ints=[-1, 0, 2**62], strings=["a", ""], tensors=[one, one],
        graphs=[body("g0"), body("g1")], sparses=[sparse("a"), sparse("b")], tps=[ty, ty])
    empty = node.attribute.add()
    empty.name = "no_ints"
    empty.type = onnx.AttributeProto.INTS
    entry = node.metadata_props.add()
    entry.key, entry.value = "origin", "fixture"
    graph = helper.make_graph([node], "attributes", [value("x")], [value("y")],
                              sparse_initializer=[sparse("sparse")], doc_string="graph doc")
    annotation = graph.quantization_annotation.add()
    annotation.tensor_name = "x"
    entry = annotation.quant_parameter_tensor_names.add()
    entry.key, entry.value = "SCALE_TENSOR", "scale"
    made = model(graph, opsets=[("", 17), ("test.domain", 3)], doc_string="model doc",
                 model_version=7, domain="org.example")
    helper.set_model_props(made, {"author": "escuta", "empty": ""})
    return made


def types():
    float_type = helper.make_tensor_type_proto(TensorProto.FLOAT, ["N", 80, None])
    sequence = helper.make_sequence_type_proto(float_type)
    maps = helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(
        TensorProto.INT64, None))
    inputs = [
        helper.make_value_info("sequence", sequence),
        helper.make_value_info("optional", helper.make_optional_type_proto(sequence)),
        helper.make_value_info("map", maps),
        helper.make_value_info("sparse", helper.make_sparse_tensor_type_proto(
            TensorProto.FLOAT, [3, "M"])),
        helper.make_tensor_value_info("any_rank", TensorProto.FLOAT16, None),
        helper.make_tensor_value_info("scalar", TensorProto.BOOL, []),
        helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", 3, "H", "W"], "a picture",
                                      ["DATA_BATCH", "DATA_CHANNEL", "DATA_FEATURE", "DATA_FEATURE"]),
    ]
    inputs[-1].type.denotation = "IMAGE"
    opaque = onnx.ValueInfoProto(name="opaque")
    opaque.type.opaque_type.domain, opaque.type.opaque_type.name = "org.example", "Thing"
    inputs.append(opaque)
    nodes = [helper.make_node("SequenceLength", ["sequence"], ["length"])]
    outputs = [value("length", TensorProto.INT64, [])]
    return model(helper.make_graph(nodes, "types", inputs, outputs), opsets=[("", 17)])


def functions():
    scale = helper.make_node("Constant", [], ["factor"])
    ref = scale.attribute.add()
    ref.name, ref.ref_attr_name, ref.type = "value_float", "by", onnx.AttributeProto.FLOAT
    multiply = helper.make_node("Mul", ["a", "factor"], ["b"])
    opsets = [helper.make_opsetid("", 17)]
    function = helper.make_function("local", "Scale", ["a"], ["b"], [scale, multiply], opsets,
                                    attribute_protos=[helper.make_attribute("by", 2.0)])
    function.metadata_props.add(key="origin", value="fixture")
    required = helper.make_function("local", "ScaleBy", ["a"], ["b"], [scale, multiply], opsets,
                                    attributes=["by"])
    nodes = [
        helper.make_node("Scale", ["x"], ["m"], domain="local"),
        helper.make_node("ScaleBy", ["m"], ["y"], domain="local", by=0.5),
    ]
    graph = helper.make_graph(nodes, "functions", [value("x")], [value("y")])
    return model(graph, opsets=[("", 17), ("local", 1)], functions=[function, required])


def subgraphs():
    inner = helper.make_graph(
        [helper.make_node("Add", ["x", "twice"], ["inner_y"])], "inner", [],
        [value("inner_y")])
    other = helper.make_graph([helper.make_node("Neg", ["twice"], ["other_y"])], "other", [],
                              [value("other_y")])
    then = helper.make_graph(
        [helper.make_node("If", ["flag"], ["then_y"], then_branch=inner, else_branch=other)],
        "then", [], [value("then_y")])
    constant = helper.make_tensor("bias", TensorProto.FLOAT, [2], [0.5, -0.5])
    otherwise = helper.make_graph([helper.make_node("Sub", ["x", "bias"], ["else_y"])], "else", [],
                                  [value("else_y")], [constant])
    body = helper.make_graph(
        [helper.make_node("Add", ["state", "branch"], ["next"]),
         helper.make_node("Identity", ["go"], ["still"])],
        "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("state")],
        [value("still", TensorProto.BOOL, []), value("next")])
    nodes = [
        helper.make_node("Add", ["x", "x"], ["twice"]),
        helper.make_node("If", ["flag"], ["branch"], then_branch=then, else_branch=otherwise),
        helper.make_node("Loop", ["count", "", "branch"], ["y"], body=body),
    ]
    inputs = [value("x"), value("flag", TensorProto.BOOL, [])]
    count = helper.make_tensor("count", TensorProto.INT64, [], [3])
    return model(helper.make_graph(nodes, "subgraphs", inputs, [value("y")], [count]))


def ir3():
    """IR version 3: initializers are inputs as well."""
    weight = helper.make_tensor("weight", TensorProto.FLOAT, [2], [1.0, 2.0])
    node = helper.make_node("Mul", ["weight", "x"], ["y"])
    graph = helper.make_graph([node], "ir3", [value("weight"), value("x")], [value("y")], [weight])
    return model(graph, ir_version=3, opsets=[("", 9)])


def external():
    """Returns the model and the bytes of its data file."""
    def refer(name, dims, offset, length):
        t = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=dims)
        t.data_location = TensorProto.EXTERNAL
        for key, text in (("location", "external.data"), ("offset", offset), ("length", length)):
            if text is not None:
                t.external_data.add(key=key, value=str(text))
        return t

    initializers = [refer("a", [2], None, 8), refer("b", [2], 4096, None)]
    nodes = [helper.make_node("Add", ["x", "a"], ["m"]), helper.make_node("Mul", ["m", "b"], ["y"])]
    graph = helper.make_graph(nodes, "external", [value("x")], [value("y")], initializers)
    data = np.array([1, 2], "<f4").tobytes().ljust(4096, b"\0") + np.array([3, 4], "<f4").tobytes()
    return model(graph), data


def main():
    folder = pathlib.Path(sys.argv[1])
    for make in (dtypes, attributes, types, functions, subgraphs, ir3):
        (folder / f"{make.__name__}.onnx").write_bytes(make().SerializeToString(deterministic=True))
    made, data = external()
    (folder / "external.onnx").write_bytes(made.SerializeToString(deterministic=True))
    (folder / "external.data").write_bytes(data)


if __name__ == "__main__":
    main()
