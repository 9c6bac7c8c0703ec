"""Sounds in which nobody speaks have no words: what the program writes with its defaults.

`Silence` takes 20 seconds of each kind of sound that is made here; `SilenceAtLength`, which is slow, 90
seconds of each in three forms and the recordings of $ESCUTA_SHARED_DATA/sounds: half an hour. One
invented word in all of it is a failure of the fast test; the slow one allows one.
"""

import json
import math
import os
import random
import re
import unittest
from array import array
from pathlib import Path

from program import ProgramTest, model, run, wav

RATE = 16000
# Of the recordings, those in which nobody uses a voice.
RECORDINGS = ("applause", "arcade_music", "birds1", "car_engine", "piano", "rain", "robin", "train",
              "trumpet", "typing")


def noise(seconds, random_, colour):
    """White noise, or with a spectrum that falls by 3 (pink) or 6 (brown) dB an octave."""
    state = [0.0] * 3
    for _ in range(int(seconds * RATE)):
        white = random_.gauss(0, 0.25)
        if colour == "white":
            yield white
        elif colour == "pink":  # three one-pole filters whose sum is near 1/f
            for i, (pole, gain) in enumerate(((0.99765, 0.099), (0.963, 0.2965), (0.57, 1.0526))):
                state[i] = pole * state[i] + gain * white
            yield (sum(state) + white * 0.1848) / 4
        else:
            state[0] = 0.998 * state[0] + 0.03 * white
            yield 2 * state[0]


def tones(seconds, notes):
    """notes(t) -> [(Hz, level)] at time t; changes every 10 ms at most."""
    phases = {}
    block = RATE // 100
    for start in range(0, int(seconds * RATE), block):
        sounding = notes(start / RATE)
        for _ in range(block):
            value = 0.0
            for hz, level in sounding:
                phase = (phases.get(hz, 0.0) + hz / RATE) % 1
                phases[hz] = phase
                value += level * math.sin(2 * math.pi * phase)
            yield value


def hum(hz):
    return lambda t: [(hz * k, 0.3 / k) for k in (1, 2, 3, 5)]


def chords(shift):
    scale = (0, 5, 7, 9)

    def notes(t):
        root = 220 * 2 ** ((scale[int(t / 0.6) % 4] + shift) / 12)
        fade = math.exp(-2 * (t % 0.6))
        return [(root * ratio * k, 0.12 * fade / k) for ratio in (1, 1.26, 1.5) for k in (1, 2)]
    return notes


def dial(digits):
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477)

    def notes(t):
        if t % 0.2 > 0.12:
            return []
        digit = digits[int(t / 0.2) % len(digits)]
        return [(rows[digit // 3], 0.3), (columns[digit % 3], 0.3)]
    return notes


def clicks(seconds, random_):
    left = 0
    for _ in range(int(seconds * RATE)):
        left = left - 1 if left else (40 if random_.random() < 3 / RATE else 0)
        yield random_.uniform(-0.8, 0.8) if left else 0.0


def sounds(seconds, form):
    """{name: samples}; `form` varies pitch, level and chance."""
    random_ = random.Random(form)
    level = (1, 0.1, 0.01)[form]
    made = {"zeros": [0.0] * int(seconds * RATE), "clicks": clicks(seconds, random_)}
    for colour in ("white", "pink", "brown"):
        made[colour] = noise(seconds, random_, colour)
    made["hum"] = tones(seconds, hum((50, 60, 100)[form]))
    made["chords"] = tones(seconds, chords((0, 3, 7)[form]))
    made["dtmf"] = tones(seconds, dial([random_.randrange(12) for _ in range(17)]))
    made["sweep"] = tones(seconds, lambda t: [(100 * 2 ** (5 * abs(math.sin(t / (3 + form)))), 0.3)])
    return {name: [max(-1.0, min(1.0, level * x)) for x in samples] for name, samples in made.items()}


class SilenceTest(ProgramTest):
    def files(self, seconds, form):
        for name, samples in sounds(seconds, form).items():
            pcm = array("h", (int(32767 * x) for x in samples)).tobytes()
            yield self.put(f"{name}{form}.wav", wav(pcm))

    def words(self, files, name, *options):
        """{file: words} of files that have any."""
        result = run("transcribe", *files, "-m", model(name), "-f", "json", *options, timeout=3000)
        self.assertEqual(result.returncode, 0, result.stderr)
        texts = {Path(t["file"]).name: re.findall(r"\w+", t["text"])
                 for t in map(json.loads, result.stdout.splitlines())}
        self.assertEqual(len(texts), len(files))
        return {file: words for file, words in texts.items() if words}


class Silence(SilenceTest):
    def test_has_no_words(self):
        files = list(self.files(20, 0))
        self.assertEqual(self.words(files, "tiny.en"), {})
        self.assertEqual(self.words(files, "tiny.en", "--batch-size", "4"), {})


class SilenceAtLength(SilenceTest):
    def test_has_one_word_at_most(self):
        files = [file for form in range(3) for file in self.files(90, form)]
        shared = os.environ.get("ESCUTA_SHARED_DATA")
        if shared:
            files += [Path(shared) / "sounds" / f"{name}.flac" for name in RECORDINGS]
        for name in ("tiny.en", "base"):
            with self.subTest(model=name):
                said = self.words(files, name)
                self.assertLessEqual(sum(map(len, said.values())), 1, said)


if __name__ == "__main__":
    unittest.main()
