"""Published graphs give on `cpu` what they give on `ort`, with inputs as in use: speech, state carried.

usage: test_real_graphs.py ESCUTA SOURCE [NAME...]     SOURCE: the repository

Fetches the graphs that models/sources.json names into $ESCUTA_MODELS, once. NAME: only graphs whose
file name has it. What cannot be fetched is skipped with one line, and so is all without libonnxruntime.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from test_providers_agree import SKIPPED, difference, run

ENTRIES = ("fsmn-vad", "front-ends", "silero-vad", "voicefilter-lite", "kokoro")
# Absolute, and relative to the largest output. In quiet mel bands a logarithm shows the rounding of a
# whole spectrum's sum, hence the front-ends' own.
TOLERANCE = {"fsmn-vad": 1e-4, "front-ends": 5e-4, "silero-vad": 1e-4}
# Root mean square of differences over that of values, where one rounding is not the end of it.
# Dynamic quantisation: a value at the edge between two steps moves all that follows in a recurrent
# layer; `ort` itself moves by 0.014 (embedder) where inputs move by their last bit.
# STFT: of 400 points, ort's is off by 2e-5 of the spectrum (ours 3e-8), more in a logarithm.
SPREAD = {"voicefilter_lite.int8.onnx": 2e-3, "embedder.int8.onnx": 0.1, "STFT": 0.01}
NODE_TOLERANCE = 1e-5  # of one node of Kokoro on given inputs, relative to its largest output
SPEECH_LIMIT = 0.15  # neper; `ort` moves by 0.03 to 0.05 where the voice moves by 1e-6 to 1e-2
CHUNKS = 8
PHRASES = ("həlˈoʊ wˈɜːld.", "ænd sˈoʊ, maɪ fˈɛloʊ əmˈɛɹɪkənz.")


class Skipped(Exception):
    """One line that says what is missing."""


def fetch(source, entry):
    folder = Path(os.environ["ESCUTA_MODELS"]) / entry
    done = subprocess.run([sys.executable, source / "tools/fetch.py", source / "models/sources.json", entry,
                           folder, sys.executable], capture_output=True, text=True)
    if done.returncode != 0:
        raise Skipped(f"{entry}: {done.stderr.strip().splitlines()[-1]}")
    return folder


def samples(source):
    with wave.open(str(source / "samples/jfk.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768


def log_mel(sound, size, hop, bands):
    """Logarithms of mel energies [frame, band]: Hann windows, triangles even on the mel scale."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[::hop] * np.hanning(size)
    power = np.abs(np.fft.rfft(frames)) ** 2
    mel = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), bands + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    hertz = np.linspace(0, 8000, power.shape[1])
    rise = (hertz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - hertz) / (edges[2:] - edges[1:-1])[:, None]
    return np.log(power @ np.maximum(0, np.minimum(rise, fall)).T + 1e-6).astype(np.float32)


def standardised(features):
    return (features - features.mean(0)) / (features.std(0) + 1e-6)


# --- Runs: each is a list of calls (inputs, {input: output of the call before}) ---------------------


def stream_of_frames(sound, context, rate, with_sr):
    """Silero's frames of 32 ms, each after the end of the one before (context), where speech starts."""
    frame = 512 * rate // 16000
    calls = []
    for i in range(10, 10 + CHUNKS):
        inputs = {"input": sound[None, i * frame - context:(i + 1) * frame]}
        if with_sr:
            inputs["sr"] = np.array(rate, np.int64)
        if i == 10:
            inputs["state"] = np.zeros((2, 1, 128), np.float32)
        calls.append((inputs, {"state": "stateN"}))
    return calls


def silero_runs(model, sound):
    if "sequence" in model.name:
        frames = np.lib.stride_tricks.sliding_window_view(sound, 576)[::512][:64]
        state = {n: np.zeros((1, 1, 128), np.float32) for n in "hc"}
        carried = {"h": "hn", "c": "cn"}
        return [[({"input": frames[:32], **state}, carried), ({"input": frames[32:]}, carried)]]
    with_sr = not ("half" in model.name or "openvino" in model.name)
    runs = [stream_of_frames(sound, 64, 16000, with_sr)]
    if model.name in ("silero_vad.onnx", "silero_vad_op18_ifless.onnx"):
        runs.append(stream_of_frames(sound[::2].copy(), 32, 8000, with_sr))
    return runs


def fsmn_runs(_, sound):
    """Five frames of 80 bands side by side for each frame, 20 frames a call."""
    bands = standardised(log_mel(sound, 400, 160, 80))
    spliced = np.concatenate([bands[i:len(bands) - 4 + i] for i in range(5)], 1)
    caches = {f"in_cache{i}": np.zeros((1, 128, 19, 1), np.float32) for i in range(4)}
    carried = {f"in_cache{i}": f"out_cache{i}" for i in range(4)}
    return [[({"speech": spliced[None, i * 20:(i + 1) * 20], **(caches if i == 0 else {})}, carried)
             for i in range(CHUNKS)]]


def front_end_runs(_, sound):
    """Two clips of one length each alone, then two of different lengths in one batch."""
    short, long = sound[:16000], sound[30000:70001]
    padded = np.zeros_like(long)
    padded[:len(short)] = short
    batches = [long[None], short[None], np.stack([long, padded])]
    lengths = [[len(long)], [len(short)], [len(long), len(short)]]
    return [[({"waveforms": w, "waveforms_lens": np.array(n, np.int64)}, {})] for w, n in zip(batches, lengths)]


def voicefilter_runs(model, sound):
    if "embedder" in model.name:
        bands = log_mel(sound, 512, 160, 40) / np.float32(np.log(10)) - 2  # triangles of unit area
        windows = np.lib.stride_tricks.sliding_window_view(bands, 80, 0)[::40].transpose(0, 2, 1)
        return [[({"mel_window": np.ascontiguousarray(windows[:n])}, {})] for n in (1, 12)]
    bands = log_mel(sound, 640, 160, 128)
    stacked = np.concatenate([bands[i:len(bands) - 3 + i] for i in range(4)], 1)
    voice = np.random.default_rng(0).standard_normal((1, 256))
    voice = (voice / np.linalg.norm(voice)).astype(np.float32)
    state = {n: np.zeros((3, 1, 512), np.float32) for n in ("h0", "c0")}
    return [[({"stacked_logmel": stacked[None, i * 10:(i + 1) * 10], "dvec": voice,
               **(state if i == 0 else {})}, {"h0": "hN", "c0": "cN"}) for i in range(CHUNKS)]]


def kokoro_inputs(model, phrase, speed):
    vocabulary = json.loads((model.parent / "vocab.json").read_text())["vocab"]
    style = np.load(model.parent / "voices.npz")["jf_alpha"]
    tokens = [vocabulary[c] for c in phrase]
    return {"tokens": np.array([[0, *tokens, 0]], np.int64), "style": style[len(tokens) - 1],
            "speed": np.array([speed], np.float32)}


RUNS = {"fsmn-vad": fsmn_runs, "front-ends": front_end_runs, "silero-vad": silero_runs,
        "voicefilter-lite": voicefilter_runs}


def outputs_of(escuta, provider, model, calls):
    """Outputs of every call; each call's state is what the same provider gave before."""
    given, before = [], {}
    for inputs, carried in calls:
        state = {name: before[f"{out}.npy"] for name, out in carried.items() if name not in inputs}
        with tempfile.TemporaryDirectory() as folder:
            before, error = run(escuta, provider, model, {**inputs, **state}, folder)
        if before is None:
            if provider == "ort" and "libonnxruntime" in error:
                raise Skipped("no libonnxruntime")
            return None, error
        given.append(before)
    return given, ""


def spread(ours, theirs):
    """The largest of the outputs' root mean squares of differences over those of values."""
    worst = 0.0
    for name, b in theirs.items():
        a = ours.get(name, np.zeros(0))
        if a.shape != b.shape or a.dtype != b.dtype:
            return float("inf")
        a, b = a.astype(np.float64), b.astype(np.float64)
        worst = max(worst, float(np.sqrt(np.mean((a - b) ** 2) / max(np.mean(b**2), 1e-30))))
    return worst


def check_run(escuta, entry, model, calls):
    """What is wrong with one run, or ''."""
    theirs, error = outputs_of(escuta, "ort", model, calls)
    if theirs is None:
        return f"ort: {error}"
    ours, error = outputs_of(escuta, "cpu", model, calls)
    if ours is None:
        return f"cpu: {error or 'ended by a signal'}"
    limit = SPREAD.get(model.name)
    # onnx-asr writes most front-ends twice; ort is exact where the transform is a convolution.
    exact = model.with_name(f"{model.stem}_conv.onnx")
    if exact.exists():
        limit = SPREAD["STFT"]
    if limit is not None:
        worst = max(spread(a, b) for a, b in zip(ours, theirs))
        if not worst <= limit:
            return f"root mean square {worst:.3g} apart, at most {limit} expected"
        if not exact.exists():
            return ""
        theirs, error = outputs_of(escuta, "ort", exact, calls)
        if theirs is None:
            return f"ort: {error}"
    faults = (difference(a, b, TOLERANCE[entry]) for a, b in zip(ours, theirs))
    return next((fault for fault in faults if fault), "")


# --- Kokoro: quantised through and through --------------------------------------------------------
# A step more or less in its first layers changes a duration by a frame and the phase of all sound
# after it. So each node is compared on the values that `ort` had there, and speech by its spectrum.
# The graph takes the angle of an STFT, which at 0 Hz and at half the rate turns by a whole circle with
# the sign of an imaginary part that is 0 but for rounding: ort's is noise there, and its sound has
# 3 neper less at 0 Hz. Speech is therefore compared with that STFT as a convolution, on both.


def dump_name(tensor):
    """The file that `escuta run --output-dir` writes a tensor to."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", tensor) + ".npy"


def run_files(escuta, provider, model, inputs, folder):
    command = [escuta, "run", model, "--provider", provider, "--optimization", "none", "--output-dir", folder]
    for name, path in inputs.items():
        command += ["--input", f"{name}={path}"]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return done.stderr.strip() or f"exit status {done.returncode}" if done.returncode != 0 else ""


def expose(model, produced):
    """The model with every value that a node makes as an output."""
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    del wide.graph.output[:]
    wide.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in produced)
    return wide


def cut(model, produced, values):
    """The model with each node reading graph inputs, of `values`' shapes, instead of other nodes' outputs."""
    apart = expose(model, [f"{name}__out" for name in produced])
    del apart.graph.value_info[:]
    read = set()
    for node in apart.graph.node:
        if node.op_type != "Constant":
            read.update(node.input)
            node.output[:] = [name and f"{name}__out" for name in node.output]
    fed = [name for name in produced if name in read]
    for name in fed:
        value = np.load(values / dump_name(name), mmap_mode="r")
        dtype = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
        apart.graph.input.append(onnx.helper.make_tensor_value_info(name, dtype, value.shape))
    return apart, fed


def check_nodes(escuta, path):
    """Faults of single nodes of Kokoro, saying one short sound."""
    model = onnx.load(path)
    made_by = {name: node.op_type for node in model.graph.node if node.op_type != "Constant"
               for name in node.output if name}
    faults = []
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        theirs, ours = scratch / "ort", scratch / "cpu"
        inputs = {}
        for name, value in kokoro_inputs(path, "a", 2.0).items():
            inputs[name] = scratch / f"{name}.npy"
            np.save(inputs[name], value)
        onnx.save(expose(model, made_by), scratch / "wide.onnx")
        if error := run_files(escuta, "ort", scratch / "wide.onnx", inputs, theirs):
            return [f"ort: {error}"]
        apart, fed = cut(model, made_by, theirs)
        onnx.save(apart, scratch / "apart.onnx")
        inputs.update((name, theirs / dump_name(name)) for name in fed)
        if error := run_files(escuta, "cpu", scratch / "apart.onnx", inputs, ours):
            return [f"cpu: {error}"]
        for name, kind in made_by.items():
            a, b = np.load(ours / dump_name(f"{name}__out")), np.load(theirs / dump_name(name))
            if a.shape != b.shape or a.dtype != b.dtype:
                faults.append(f"{kind} {name}: {a.dtype} {a.shape} and {b.dtype} {b.shape}")
                continue
            apart_by = np.max(np.abs(a.astype(np.float64) - b), initial=0)
            limit = NODE_TOLERANCE * np.max(np.abs(b.astype(np.float64)), initial=0)
            if a.dtype == np.uint8:
                limit = 1  # a step
            if not apart_by <= limit:
                faults.append(f"{kind} {name}: {apart_by:.3g} apart, at most {limit:.3g} expected")
    return faults


def with_exact_transform(model):
    """The model with its STFT as a convolution, whose imaginary parts are 0 where they must be."""
    node = next(n for n in model.graph.node if n.op_type == "STFT")
    known = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    known.update((n.output[0], numpy_helper.to_array(n.attribute[0].t))
                 for n in model.graph.node if n.op_type == "Constant" and n.attribute[0].name == "value")
    step, window = int(known[node.input[1]]), known[node.input[2]].astype(np.float64)
    size = len(window)
    turns = np.outer(np.arange(size // 2 + 1), np.arange(size)) % size
    sines = np.where(2 * turns % size == 0, 0, -np.sin(2 * np.pi * turns / size))
    basis = np.concatenate([np.cos(2 * np.pi * turns / size), sines]) * window
    signal, spectrum = node.input[0], node.output[0]
    constants = {"x_basis": basis[:, None].astype(np.float32), "x_signal": np.array([1, 1, -1]),
                 "x_parts": np.array([1, 2, size // 2 + 1, -1])}
    make, at = onnx.helper.make_node, list(model.graph.node).index(node)
    model.graph.node.remove(node)
    steps = [make("Reshape", [signal, "x_signal"], ["x_row"]),
             make("Conv", ["x_row", "x_basis"], ["x_bands"], strides=[step]),
             make("Reshape", ["x_bands", "x_parts"], ["x_split"]),
             make("Transpose", ["x_split"], [spectrum], perm=[0, 3, 2, 1])]
    for i, step_node in enumerate(steps):
        model.graph.node.insert(at + i, step_node)
    model.graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in constants.items())
    return model


def check_speech(escuta, path):
    """Faults of whole phrases: the length, and the mean of each mel band's logarithm."""
    with tempfile.TemporaryDirectory() as scratch:
        exact = Path(scratch) / "exact.onnx"
        onnx.save(with_exact_transform(onnx.load(path)), exact)
        return phrase_faults(escuta, path, exact)


def phrase_faults(escuta, path, exact):
    faults = []
    for phrase, speed in zip(PHRASES, (1.0, 1.3)):
        calls = [(kokoro_inputs(path, phrase, speed), {})]
        sounds = []
        for provider in ("ort", "cpu"):
            given, error = outputs_of(escuta, provider, exact, calls)
            if given is None:
                return [f"{provider}: {error or 'ended by a signal'}"]
            sounds.append(given[0]["audio.npy"])
        theirs, ours = sounds
        bands = [log_mel(sound, 1024, 256, 40).mean(0) for sound in sounds]
        level = float(np.sqrt(np.mean((bands[0] - bands[1]) ** 2)))
        print(f"     {phrase}: {len(theirs)} and {len(ours)} samples, bands {level:.2f} neper apart")
        if abs(len(ours) - len(theirs)) > 0.05 * len(theirs):
            faults.append(f"{phrase}: {len(ours)} samples, ort has {len(theirs)}")
        if not level <= SPEECH_LIMIT:
            faults.append(f"{phrase}: mel bands {level:.2f} neper apart, at most {SPEECH_LIMIT} expected")
    return faults


def check(escuta, entry, model, sound):
    if entry == "kokoro":
        return check_nodes(escuta, model) + check_speech(escuta, model)
    faults = [check_run(escuta, entry, model, calls) for calls in RUNS[entry](model, sound)]
    return [f"run {i}: {fault}" for i, fault in enumerate(faults) if fault]


def main():
    escuta, source, names = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    if not os.environ.get("ESCUTA_MODELS"):
        print("skipped: no ESCUTA_MODELS")
        return SKIPPED
    sound, checked, failed, skipped = samples(source), 0, 0, False
    for entry in ENTRIES:
        try:
            for model in sorted(fetch(source, entry).rglob("*.onnx")):
                if names and not any(name in model.name for name in names):
                    continue
                faults = check(escuta, entry, model, sound)
                print("FAIL" if faults else "PASS", f"{entry}/{model.name}", flush=True)
                print(*(f"     {fault}\n" for fault in faults[:20]), sep="", end="", flush=True)
                checked, failed = checked + 1, failed + bool(faults)
        except Skipped as missing:
            print(f"skipped: {missing}")
            skipped = True
    print(f"{checked - failed} of {checked} graphs agree")
    return 1 if failed else SKIPPED if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
