#!/usr/bin/env python3
"""fetch.py against a stand-in for pip that serves small wheels from a folder."""

import hashlib
import json
import subprocess
import sys
import tempfile
import textwrap
import unittest
import zipfile
from pathlib import Path

FETCH = Path(__file__).resolve().parent / "fetch.py"


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Fetch(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name)
        self.target = self.root / "cache/model"
        self.served = self.root / "served"
        self.served.mkdir()
        for name, data in (("w1", b"first "), ("w2", b"second")):
            with zipfile.ZipFile(self.served / f"{name}-1-py3-none-any.whl", "w") as archive:
                archive.writestr("data/part", data)
                archive.writestr("data/tree/sub/b", data + b"b")
                archive.writestr("data/tree/a", data + b"a")
                archive.writestr("data/treehouse", b"not of the tree")
        self.pip = self.root / "pip"
        self.pip.write_text(textwrap.dedent(f"""\
            #!/bin/bash
            echo "$@" >> {self.root}/calls
            while [ "$1" != --dest ]; do shift; done
            mkdir -p "$2" && cp {self.served}/"$(basename "$2")"-*.whl "$2"
            """))
        self.pip.chmod(0o755)
        self.pins(digest(b"first second"))

    def pins(self, sha256):
        self.sources = self.root / "sources.json"
        wheels = {name: {"version": "1", "sha256": "0"} for name in ("w1", "w2")}
        self.sources.write_text(json.dumps({"m": {
            "what": "a model", "licence": "MIT", "wheels": wheels,
            "files": {"model.bin": {"bytes": 12, "sha256": sha256,
                                    "parts": ["w1:data/part", "w2:data/part"]}},
            "trees": {"cases": {"from": "w2:data/tree", "sha256": digest(
                f"{digest(b'seconda')}  a\n{digest(b'secondb')}  sub/b\n".encode())}}}}))

    def fetch(self, entry="m"):
        done = subprocess.run([sys.executable, FETCH, self.sources, entry, self.target, self.pip],
                              capture_output=True, text=True)
        self.assertEqual(done.stdout, "")
        return done.returncode, done.stderr

    def calls(self):
        path = self.root / "calls"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def test_parts_are_joined_and_a_second_run_stays_off_the_network(self):
        self.assertEqual(self.fetch()[0], 0)
        self.assertEqual((self.target / "model.bin").read_bytes(), b"first second")
        self.assertEqual(self.calls(), 2)
        self.assertEqual(self.fetch(), (0, ""))
        self.assertEqual(self.calls(), 2)

    def test_a_damaged_file_is_replaced(self):
        self.fetch()
        (self.target / "model.bin").write_bytes(b"first sec0nd")
        self.assertEqual(self.fetch()[0], 0)
        self.assertEqual((self.target / "model.bin").read_bytes(), b"first second")

    def test_a_tree_is_brought_whole_and_replaced_when_it_changes(self):
        self.fetch()
        cases = self.target / "cases"
        self.assertEqual(sorted(p.relative_to(cases).as_posix() for p in cases.rglob("*")),
                         ["a", "sub", "sub/b"])
        self.assertEqual((cases / "sub/b").read_bytes(), b"secondb")
        for change in (lambda: (cases / "a").unlink(), lambda: (cases / "c").write_bytes(b"new"),
                       lambda: (cases / "sub/b").write_bytes(b"secondc")):
            change()
            self.assertEqual(self.fetch()[0], 0)
            self.assertEqual((cases / "sub/b").read_bytes(), b"secondb")
            self.assertTrue((cases / "a").exists() and not (cases / "c").exists())
        self.assertEqual(self.calls(), 8)

    def test_another_content_is_refused_and_leaves_nothing(self):
        self.pins(digest(b"something else"))
        status, said = self.fetch()
        self.assertEqual(status, 1)
        self.assertIn("expected sha256", said)
        self.assertEqual(list(self.target.parent.iterdir()), [])

    def test_pip_failing(self):
        (self.served / "w2-1-py3-none-any.whl").unlink()
        status, said = self.fetch()
        self.assertEqual(status, 1)
        self.assertIn("pip could not bring w2==1", said)
        self.assertFalse(self.target.exists())

    def test_unknown_entry(self):
        self.assertEqual(self.fetch("large"), (2, "expected one of m, found 'large'; "
                                                  f"{self.sources} lists what there is\n"))


if __name__ == "__main__":
    unittest.main()
