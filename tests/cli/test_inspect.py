"""escuta inspect: the page, the JSON, folders, and files that are no models."""

import json
import shutil
import unittest

from program import SOURCE, ProgramTest, run

MODELS = SOURCE / "tests" / "data" / "onnx"
HOSTILE = SOURCE / "tests" / "fuzz" / "corpus" / "onnx"


class Inspect(ProgramTest):
    def test_page(self):
        result = run("inspect", MODELS / "subgraphs.onnx")
        self.assertEqual(result.returncode, 0, result.stderr)
        for part in ("escuta-fixtures", "opset ai.onnx 17", "Inputs", "float [2]", "Operators",
                     "Subgraphs (5)", "Providers"):
            self.assertIn(part, result.stdout)
        self.assertLessEqual(max(map(len, result.stdout.splitlines()[1:])), 100)

    def test_json_says_the_same(self):
        result = run("inspect", MODELS / "external.onnx", "-f", "json")
        self.assertEqual(result.returncode, 0, result.stderr)
        page = json.loads(result.stdout)
        self.assertEqual(page["inputs"], [{"name": "x", "type": "float", "shape": [2]}])
        self.assertEqual(page["opsets"], {"ai.onnx": 17})
        self.assertEqual(page["external_data"], [{"file": "external.data", "tensors": 2, "bytes": 16}])
        self.assertTrue(all({"name", "available"} <= set(p) for p in page["providers"]))

    def test_optimized(self):
        result = run("inspect", MODELS / "external.onnx", "--optimized")
        self.assertEqual(result.returncode, 0, result.stderr)
        for part in ("Passes: nodes before and after", "eliminate_dead", "Operators before and after"):
            self.assertIn(part, result.stdout)
        result = run("inspect", MODELS / "external.onnx", "--optimized", "-f", "json",
                     "--passes-off", "clean_up,fold_constants")
        self.assertEqual(result.returncode, 0, result.stderr)
        page = json.loads(result.stdout)["optimized"]
        names = [p["name"] for p in page["passes"]]
        self.assertIn("eliminate_dead", names)
        self.assertNotIn("clean_up", names)
        self.assertEqual(page["nodes_before"], sum(page["operators_before"].values()))
        self.assertEqual(page["nodes_after"], sum(page["operators_after"].values()))

    def test_passes_by_name(self):
        result = run("inspect", "--passes", "-f", "json")
        self.assertEqual(result.returncode, 0, result.stderr)
        names = [p["name"] for p in json.loads(result.stdout)]
        self.assertEqual(len(names), len(set(names)))
        text = run("inspect", "--passes").stdout
        self.assertTrue(all(name in text for name in names))
        result = run("inspect", MODELS / "external.onnx", "--optimized", "--passes-off", "fuse_all")
        self.assertEqual(result.returncode, 3)
        self.assertIn("`fuse_all`", result.stderr)

    def test_no_model(self):
        result = run("inspect")
        self.assertEqual(result.returncode, 2)
        self.assertIn("expected MODEL", result.stderr)

    def test_folder(self):
        for name in ("a.onnx", "onnx/b.onnx"):
            (self.folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(MODELS / "ir3.onnx", self.folder / name)
        result = run("inspect", self.folder, "-f", "json")
        self.assertEqual(result.returncode, 0, result.stderr)
        files = [json.loads(line)["file"] for line in result.stdout.splitlines()]
        self.assertEqual(files, [str(self.folder / "a.onnx"), str(self.folder / "onnx" / "b.onnx")])

    def test_one_bad_file_in_a_folder(self):
        shutil.copy(MODELS / "ir3.onnx", self.folder)
        self.put("a_bad.onnx", "not a model\n")
        result = run("inspect", self.folder)
        self.assert_error(result, 1, "a_bad.onnx", "found text")
        self.assertIn("ir3.onnx", result.stdout)


class InspectWrongly(ProgramTest):
    def refused(self, path, *parts):
        result = run("inspect", path)
        self.assert_error(result, 3, path, *parts)
        self.assertEqual(result.stdout, "")

    def test_no_model(self):
        self.refused(self.folder / "none.onnx", "No such file")
        self.refused(self.folder, "expected .onnx files")
        self.refused(self.put("empty.onnx", b""), "an empty file")
        self.refused(self.put("text.onnx", "words\n"), "found text")
        self.refused(self.put("zip.onnx", b"PK\x03\x04" + bytes(100)), "a zip archive")

    def test_damaged(self):
        self.refused(HOSTILE / "cut.onnx", "cut off")
        self.refused(HOSTILE / "cycle.onnx", "without cycles")
        self.refused(HOSTILE / "twice.onnx", "a name of its own")
        self.refused(HOSTILE / "shape_2_31.onnx", "expected 8589934592 bytes", "found 4")
        self.refused(HOSTILE / "nested_200.onnx", "32 deep")

    def test_external_data(self):
        self.refused(HOSTILE / "external_escape.onnx", "inside the model's folder")
        model = self.folder / "external.onnx"
        shutil.copy(MODELS / "external.onnx", model)
        self.refused(model, "external.data", "found none")
        self.put("external.data", b"short")
        self.refused(model, "but the file has 5")


if __name__ == "__main__":
    unittest.main()
