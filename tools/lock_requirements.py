#!/usr/bin/env python3
"""Resolve requirements/NAME.in into requirements/NAME.txt: every package pinned, with hashes.

usage: lock_requirements.py NAME...    (run it with an interpreter that has pip, e.g. build/venv's)

Resolved for CPython 3.11, which is Debian 12's, on x86-64 and 64-bit Arm; a package that gives other
versions on the two is an error. A line "# resolve: these only" in NAME.in leaves out what the packages
ask for in turn. Needs the network; nothing is installed.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MACHINES = ("x86_64", "aarch64")
GLIBC = ("2_17", "2_27", "2_28", "2_34", "2_35", "2_36")


def resolve(source, machine):
    """{name: (version, sha256)} for one machine."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run",
                   "--disable-pip-version-check", "--ignore-installed", "--report", "-",
                   "--target", scratch, "--only-binary", ":all:", "--implementation", "cp",
                   "--python-version", "3.11", "--requirement", str(source)]
        for glibc in reversed(GLIBC):
            command += ["--platform", f"manylinux_{glibc}_{machine}"]
        command += ["--platform", f"manylinux2014_{machine}"]
        if "# resolve: these only" in source.read_text():
            command.append("--no-deps")
        report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return {item["metadata"]["name"].lower().replace("_", "-"):
            (item["metadata"]["version"], item["download_info"]["archive_info"]["hashes"]["sha256"])
            for item in report["install"]}


def lock(name):
    source, target = ROOT / f"requirements/{name}.in", ROOT / f"requirements/{name}.txt"
    found = [resolve(source, machine) for machine in MACHINES]
    lines = [f"# Written by tools/lock_requirements.py from {name}.in; do not edit."]
    for package in sorted(found[0].keys() | found[1].keys()):
        pins = [machine[package] for machine in found if package in machine]
        if len({version for version, _ in pins}) != 1:
            raise SystemExit(f"{package}: one version expected for {MACHINES}, found {pins}; "
                             f"pin it in {source}")
        hashes = sorted({digest for _, digest in pins})
        lines.append(f"{package}=={pins[0][0]} \\")
        lines += [f"    --hash=sha256:{digest} \\" for digest in hashes[:-1]]
        lines.append(f"    --hash=sha256:{hashes[-1]}")
    target.write_text("\n".join(lines) + "\n")


for argument in sys.argv[1:]:
    lock(argument)
