#!/usr/bin/env python3
"""Makes sound_classes.onnx: silence, tone, noise or speech, from a second of sound.

usage: make_sound_model.py OUT.onnx      needs onnx 1.22 and numpy; some seconds; seeded

The graph: samples [batch, samples] f32 at 16 kHz -> STFT (Hann, 512, hop 256) -> power -> 40 mel
bands (MelWeightMatrix) -> log -> mean, deviation and mean change over the frames -> Gemm -> Softmax
-> probabilities [batch, 4]. The weights of the Gemm are a logistic regression, fitted here on tones,
noises and quiet made by this script and on the first seven seconds of samples/jfk.wav (public
domain), each louder and softer. What is left of jfk.wav and sounds from another seed test it.
"""

import sys
import wave
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

RATE, LENGTH, HOP, BANDS, SECOND = 16000, 512, 256, 40, 16000
CLASSES = ["silence", "tone", "noise", "speech"]
ROOT = Path(__file__).resolve().parents[3]


def constant(name, value, dtype):
    return numpy_helper.from_array(np.array(value, dtype), name)


def front_end():
    """Nodes and constants from `samples` to `features` [batch, 3 * BANDS]."""
    constants = [
        constant("length", LENGTH, np.int64), constant("hop", HOP, np.int64),
        constant("bands", BANDS, np.int64), constant("rate", RATE, np.int64),
        constant("low_hz", 20.0, np.float32), constant("high_hz", 8000.0, np.float32),
        constant("last", [-1], np.int64), constant("frames", [1], np.int64),
        constant("zero", [0], np.int64), constant("one", [1], np.int64),
        constant("far", [np.iinfo(np.int64).max], np.int64),
        constant("floor", 1e-5, np.float32),
    ]
    node = helper.make_node
    nodes = [
        node("Unsqueeze", ["samples", "last"], ["signal"]),
        node("HannWindow", ["length"], ["window"]),
        node("STFT", ["signal", "hop", "window", "length"], ["spectrum"], onesided=1),
        node("ReduceSumSquare", ["spectrum", "last"], ["power"], keepdims=0),
        node("MelWeightMatrix", ["bands", "length", "rate", "low_hz", "high_hz"], ["mel_weights"]),
        node("MatMul", ["power", "mel_weights"], ["mel"]),
        node("Add", ["mel", "floor"], ["mel_floored"]),
        node("Log", ["mel_floored"], ["log_mel"]),
        node("ReduceMean", ["log_mel", "frames"], ["mean"], keepdims=1),
        node("Sub", ["log_mel", "mean"], ["centred"]),
        node("ReduceL2", ["centred", "frames"], ["norm"], keepdims=0),
        node("Slice", ["log_mel", "one", "far", "frames"], ["later"]),
        node("Slice", ["log_mel", "zero", "last", "frames"], ["earlier"]),
        node("Sub", ["later", "earlier"], ["change"]),
        node("Abs", ["change"], ["size_of_change"]),
        node("ReduceMean", ["size_of_change", "frames"], ["flux"], keepdims=0),
        node("Squeeze", ["mean", "frames"], ["level"]),
        node("Concat", ["level", "norm", "flux"], ["features"], axis=1),
    ]
    return nodes, constants


def model(nodes, constants, output, width):
    dims = ["batch", width]
    graph = helper.make_graph(
        nodes, "sound_classes",
        [helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["batch", "samples"])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, dims)], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8,
                             producer_name="make_sound_model.py")
    helper.set_model_props(made, {"classes": ",".join(CLASSES), "sample_rate": str(RATE)})
    onnx.checker.check_model(made, full_check=True)
    return made


def speech():
    with wave.open(str(ROOT / "samples/jfk.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768


def tone(rng):
    time = np.arange(SECOND) / RATE
    pitch = 100 * 40 ** rng.random()
    sound = sum(rng.random() / (k + 1) * np.sin(2 * np.pi * k * pitch * time + rng.random())
                for k in range(1, 1 + rng.integers(1, 5)) if k * pitch < 7800)
    return sound / np.abs(sound).max() + 1e-3 * rng.standard_normal(SECOND)


def noise(rng):
    white = np.fft.rfft(rng.standard_normal(SECOND))
    hz = np.maximum(np.fft.rfftfreq(SECOND, 1 / RATE), 20)
    sound = np.fft.irfft(white * hz ** -rng.choice([0.0, 0.5, 1.0]), SECOND)  # white, pink, brown
    return sound / np.abs(sound).max()


def clips(rng, voice, count):
    """(clips [N, SECOND], class of each), `count` of each class."""
    made, labels = [], []
    for _ in range(count):
        start = rng.integers(0, len(voice) - SECOND)
        loud = 10 ** rng.uniform(-1.3, -0.1)
        said = voice[start:start + SECOND]
        quiet = rng.choice([0.0, 1e-5, 1e-4, 5e-4]) * rng.standard_normal(SECOND)
        made += [quiet, loud * tone(rng), loud * noise(rng), 2 * loud * said + 2e-4 * noise(rng)]
        labels += [0, 1, 2, 3]
    return np.array(made, np.float32), np.array(labels)


def fit(features, labels, decay=1e-2, steps=3000, rate=0.3):
    """Multinomial logistic regression by gradient descent: weights [F, 4], bias [4]."""
    mean, deviation = features.mean(0), features.std(0) + 1e-3
    x, y = (features - mean) / deviation, np.eye(len(CLASSES))[labels]
    weights, bias = np.zeros((x.shape[1], len(CLASSES))), np.zeros(len(CLASSES))
    for _ in range(steps):
        logits = x @ weights + bias
        likely = np.exp(logits - logits.max(1, keepdims=True))
        error = likely / likely.sum(1, keepdims=True) - y
        weights -= rate * (x.T @ error / len(x) + decay * weights)
        bias -= rate * error.mean(0)
    weights /= deviation[:, None]
    return weights, bias - mean @ weights


def main():
    rng, voice = np.random.default_rng(1963), speech()
    nodes, constants = front_end()
    extract = ReferenceEvaluator(model(nodes, constants, "features", 3 * BANDS))
    sounds, labels = clips(rng, voice[:7 * SECOND], 150)
    weights, bias = fit(extract.run(None, {"samples": sounds})[0], labels)
    nodes += [helper.make_node("Gemm", ["features", "weights", "bias"], ["logits"]),
              helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1)]
    constants += [constant("weights", weights, np.float32), constant("bias", bias, np.float32)]
    made = model(nodes, constants, "probabilities", len(CLASSES))
    unheard, answers = clips(np.random.default_rng(7), voice[7 * SECOND:], 50)
    found = ReferenceEvaluator(made).run(None, {"samples": unheard})[0].argmax(1)
    for i, name in enumerate(CLASSES):
        print(f"{name}: {np.mean(found[answers == i] == i):.1%} of 50 right")
    Path(sys.argv[1]).write_bytes(made.SerializeToString())


if __name__ == "__main__":
    main()
