#!/usr/bin/env python3
"""The example hears what is there: a speech, and tones, noise and silence that are made here.

usage: classify_sound_test.py PROGRAM SOURCE_FOLDER
"""

import math
import random
import struct
import subprocess
import sys
import tempfile
import unittest
import wave
from pathlib import Path

PROGRAM, SOURCE = sys.argv[1], Path(sys.argv[2])
MODEL = SOURCE / "tests/data/sound/sound_classes.onnx"
RATE = 16000


def run(wav, model=MODEL):
    return subprocess.run([PROGRAM, model, wav], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)


class ClassifySound(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.wav = Path(scratch.name) / "made.wav"

    def write(self, samples, rate=RATE):
        with wave.open(str(self.wav), "wb") as file:
            file.setparams((1, 2, rate, 0, "NONE", ""))
            file.writeframes(b"".join(struct.pack("<h", int(32767 * s)) for s in samples))

    def classes(self, wav):
        done = run(wav)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [line.split() for line in done.stdout.splitlines()]
        for row in rows:
            self.assertAlmostEqual(sum(map(float, row[4::2])), 1, delta=0.003)
        return [row[2] for row in rows]

    def test_speech(self):
        heard = self.classes(SOURCE / "samples/jfk.wav")
        self.assertEqual(len(heard), 11)
        self.assertGreaterEqual(heard.count("speech"), 10)

    def test_tone_noise_and_silence(self):
        chance = random.Random(5)
        tone = [0.4 * math.sin(2 * math.pi * 440 * i / RATE) for i in range(RATE)]
        noise = [0.3 * chance.uniform(-1, 1) for _ in range(RATE)]
        self.write(tone + noise + [0.0] * RATE)
        self.assertEqual(self.classes(self.wav), ["tone", "noise", "silence"])

    def test_errors(self):
        self.write([0.0] * RATE, rate=8000)
        for wav, model, wanted in ((self.wav, MODEL, "16 kHz"), (MODEL, MODEL, "WAV"),
                                   (SOURCE / "samples/jfk.wav", "absent.onnx", "absent.onnx")):
            done = run(wav, model)
            self.assertEqual(done.returncode, 1)
            self.assertIn(wanted, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
