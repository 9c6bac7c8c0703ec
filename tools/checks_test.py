#!/usr/bin/env python3
"""The checks find what they are for, in small trees made for the purpose."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent


def run(check, root):
    done = subprocess.run([sys.executable, TOOLS / check, root], stdout=subprocess.PIPE, text=True)
    return done.returncode, done.stdout


class Tree(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class Layers(Tree):
    def setUp(self):
        super().setUp()
        for header in ("base/a.h", "text/t.h", "tensor/x.h", "engine/e.h", "providers/ort/o.h",
                       "providers/cpu/c.h", "models/whisper/w.h"):
            self.write(f"src/{header}", "#pragma once\n")

    def fault(self, name, include):
        self.write(name, f'#include <vector>\n#include "{include}"\n')
        status, said = run("check_layers", self.root)
        self.assertEqual(status, 1, said)
        return said

    def test_clean(self):
        self.write("src/engine/e.cc", '#include "engine/e.h"\n#include "base/a.h"\n')
        self.write("bench/b.cc", '#include "models/whisper/w.h"\n')
        self.assertEqual(run("check_layers", self.root)[0], 0)

    def test_up(self):
        said = self.fault("src/base/a.cc", "engine/e.h")
        self.assertIn("src/base/a.cc:2: base (level 0) may not include engine (level 6)", said)

    def test_own_level(self):
        self.assertIn("its own level", self.fault("src/tensor/x.cc", "text/t.h"))

    def test_providers_do_not_see_each_other(self):
        self.assertIn("its own level", self.fault("src/providers/cpu/c.cc", "providers/ort/o.h"))

    def test_unknown_folder(self):
        self.assertIn("no known folder", self.fault("src/misc/m.cc", "base/a.h"))

    def test_relative_include(self):
        self.assertIn("relative to src/", self.fault("src/base/b.cc", "a.h"))


class Words(Tree):
    def faults(self, text):
        subprocess.run(["git", "init", "-q", self.root], check=True)
        self.write("page.md", text)
        return run("check_words", self.root)

    def test_clean(self):
        self.assertEqual(self.faults("See docs/work/plan.md and ${HOME}/work/x.\n")[0], 0)

    def test_machine_path(self):
        status, said = self.faults("first\ncd /ro" + "ot/project\n")
        self.assertEqual(status, 1)
        self.assertIn("page.md:2: a path of one machine", said)

    def test_registry_host(self):
        self.assertIn("a registry host", self.faults("https://pyp" + "i.org/simple\n")[1])

    def test_mark(self):
        self.assertIn("unfinished-work mark", self.faults("// FIX" + "ME: later\n")[1])

    def test_heavy_file(self):
        self.assertIn("the limit is", self.faults("x" * 1_000_001)[1])

    def test_heavy_file_that_is_known(self):
        name, size = "models/silero/silero_vad_v6.onnx", 1_245_151
        self.write(name, "x" * size)
        self.assertEqual(self.faults("")[0], 0)
        self.write(name, "x" * (size + 1))
        self.assertIn(f"{name}: 1,245,152 bytes, the limit is 1,245,151", self.faults("")[1])

    def test_no_git(self):
        self.assertEqual(run("check_words", self.root)[0], 77)


class Licences(Tree):
    def setUp(self):
        super().setUp()
        self.write("requirements/debian.txt", "# build\nninja-build\n")
        self.write("requirements/test.txt", "onnx==1.22.0 \\\n    --hash=sha256:00\n")
        self.write("models/sources.json", '{"m": {"wheels": {"some-wheel": {}}}}')
        self.write("CMakeLists.txt", "find_package(fmt REQUIRED)  # find_package(not)\n"
                   "pkg_check_modules(AV REQUIRED IMPORTED_TARGET libavcodec>=59)\n")

    def table(self, *names):
        self.write("docs/dependencies.md", "| name | why | licence |\n|---|---|---|\n" +
                   "".join(f"| `{name}` | needed | MIT |\n" for name in names))
        return run("check_licences", self.root)

    def test_clean(self):
        status, said = self.table("ninja-build", "onnx", "some-wheel", "fmt", "libavcodec")
        self.assertEqual((status, said), (0, "licences: 5 dependencies, no fault\n"))

    def test_each_kind_is_missed(self):
        status, said = self.table("something-else")
        self.assertEqual((status, len(said.splitlines())), (1, 5))
        self.assertIn("models/sources.json: `some-wheel`", said)

    def test_row_without_licence(self):
        self.write("docs/dependencies.md", "| `fmt` | needed |  |\n")
        self.assertIn("`fmt` has no row", run("check_licences", self.root)[1])


if __name__ == "__main__":
    unittest.main()
