"""Writes vad_golden.jsonl, beside this file: what other programs make of speech.

usage: make_vad_golden.py SILERO_UTILS SHARED_DATA
       SILERO_UTILS: utils_vad.py of the Python package silero-vad 6.2.3
       SHARED_DATA: what ESCUTA_SHARED_DATA names; its recordings are named, not copied

Needs the package faster-whisper 1.2.1 with onnxruntime. Lines of four kinds: `probabilities` of a
recording as ONNX Runtime gives them with faster-whisper's graph; `steps`, the same with silero-vad's
graphs; `spans` of a recording from faster-whisper; `rule`: made-up probabilities with the spans of faster-whisper or of silero-vad.
The same on every run with the same packages.
"""

import importlib.util
import json
import random
import sys
import wave
from pathlib import Path
from unittest import mock

import numpy as np
import onnxruntime
from faster_whisper import vad

HERE = Path(__file__).resolve().parent
SAMPLE = "samples/jfk.wav"
SHARED = ("vad/test.wav", "vad/aeneas_n.wav", "vad/aeneas_s.wav", "vad/aeneas_ns.wav",
          "vad/aeneas_sn.wav", "vad/aeneas_nsn.wav", "vad/aeneas_sns.wav", "vad/aeneas_zero.wav",
          "speech/LapsBM_0240.wav", "speech/arctic_a0024.wav", "speech/cards_001.wav",
          "speech/cheetah_test_de.wav", "speech/goforward.wav", "speech/leopard_test_ja.wav",
          "speech/librivox_0870.wav", "speech/librivox_0930.wav")
PROBABILITIES = (SAMPLE, "vad/aeneas_nsn.wav", "speech/librivox_0930.wav")
# silero-vad's graphs, on every sample or every second sample of SAMPLE.
STEPS = (("vad/silero_vad.onnx", 1), ("vad/silero_vad.onnx", 2), ("vad/silero_vad_16k_op15.onnx", 1),
         ("vad/silero_vad_half.onnx", 1))
CHUNK, CONTEXT = 512, 64
# Names as in faster-whisper.
OPTIONS = ({},
           {"min_speech_duration_ms": 250, "min_silence_duration_ms": 100, "speech_pad_ms": 30},
           {"min_silence_duration_ms": 300, "speech_pad_ms": 100, "max_speech_duration_s": 3},
           {"threshold": 0.8, "min_silence_duration_ms": 60, "speech_pad_ms": 0})


def read(path):
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2), path
        return np.frombuffer(file.readframes(file.getnframes()), np.int16) / np.float32(32768)


def probabilities(sound):
    """The graph's, with what silero-vad gives it: zeros after the end, nothing else changed."""
    padded = np.pad(sound, (CONTEXT, -len(sound) % CHUNK))
    rows = np.stack([padded[at:at + CHUNK + CONTEXT]
                     for at in range(0, len(padded) - CONTEXT, CHUNK)])
    zeros = np.zeros((1, 1, 128), np.float32)
    session = vad.get_vad_model().session
    return session.run(None, {"input": rows, "h": zeros, "c": zeros})[0]


def step_probabilities(path, sound, rate):
    """A graph of silero-vad's, chunk after chunk as that package does it."""
    chunk, context = rate * 32 // 1000, rate * 4 // 1000
    session = onnxruntime.InferenceSession(str(path))
    state, found = np.zeros((2, 1, 128), np.float32), []
    padded = np.pad(sound, (context, -len(sound) % chunk))
    for at in range(0, len(padded) - context, chunk):
        inputs = {"input": padded[None, at:at + chunk + context], "state": state}
        if len(session.get_inputs()) == 3:
            inputs["sr"] = np.array(rate)
        probability, state = session.run(None, inputs)
        found.append(probability[0, 0])
    return found


def spans_of(found):
    return [[int(span["start"]), int(span["end"])] for span in found]


def made_up(rng):
    """Three decimals, in runs of speech and silence of 1 to 60 chunks, some in between."""
    values = []
    while len(values) < 220:
        low, high = rng.choice(((0.0, 0.3), (0.6, 1.0), (0.55, 1.0), (0.3, 0.6), (0.0, 1.0)))
        values += [round(rng.uniform(low, high), 3) for _ in range(rng.choice((1, 2, 4, 8, 20, 60)))]
    return values[:220]


def rule_options(rng):
    return {"threshold": rng.choice((0.5, 0.5, 0.7)),
            "min_speech_duration_ms": rng.choice((0, 250)),
            "max_speech_duration_s": rng.choice((float("inf"), 1.2, 2.0, 3.5)),
            "min_silence_duration_ms": rng.choice((0, 100, 400, 2000)),
            "speech_pad_ms": rng.choice((0, 30, 200))}


def silero_rules(path):
    """silero-vad's function over probabilities: plain Python in a module that imports PyTorch."""
    torch = mock.MagicMock()
    torch.no_grad.return_value = lambda function: function
    sys.modules.update({"torch": torch, "torchaudio": mock.MagicMock()})
    spec = importlib.util.spec_from_file_location("utils_vad", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_speech_timestamps_from_probs


def lines(utils, shared):
    for name in PROBABILITIES:
        found = probabilities(read(HERE.parent.parent / name if name == SAMPLE else shared / name))
        yield {"kind": "probabilities", "file": name, "values": [round(float(p), 6) for p in found]}
    for name, step in STEPS:
        found = step_probabilities(shared / name, read(HERE.parent.parent / SAMPLE)[::step],
                                   16000 // step)
        yield {"kind": "steps", "model": name, "step": step,
               "values": [round(float(p), 6) for p in found]}
    for name in (SAMPLE, *SHARED):
        sound = read(HERE.parent.parent / name if name == SAMPLE else shared / name)
        for options in OPTIONS:
            found = vad.get_speech_timestamps(sound.copy(), vad.VadOptions(**options))
            yield {"kind": "spans", "file": name, "options": options, "spans": spans_of(found)}
    silero = silero_rules(utils)
    rng = random.Random(20)
    for number in range(60):
        values, options = made_up(rng), rule_options(rng)
        samples = len(values) * CHUNK - rng.choice((0, 1, 100, 511))
        cut = ("last", "longest")[number % 2]
        if cut == "last":
            vad.get_vad_model = lambda made=values: lambda _: np.array(made, np.float32)
            found = vad.get_speech_timestamps(np.zeros(samples, np.float32), vad.VadOptions(**options))
        else:
            found = silero([np.float32(p) for p in values], audio_length_samples=samples, **options)
        if options["max_speech_duration_s"] == float("inf"):
            del options["max_speech_duration_s"]
        yield {"kind": "rule", "cut": cut, "options": options, "samples": samples,
               "values": values, "spans": spans_of(found)}


def main():
    utils, shared = sys.argv[1], Path(sys.argv[2])
    with open(HERE / "vad_golden.jsonl", "w", encoding="utf-8") as file:
        for line in lines(utils, shared):
            file.write(json.dumps(line, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
