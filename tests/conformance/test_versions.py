"""Every operator of ONNX's own tables is in `escuta operators`, with all its versions.

usage: test_versions.py ESCUTA SCHEMAS.tsv   lines of domain, operator, versions with commas

The table is what onnx 1.22.0's onnx.defs.get_all_schemas_with_history() lists.
"""

import json
import subprocess
import sys
from pathlib import Path

# Versions that differ from the one before in nothing but the text, or in types alone, still count:
# a model names an operator set, and every set must resolve.


def main():
    escuta, table = sys.argv[1:]
    page = subprocess.run([escuta, "operators", "-f", "json"], capture_output=True, text=True, check=True)
    ours = {(op["domain"], op["name"]): op["versions"] for op in json.loads(page.stdout)}
    faults, count = [], 0
    for line in Path(table).read_text().splitlines():
        domain, name, versions = line.split("\t")
        wanted = [int(v) for v in versions.split(",")]
        count += 1
        found = ours.get((domain, name))
        if found is None:
            faults.append(f"{domain} {name}: expected it, found none")
        elif min(found) > min(wanted):
            faults.append(f"{domain} {name}: expected it from version {min(wanted)} on, found {min(found)}")
        elif missing := [v for v in wanted if v not in found]:
            faults.append(f"{domain} {name}: expected versions {wanted}, {missing} is missing in {found}")
    print(*faults, f"{count - len(faults)} of {count} operators have all versions", sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
