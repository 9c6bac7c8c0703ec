"""What bench/peers computes and writes, without any peer: bounds, table, chart, random models, ggml files.

Environment: ESCUTA (the program), ESCUTA_PEERS (peers_escuta).
"""

import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

try:
    import numpy as np
except ModuleNotFoundError:
    print("skipped: numpy is absent, `./run test` brings it")
    sys.exit(77)

import bounds
import checkpoint
import engines
import ggml_file
import growth
import page_cache
import random_model
import report
import shapes
import table
import words

HERE = Path(__file__).resolve().parent
TINY = "d_model=64,heads=2,encoder_layers=1,decoder_layers=2,mels=8,text_tokens=300,positions=50,context=160"


class Options(unittest.TestCase):
    def test_where_files_lie_is_not_written_down(self):
        typed = ["table", "--models", "base", "--work", "/a", "--out=/b", "--repeat", "1"]
        self.assertEqual(table.measured_options(typed), ["table", "--models", "base", "--repeat", "1"])


class Bounds(unittest.TestCase):
    LIMITS = {"fma_gflops": {"1": 100.0, "2": 200.0}, "int8_gops": {"1": 400.0, "2": 800.0},
              "read_gbs": {"1": 10.0, "2": 16.0}}

    def test_weights_are_those_of_the_published_models(self):
        # openai/whisper's count of tiny.en, 37.8 M, has norms, biases and positions as well.
        tiny = shapes.SHAPES["tiny.en"]
        self.assertAlmostEqual(bounds.weight_bytes(tiny, "fp32") / 4 / 37.8e6, 0.98, delta=0.02)
        self.assertAlmostEqual(bounds.weight_bytes(shapes.SHAPES["large-v3"], "int8") / 1.543e9, 1, delta=0.01)

    def test_encoder_flops_of_one_layer_written_out(self):
        s = shapes.Shape(d_model=2, heads=1, encoder_layers=1, decoder_layers=1, mels=3, positions=5, ffn=7)
        convolutions = 2 * 10 * 2 * 9 + 2 * 5 * 2 * 6
        products = 4 * 2 * 5 * 2 * 2 + 2 * 2 * 5 * 5 * 2 + 2 * 2 * 5 * 2 * 7
        self.assertEqual(bounds.encoder_flops(s), convolutions + products)

    def test_beams_share_what_windows_do_not(self):
        s = shapes.SHAPES["base"]
        cross = bounds.keys_values(s, s.positions) * 4
        own = bounds.keys_values(s, 100) * 4
        one = bounds.decoder_bytes(s, 1, 100, "fp32")
        self.assertEqual(bounds.decoder_bytes(s, 5, 100, "fp32") - one, 4 * own)
        self.assertEqual(bounds.decoder_bytes(s, 16, 100, "fp32") - one, 15 * (cross + own))

    def test_a_row_takes_the_longer_of_computing_and_reading(self):
        limits = bounds.Limits.of(self.LIMITS, 2)
        self.assertEqual(limits.ms(200e9, 0, "fp32"), 1000)
        self.assertEqual(limits.ms(200e9, 0, "int8"), 250)
        self.assertEqual(limits.ms(1, 32e9, "fp32"), 2000)

    def test_more_threads_than_were_measured_take_the_most_that_were(self):
        self.assertEqual(bounds.Limits.of(self.LIMITS, 3).fma_gflops, 200)

    def test_without_an_int8_instruction_int8_computes_as_float(self):
        self.assertEqual(bounds.Limits.of(self.LIMITS | {"int8_gops": None}, 1).int8_gops, 100)

    def test_every_row_has_a_bound(self):
        base = bounds.Bounds(shapes.SHAPES["base"], "fp32", bounds.Limits.of(self.LIMITS, 1), 120, 1.0)
        heard = bounds.Audio(300, 650)
        found = {row: base.of(row, heard) for row in report.TITLES}
        self.assertTrue(all(value > 0 for value in found.values()), found)
        self.assertGreater(found["load_cold"], found["load_warm"])
        self.assertLess(found["long:batched"], found["long:greedy"])
        self.assertIsNone(base.of("long:greedy"))


class Report(unittest.TestCase):
    def setUp(self):
        def cell(engine, low, **more):
            return {"model": "base", "precision": "fp32", "threads": 2, "row": "encoder", "engine": engine,
                    "all": [low], "min": low, "median": low + 1, "bound": 200.0} | more

        self.result = {
            "machine": {"cpu": "A & B <fast>", "cores": 2, "load_before": 0.1, "load_after": 0.2},
            "limits": {"isa": "avx2", "fma_gflops": {"1": 100.0}, "int8_gops": None, "read_gbs": {"1": 10.0},
                       "disk_gbs": 1.0},
            "versions": {"escuta": "abc"}, "run": {"repeat": 3, "seconds": 60, "when": "now"},
            "cells": [cell("escuta float32", 250.0), cell("peer float32", 500.0),
                      {"model": "base", "precision": "fp32", "threads": 2, "row": "encoder", "engine": "gone",
                       "all": [], "absent": "has no encoder"}]}

    def test_table_shows_time_share_of_the_bound_and_ratio(self):
        text = report.markdown(self.result)
        self.assertIn("250 (251), 80 %", text)
        self.assertIn("500 (501), 40 %", text)
        self.assertIn("| 0.50 |", text)

    def test_what_is_absent_has_its_reason(self):
        text = report.markdown(self.result)
        self.assertIn("| absent |", text)
        self.assertIn("- gone (encoder): has no encoder", text)

    def test_all_lines_of_a_table_have_as_many_columns(self):
        lines = [line for line in report.markdown(self.result).splitlines() if line.startswith("|")]
        self.assertEqual(len({line.count("|") for line in lines}), 1)

    def test_chart_is_well_formed_and_has_a_bar_for_each_number(self):
        root = ElementTree.fromstring(report.chart(self.result))
        marks = root.findall("{http://www.w3.org/2000/svg}rect")
        self.assertEqual(len(marks), 1 + 2 + 2)  # ground, legend, bars
        widths = [float(mark.get("width")) for mark in marks[3:]]
        self.assertAlmostEqual(widths[0] / widths[1], 0.5, places=3)
        self.assertEqual(len(root.findall("{http://www.w3.org/2000/svg}line")), 1)

    def test_growth_is_a_line(self):
        self.assertAlmostEqual(growth.slope([(1, 3), (2, 5), (4, 9)]), 2)


class RandomModel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = Path(scratch.name) / "model"
        random_model.make(TINY, cls.folder, 1, os.environ["ESCUTA"])

    def test_has_the_sizes_that_were_asked_for(self):
        self.assertEqual(shapes.of_checkpoint(self.folder / "ct2/model.bin"),
                         shapes.Shape(**vars(shapes.parse(TINY)) | {"ffn": 256}))
        config = json.loads((self.folder / "config.json").read_text())
        self.assertEqual((config["d_model"], config["decoder_layers"], config["vocab_size"]),
                         (64, 2, shapes.parse(TINY).vocabulary))

    def test_named_shapes_have_the_published_vocabularies(self):
        self.assertEqual([shapes.SHAPES[name].vocabulary for name in ("tiny.en", "base", "large-v3")],
                         [51864, 51865, 51866])

    def test_the_same_seed_gives_the_same_weights_and_another_does_not(self):
        one, same, other = (random_model.weight("a/weight", (4, 8), 0, 1, seed) for seed in (1, 1, 2))
        self.assertTrue(np.array_equal(one, same))
        self.assertFalse(np.array_equal(one, other))

    def test_keys_have_no_bias(self):
        found = checkpoint.read(self.folder / "ct2/model.bin")
        bias = found["decoder/layer_1/self_attention/linear_0/bias"]
        self.assertFalse(bias[64:128].any())
        self.assertTrue(bias[:64].any() and bias[128:].any())
        self.assertFalse(found["decoder/layer_1/attention/linear_1/bias"][:64].any())

    def test_escuta_runs_it(self):
        inputs = ["--input", "input_features=random:1x8x100"]
        done = subprocess.run([os.environ["ESCUTA"], "run", str(self.folder / "encoder_model.onnx"), *inputs,
                               "--provider", "cpu"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("nan", done.stdout.lower())

    def test_windows_are_measured_and_unknown_rows_refused(self):
        command = [os.environ["ESCUTA_PEERS"], self.folder, HERE.parents[1] / "samples/jfk.wav", "1",
                   "log_mel,encoder,decoder:1,decoder:5,nothing", "2", "20", "4"]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertGreater(found["first_token_ms"], found["load_ms"])
        self.assertEqual({row: len(times) for row, times in found["rows"].items()},
                         {"log_mel": 2, "encoder": 2, "decoder:1": 2, "decoder:5": 2})
        self.assertEqual(list(found["refused"]), ["nothing"])

    def test_wrong_sizes_are_refused(self):
        for text in ("huge", "d_model=x", "width=3"):
            with self.assertRaises(SystemExit):
                shapes.parse(text)


class Ggml(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.shape = shapes.parse(TINY)
        random_model.write_weights(self.shape, 1, self.folder / "model.bin")
        random_model.write_side_files(self.shape, self.folder)
        self.found = checkpoint.read(self.folder / "model.bin")

    def read(self, kind):
        """(sizes, words, {name: (type, dimensions, bytes)}) of the file, read to its end."""
        ggml_file.write(self.folder, self.folder / "out.bin", kind)
        data, at = (self.folder / "out.bin").read_bytes(), 0

        def take(form):
            nonlocal at
            value = struct.unpack_from("<" + form, data, at)
            at += struct.calcsize("<" + form)
            return value

        sizes = take("I11i")
        mels, bins = take("2i")
        at += mels * bins * 4
        vocabulary = []
        for _ in range(*take("i")):
            size, = take("I")
            vocabulary.append(data[at:at + size])
            at += size
        tensors = {}
        while at < len(data):
            rank, size, number = take("3i")
            dims = take(f"{rank}i")
            name = data[at:at + size].decode()
            at += size
            count = int(np.prod(dims))
            length = {0: 4 * count, 1: 2 * count, 8: count // 32 * 34}[number]
            tensors[name] = (number, dims, data[at:at + length])
            at += length
        return sizes, vocabulary, tensors

    def test_header_and_words(self):
        sizes, vocabulary, _ = self.read("f16")
        self.assertEqual(sizes, (0x67676D6C, self.shape.vocabulary, 50, 64, 2, 1, 160, 64, 2, 2, 8, 1))
        self.assertEqual(len(vocabulary), 300)
        self.assertEqual((vocabulary[65], vocabulary[256]), (b"A", b" w0"))

    def test_tensors_are_the_checkpoint_s(self):
        _, _, tensors = self.read("f16")
        number, dims, data = tensors["decoder.blocks.1.cross_attn.value.weight"]
        self.assertEqual((number, dims), (1, (64, 64)))
        wanted = self.found["decoder/layer_1/attention/linear_1/weight"][64:]
        self.assertTrue(np.array_equal(np.frombuffer(data, "<f2").reshape(64, 64), wanted))
        self.assertEqual(tensors["encoder.conv1.weight"][:2], (1, (3, 8, 64)))
        self.assertEqual(tensors["encoder.conv1.bias"][:2], (0, (1, 64)))
        self.assertNotIn("encoder.blocks.0.attn.key.bias", tensors)
        self.assertEqual(len(tensors), 5 + 2 + 1 * 15 + 2 * 24 + 4)

    def test_q8_0_is_within_half_a_step(self):
        sizes, _, tensors = self.read("q8_0")
        self.assertEqual(sizes[-1], 2007)
        number, dims, data = tensors["decoder.token_embedding.weight"]
        self.assertEqual((number, dims), (8, (64, self.shape.vocabulary)))
        blocks = np.frombuffer(data, [("scale", "<f2"), ("values", "i1", 32)])
        values = (blocks["scale"].astype(np.float32)[:, None] * blocks["values"]).reshape(-1, 64)
        wanted = self.found["decoder/embeddings/weight"].astype(np.float32)
        step = np.abs(wanted.reshape(-1, 32)).max(axis=1).repeat(32).reshape(-1, 64) / 127
        self.assertTrue((np.abs(values - wanted) <= 0.57 * step).all())  # half, and the rounding of the scale


class Child(unittest.TestCase):
    def run_python(self, code, timeout_s=60):
        return engines.start([sys.executable, "-c", code], 1, timeout_s=timeout_s)

    def test_a_program_that_refuses_a_row_is_not_absent(self):
        done = self.run_python("""print('{"rows": {}, "refused": {"decoder:16": "one window"}}')""")
        self.assertIsNone(done.absent)

    def test_why_a_program_is_absent(self):
        self.assertEqual(self.run_python("""print('{"absent": "no package"}')""").absent, "no package")
        self.assertEqual(self.run_python("import sys; sys.exit('first\\nlast words')").absent,
                         "exit status 1: last words")
        self.assertEqual(self.run_python("pass").absent, "exit status 0: no message")
        self.assertIn("no end within 1 s", self.run_python("import time; time.sleep(30)", timeout_s=1).absent)


class Small(unittest.TestCase):
    def test_words_are_counted_without_case_and_punctuation(self):
        self.assertEqual(words.differing("Ask not, what", "ask not what"), 0)
        self.assertAlmostEqual(words.differing("a b c d", "a x c"), 0.5)

    def test_files_leave_the_page_cache_and_are_read(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "a").write_bytes(b"x" * 1000)
            page_cache.drop(Path(folder))
            self.assertGreater(page_cache.read(Path(folder)), 0)


if __name__ == "__main__":
    unittest.main()
