"""escuta run and escuta providers, as their users meet them."""

import json
import os
import struct
import subprocess
import unittest

import tiny_onnx
from program import ESCUTA, ProgramTest, run


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def needs_ort():
    """Skips the test where ONNX Runtime is absent."""
    state = json.loads(run("providers", "-f", "json").stdout)["providers"]
    ort = next(p for p in state if p["name"] == "ort")
    if not ort["available"]:
        raise unittest.SkipTest(ort["reason"])


class Run(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = self.put("add.onnx", tiny_onnx.add())
        self.a = self.put("a.npy", tiny_onnx.npy((1, 2), floats(1, 2)))
        self.inputs = ["--input", f"a={self.a}", "--input", "b=ones", "--dim", "n=1"]

    def test_writes_what_the_graph_computes(self):
        out = self.folder / "out"
        result = run("run", self.model, *self.inputs, "--output-dir", out)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("on cpu (1 nodes)", result.stdout)
        self.assertIn("sum  float [1, 2]  min 2 mean 2.5 max 3  first 2 3", result.stdout)
        self.assertTrue((out / "sum.npy").read_bytes().endswith(floats(2, 3)))
        # What it writes, it reads.
        again = run("run", self.model, "--input", f"a={out / 'sum.npy'}", *self.inputs[2:])
        self.assertIn("first 3 4", again.stdout)

    def test_json(self):
        result = run("run", self.model, *self.inputs, "--repeat", 3, "-f", "json")
        found = json.loads(result.stdout)
        self.assertEqual(found["outputs"][0]["first"], [2, 3])
        self.assertEqual(found["outputs"][0]["shape"], [1, 2])
        self.assertEqual(found["provider"], [{"name": "cpu", "nodes": 1, "reason": ""}])
        self.assertEqual(found["timing"]["runs"], 3)

    def test_random_inputs_follow_the_seed(self):
        def first(*seed):
            result = run("run", self.model, "--input", "a=random:4x2", "--input", "b=zeros:4x2",
                         "-f", "json", *seed)
            return json.loads(result.stdout)["outputs"][0]["first"]
        self.assertEqual(first(), first("--seed", 0))
        self.assertNotEqual(first(), first("--seed", 1))
        self.assertTrue(all(-1 <= x < 1 for x in first()))

    def test_half_precision_and_integers(self):
        for dtype, name in ((tiny_onnx.FLOAT16, "float16"), (tiny_onnx.INT64, "int64")):
            path = self.put("typed.onnx", tiny_onnx.add(dtype))
            result = run("run", path, "--input", "a=ones:1x2", "--input", "b=ones:1x2")
            self.assertIn(f"sum  {name} [1, 2]  min 2 mean 2 max 2", result.stdout)

    def test_profile(self):
        trace = self.folder / "trace.json"
        result = run("run", self.model, *self.inputs, "--profile", trace)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        events = json.loads(trace.read_text())
        self.assertEqual([e["args"]["op_name"] for e in events], ["Add"])

    def test_options_that_only_another_provider_has(self):
        for option in (["--save-optimized", self.folder / "s.onnx"], ["--no-arena"],
                       ["--execution-mode", "parallel"], ["--session-config", "a=b"]):
            result = run("run", self.model, *self.inputs, "--provider", "cpu", *option)
            self.assertEqual(result.returncode, 3)
            self.assertIn("provider cpu does not know", result.stderr)

    def test_profile_and_saved_graph(self):
        trace, saved = self.folder / "trace.json", self.folder / "saved.onnx"
        needs_ort()
        result = run("run", self.model, *self.inputs, "--provider", "ort", "--profile", trace,
                     "--save-optimized", saved,
                     "--optimization", "basic", "--execution-mode", "parallel", "--no-arena",
                     "--no-mem-pattern", "--inter-op-threads", 2, "--threads", 1,
                     "--session-config", "session.set_denormal_as_zero=1")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        events = json.loads(trace.read_text())
        self.assertTrue(any(e.get("args", {}).get("op_name") == "Add" for e in events))
        self.assertGreater(saved.stat().st_size, 0)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()),
                         ["a.npy", "add.onnx", "saved.onnx", "trace.json"])


class RunWrongly(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = self.put("add.onnx", tiny_onnx.add())

    def test_inputs(self):
        self.assert_error(run("run", self.model), 2, "a=FILE.npy", "`a` float [n, 2]", "`b` float")
        self.assert_error(run("run", self.model, "--input", "c=random"), 2, "no input `c`", "`a`")
        self.assert_error(run("run", self.model, "--input", "a=random", "--input", "b=random"), 2,
                          "dimension 0 of float [n, 2]", "--dim n=N")
        self.assert_error(run("run", self.model, "--input", "a"), 2, "NAME=FILE.npy", "`a`")
        self.assert_error(run("run", self.model, "--input", "a=ones:1y2"), 2, "2x80x3000", "1y2")
        self.assert_error(run("run", self.model, "--input", "a=ones", "--input", "a=ones"), 2,
                          "`a` twice")
        self.assert_error(run("run", self.model, "--dim", "n"), 2, "--dim", "NAME=SIZE")
        self.assert_error(run("run", self.model, "--input", "a=ones:1x3", "--input", "b=ones:1x2"),
                          2, "`a`", "expected float [n, 2]", "found float [1, 3]")
        self.assert_error(run("run", self.model, "--input", "a=ones:9999999999x9999999999",
                              "--input", "b=ones:1x2"), 2, "shape")

    def test_input_files(self):
        double = self.put("double.npy", tiny_onnx.npy((1, 2), bytes(16), "<f8"))
        rest = ["--input", "b=ones:1x2"]
        self.assert_error(run("run", self.model, "--input", f"a={double}", *rest), 2,
                          "found double [1, 2]")
        short = self.put("short.npy", tiny_onnx.npy((9, 2), bytes(8)))
        self.assert_error(run("run", self.model, "--input", f"a={short}", *rest), 1, short,
                          "expected 72 bytes", "found 8")
        self.assert_error(run("run", self.model, "--input", "a=/none.npy", *rest), 1, "/none.npy")

    def test_models(self):
        self.assert_error(run("run", self.folder / "none.onnx"), 3, "none.onnx")
        self.assert_error(run("run", self.folder), 3, self.folder)
        text = self.put("text.onnx", "this is not a model")
        self.assert_error(run("run", text), 3, text)
        cut = self.put("cut.onnx", tiny_onnx.add()[:-20])
        self.assert_error(run("run", cut), 3, cut)
        strange = self.put("strange.onnx", tiny_onnx.model(
            [("a", 1, [2])], [("b", 1, [2])], [("Frobnicate", ["a"], "b")], "org.example"))
        self.assert_error(run("run", strange, "--input", "a=ones"), 3, strange, "Frobnicate")

    def test_options(self):
        for arguments in (["--nonsense"], ["--repeat", "0"], ["--optimization", "most"],
                          ["--threads", "-1"], ["--format", "xml"], ["--provider", ","],
                          ["--provider", "ort,ort"], ["--session-config", "x"],
                          ["--ort-plugin", "NAME"]):
            self.assert_error(run("run", self.model, *arguments), 2)
        level = run("run", self.model, "--log-level", "loud")
        self.assertEqual(level.returncode, 2)
        self.assertIn("expected debug, info, warning, error or off, found `loud`", level.stderr)
        self.assert_error(run("run"), 2, "model", "escuta run --help")
        self.assert_error(run("frobnicate"), 2, "frobnicate", "transcribe")
        self.assert_error(run(), 2, "--help")

    def test_output_folder(self):
        inputs = ["--input", "a=ones:1x2", "--input", "b=ones:1x2"]
        taken = self.put("taken", "a file")
        self.assert_error(run("run", self.model, *inputs, "--output-dir", taken), 1, taken)
        self.assert_error(run("run", self.model, *inputs, "--profile", "/none/trace.json"), 1,
                          "/none/trace.json")

    def test_nothing_is_written_outside_the_folder(self):
        path = self.put("evil.onnx", tiny_onnx.model(
            [("a", 1, [2])], [("../../evil", 1, [2])], [("Abs", ["a"], "../../evil")]))
        out = self.folder / "x" / "out"
        out.parent.mkdir()
        result = run("run", path, "--input", "a=ones", "--output-dir", out)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual([p.name for p in out.iterdir()], ["_._.._evil.npy"])


class Providers(ProgramTest):
    def test_says_what_there_is(self):
        result = run("providers")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for word in ("cores", "memory", "PROVIDER", "ort"):
            self.assertIn(word, result.stdout)

    def test_json(self):
        found = json.loads(run("providers", "-f", "json").stdout)
        self.assertGreaterEqual(found["device"]["cores"], 1)
        self.assertEqual(found["providers"][0]["name"], "cpu")
        self.assertIn("ort", [p["name"] for p in found["providers"]])

    def test_a_forced_instruction_set_is_honoured(self):
        environment = {**os.environ, "ESCUTA_ISA": "generic"}
        result = run("providers", "-f", "json", env=environment)
        self.assertEqual(json.loads(result.stdout)["device"]["kernels"], "generic")

    def test_a_forced_instruction_set_that_is_not_there_is_an_error(self):
        for name in ("sse9", "avx2" if os.uname().machine == "aarch64" else "neon"):
            result = run("providers", env={**os.environ, "ESCUTA_ISA": name})
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertRegex(result.stderr, "^escuta: ESCUTA_ISA: expected an instruction set .*generic"
                                            f".*, found `{name}`\n$")

    def test_an_absent_library_is_said_and_is_an_error_only_when_asked_for(self):
        environment = {**os.environ, "ESCUTA_ORT_LIBRARY": "/none/libonnxruntime.so.1"}
        result = run("providers", env=environment)
        self.assertEqual(result.returncode, 0)
        self.assertIn("/none/libonnxruntime.so.1", result.stdout)
        self.assertIn("pip install onnxruntime", result.stdout)
        model = self.put("add.onnx", tiny_onnx.add())
        self.assert_error(run("run", model, "--provider", "ort", env=environment), 3,
                          "/none/libonnxruntime.so.1", "pip install onnxruntime")
        inputs = ["--input", "a=ones:1x2", "--input", "b=ones:1x2"]
        self.assertEqual(run("run", model, *inputs, env=environment).returncode, 0)

    def test_plugins_that_are_not_there(self):
        needs_ort()
        model = self.put("add.onnx", tiny_onnx.add())
        plugin = ["--ort-plugin", "npu=/none/libnpu.so"]
        self.assertIn("/none/libnpu.so", run("providers", *plugin).stdout)
        inputs = ["--input", "a=ones:1x2", "--input", "b=ones:1x2"]
        self.assert_error(run("run", model, *inputs, "--provider", "ort:npu", *plugin), 3,
                          "ort:npu", "/none/libnpu.so")
        fallback = run("run", model, *inputs, "--provider", "ort:npu,ort", *plugin, "-f", "json")
        self.assertEqual(fallback.returncode, 0, fallback.stderr)
        self.assertIn("warning", fallback.stderr)
        steps = json.loads(fallback.stdout)["provider"]
        self.assertEqual([(s["name"], s["nodes"]) for s in steps], [("ort:npu", 0), ("ort", 1)])

    def test_output_that_nobody_reads_or_that_is_full(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run([ESCUTA, "providers"], stdout=full, stderr=subprocess.PIPE,
                                    text=True, timeout=60)
        self.assertEqual(result.returncode, 1)
        self.assertIn("No space left", result.stderr)
        read_end, write_end = os.pipe()
        os.close(read_end)
        result = subprocess.run([ESCUTA, "providers"], stdout=write_end, stderr=subprocess.PIPE,
                                text=True, timeout=60)
        os.close(write_end)
        self.assertEqual(result.stderr, "")
        self.assertEqual(result.returncode, 1)

    def test_closed_descriptors(self):
        for closed in ([1], [0, 1], [0, 2], [0, 1, 2]):
            result = subprocess.run(
                [ESCUTA, "providers"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, timeout=60,
                preexec_fn=lambda fds=closed: [os.close(fd) for fd in fds])
            self.assertEqual(result.returncode, 1 if 1 in closed else 0)
            self.assertEqual("PROVIDER" in result.stdout, 1 not in closed)


class Help(ProgramTest):
    def test_help_and_version(self):
        self.assertRegex(run("--version").stdout, r"^escuta \d+\.\d+\.\d+\n$")
        self.assertIn("transcribe", run("--help").stdout)
        for command in ("transcribe", "import", "inspect", "run", "providers"):
            result = run(command, "--help")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn("--provider", result.stdout)


if __name__ == "__main__":
    unittest.main()
