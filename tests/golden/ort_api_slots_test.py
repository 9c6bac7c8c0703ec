"""Holds src/providers/ort/ort_functions.inc against the whole table of ONNX Runtime's C API.

The table is in the source of the crate ort-sys, pinned by its checksum and brought by cargo; its
fields are the functions in their order, those newer than API 17 marked with the version that
brought them. Checked for each of our functions: slot, version, number of parameters, and whether
it returns a status. Without cargo, or where cargo cannot bring the crate, the test is skipped
(exit status 77).
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

VERSION = "2.0.0-rc.15"
CHECKSUM = "8d22b0417f1838db5a3ac0b3f98dfe39f6fb73624aa0a27c6bbb5040b9c7db2b"
OLDEST = 17
OURS = Path(__file__).resolve().parents[2] / "src/providers/ort/ort_functions.inc"

MANIFEST = f"""[package]
name = "slots"
version = "0.0.0"
edition = "2021"
[dependencies.ort-sys]
version = "={VERSION}"
default-features = false
"""

def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def crate_source():
    """The crate's lib.rs. cargo holds what it brings against the checksum that it locks."""
    cargo = shutil.which("cargo")
    if cargo is None:
        skip("cargo is not installed")
    with tempfile.TemporaryDirectory(prefix="escuta-slots-") as name:
        folder = Path(name)
        (folder / "Cargo.toml").write_text(MANIFEST)
        (folder / "src").mkdir()
        (folder / "src" / "lib.rs").write_text("")
        done = subprocess.run([cargo, "vendor", "--quiet", "vendor"], cwd=folder,
                              capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            skip(f"cargo cannot bring the crate: {done.stderr.strip().splitlines()[-1:]}")
        if CHECKSUM not in (folder / "Cargo.lock").read_text():
            sys.exit(f"expected ort-sys {VERSION} with the checksum {CHECKSUM}, found another")
        return (folder / "vendor" / "ort-sys" / "src" / "lib.rs").read_text()


def split_parameters(text):
    """Parameters at the top level: "a: X, f: fn(u8, u8)" has two."""
    depth, count = 0, 1 if text.strip() else 0
    for c in text.strip().rstrip(","):
        depth += (c in "([{<") - (c in ")]}>")
        count += c == "," and depth == 0
    return count


def table(source):
    """[(name, version, number of parameters, returns a status)] in the order of the slots."""
    body = re.search(r"\npub struct OrtApi \{\n(.*?)\n\}", source, re.S).group(1)
    body = re.sub(r"\n?\t#\[doc = .*", "", body)
    functions = []
    condition = ""  # of the #[cfg] before a field
    for field in re.split(r"\n(?=\t(?:#|pub ))", "\n" + body):
        attribute = re.match(r"\n?\t#\[cfg\((.*)\)\]", field)
        if attribute:
            condition = attribute.group(1)
            continue
        match = re.match(r"\n?\tpub (\w+):(.*)", field, re.S)
        if not match:
            continue
        name, rest = match.groups()
        version, condition = condition, ""
        if "target_family" in version and not version.startswith("not("):
            continue  # the form for WebAssembly; the other one follows or came before
        brought = re.search(r'feature = "api-(\d+)"', version)
        signature = re.search(r"fn\((.*)\)(?:\s*->\s*(\w+))?", rest, re.S)
        functions.append((name, int(brought.group(1)) if brought else OLDEST,
                          split_parameters(signature.group(1)) if signature else None,
                          "OrtStatusPtr" in rest.rsplit("->", 1)[-1] if "->" in rest else False))
    return functions


def ours():
    text = re.sub(r"//.*", "", OURS.read_text())
    pattern = r"ORT_FUNCTION\((\d+), (\d+), (\w+), ([^,]+),\s*\((.*?)\)\)\n"
    return [(int(slot), int(since), name, result.strip(), parameters)
            for slot, since, name, result, parameters in re.findall(pattern, text, re.S)]


def main():
    functions = ours()
    if len(functions) != OURS.read_text().count("\nORT_FUNCTION("):
        sys.exit(f"{OURS}: an entry that this test cannot read")
    source = crate_source()
    slots = table(source)
    wrong = []
    for slot, since, name, result, parameters in functions:
        their_name, their_since, count, status = slots[slot] if slot < len(slots) else ("",) * 4
        if name != their_name:
            wrong.append(f"slot {slot}: expected {their_name or 'nothing'}, found {name}")
            continue
        if since != their_since:
            wrong.append(f"{name}: expected API {their_since}, found {since}")
        if count is not None and count != split_parameters(parameters):
            wrong.append(f"{name}: expected {count} parameters, found {split_parameters(parameters)}")
        if status != (result == "OrtStatus*"):
            wrong.append(f"{name}: expected {'a' if status else 'no'} status, found {result}")
    for line in wrong:
        print(line)
    print(f"{len(functions)} of {len(slots)} functions checked, {len(wrong)} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
