"""ONNX files in a few bytes, without any package: protobuf by hand, field numbers of onnx.proto."""


def _varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def _field(number, content):
    if isinstance(content, int):
        return _varint(number << 3) + _varint(content)
    content = content.encode() if isinstance(content, str) else content
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _value_info(name, dtype, dims):
    shape = b"".join(_field(1, _field(2 if isinstance(d, str) else 1, d)) for d in dims)
    return _field(1, name) + _field(2, _field(1, _field(1, dtype) + _field(2, shape)))


FLOAT, INT64, FLOAT16 = 1, 7, 10


def model(inputs, outputs, nodes, domain=None):
    """inputs, outputs: (name, element type, dimensions); nodes: (operator, inputs, output)."""
    graph = b""
    for op, names, output in nodes:
        node = b"".join(_field(1, n) for n in names) + _field(2, output) + _field(4, op)
        graph += _field(1, node + (_field(7, domain) if domain else b""))
    graph += _field(2, "g")
    graph += b"".join(_field(11, _value_info(*io)) for io in inputs)
    graph += b"".join(_field(12, _value_info(*io)) for io in outputs)
    opsets = _field(8, _field(1, "") + _field(2, 17))
    if domain:
        opsets += _field(8, _field(1, domain) + _field(2, 1))
    return _field(1, 8) + _field(7, graph) + opsets


def add(dtype=FLOAT):
    """sum [n, 2] = a [n, 2] + b [n, 2]"""
    return model([("a", dtype, ["n", 2]), ("b", dtype, ["n", 2])], [("sum", dtype, ["n", 2])],
                 [("Add", ["a", "b"], "sum")])


def npy(shape, data, descr="<f4"):
    """A .npy file of these bytes."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(shape)}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data
