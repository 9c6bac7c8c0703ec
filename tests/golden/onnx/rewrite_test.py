"""What we write is what we read: each model is rewritten by our reader and writer, then compared
with the original by the onnx package, and checked by its checker with shape inference.

usage: rewrite_test.py ONNX_REWRITE FOLDER
The environment may name an interpreter that has the onnx package, ESCUTA_PYTHON, and a folder with
more models, ESCUTA_SHARED_DATA.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

python = os.environ.get("ESCUTA_PYTHON", "")
if os.path.exists(python) and os.path.abspath(python) != os.path.abspath(sys.executable):
    os.execv(python, [python, "-B", *sys.argv])

try:
    import onnx
    from onnx import numpy_helper
except ImportError:
    print("skipped: no Python package onnx (./run test brings it)")
    sys.exit(77)


def raw_tensor(tensor):
    """The tensor with its elements in raw_data; external data by place."""
    out = onnx.TensorProto()
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        out.CopyFrom(tensor)
        place = {"offset": "0", **{e.key: e.value for e in tensor.external_data}}
        del out.external_data[:]
        for key in ("location", "offset", "length"):
            if key in place:
                out.external_data.add(key=key, value=place[key])
    elif tensor.data_type == onnx.TensorProto.STRING:
        out.CopyFrom(tensor)
    else:
        out.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor), tensor.name))
        out.doc_string = tensor.doc_string
        out.metadata_props.extend(tensor.metadata_props)
    return out


def normalise(message, loosely):
    """In place: absent and default mean the same, tensors are raw. `loosely`: without what the
    graph does not keep: documentation of single values, names that nothing refers to, the order of
    value_info."""
    for field, content in list(message.ListFields()):
        if field.type != field.TYPE_MESSAGE:
            plain = not field.is_repeated and field.containing_oneof is None
            is_attribute = message.DESCRIPTOR.name == "AttributeProto" and field.number in (2, 3, 4)
            if plain and not is_attribute and content == field.default_value:
                message.ClearField(field.name)
            continue
        for item in content if field.is_repeated else [content]:
            if item.DESCRIPTOR.name == "TensorProto":
                item.CopyFrom(raw_tensor(item))
            normalise(item, loosely)
    name = message.DESCRIPTOR.name
    if name == "ValueInfoProto" and not message.type.ListFields():
        message.ClearField("type")
    if not loosely:
        return
    if name in ("ValueInfoProto", "TensorProto", "AttributeProto"):
        message.ClearField("doc_string")
    if name in ("NodeProto", "OperatorSetIdProto") and message.domain == "ai.onnx":
        message.ClearField("domain")
    if name in ("TypeProto", "Dimension"):
        message.ClearField("denotation")
    if name == "AttributeProto":
        for tensor in [message.t, *message.tensors] if message.type in (4, 9) else []:
            tensor.ClearField("name")
        for sparse in [message.sparse_tensor, *message.sparse_tensors]:
            sparse.values.ClearField("name")
    if name == "SparseTensorProto":
        message.indices.ClearField("name")
    if name == "GraphProto":
        loose_graph(message)


def loose_graph(graph):
    made = {name for node in graph.node for name in node.output} - {v.name for v in graph.output}
    infos = sorted((v for v in graph.value_info if v.name in made), key=lambda v: v.name)
    del graph.value_info[:]
    graph.value_info.extend(infos)
    tensors = {t.name for t in graph.initializer}
    inputs = sorted(graph.input, key=lambda v: v.name in tensors)  # the optional ones come last
    del graph.input[:]
    graph.input.extend(inputs)


def checker_error(path):
    try:
        onnx.checker.check_model(str(path), full_check=True)
    except Exception as error:  # the checker throws several kinds
        return str(error)
    return None


def compare(program, path, folder):
    problems = []
    original = onnx.load(path, load_external_data=False)
    original_error = checker_error(path)
    for how in ("raw", "graph"):
        written = folder / f"{how}.onnx"
        run = subprocess.run([program, how, path, written], capture_output=True, text=True)
        if run.returncode != 0:
            problems.append(f"{how}: {run.stderr.strip()}")
            continue
        expected, found = onnx.ModelProto(), onnx.load(written, load_external_data=False)
        expected.CopyFrom(original)
        for message in (expected, found):
            normalise(message, loosely=how == "graph")
        if expected != found:
            problems.append(f"{how}: differs from the original")
        error = checker_error(written)
        if error is not None and original_error is None:
            problems.append(f"{how}: {error}")
    return problems


def main():
    program = sys.argv[1]
    failed = checked = 0
    sources = [pathlib.Path(sys.argv[2])]
    if "ESCUTA_SHARED_DATA" in os.environ:
        shared = pathlib.Path(os.environ["ESCUTA_SHARED_DATA"])
        sources += [shared / "exports", shared / "vad"]
    else:
        print("the exports in the shared data are left out: ESCUTA_SHARED_DATA is not set")
    for source in sources:
        for path in sorted(source.rglob("*.onnx")):
            with tempfile.TemporaryDirectory() as folder:
                for data in path.parent.glob("*.data"):
                    (pathlib.Path(folder) / data.name).write_bytes(data.read_bytes())
                problems = compare(program, path, pathlib.Path(folder))
            checked += 1
            failed += bool(problems)
            for problem in problems:
                print(f"{path.relative_to(source)}: {problem}")
    print(f"{checked} models, {failed} failed")
    sys.exit(1 if failed or not checked else 0)


if __name__ == "__main__":
    main()
