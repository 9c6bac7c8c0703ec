"""Real exporters' graphs give on `cpu` what they give on `ort`: random inputs, several sizes.

usage: test_providers_agree.py ESCUTA [MODEL.onnx...]

Without models: those under $ESCUTA_SHARED_DATA (exports/, vad/, conette/). Skipped without that
folder, or without libonnxruntime.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SKIPPED = 77
# Dynamic quantisation rounds activations: where a value lies on the edge between two steps, the last
# bit of a sum before it decides, and a whole step of difference follows.
QUANTISED_STEPS = 0.05
TOLERANCE = 1e-4  # absolute, and relative to the largest output

TYPES = {"float": np.float32, "double": np.float64, "int64": np.int64, "int32": np.int32,
         "bool": np.bool_, "float16": np.float16}


def sizes_for(case):
    """Sizes of the symbolic dimensions, by their names."""
    batch, length = [(1, 7), (2, 12), (3, 1)][case]
    return {"batch_size": batch, "batch": batch, "N": batch,
            "sequence_length": length, "decoder_sequence_length": length,
            "encoder_sequence_length": 2 * length + 4, "encoder_sequence_length_out": length + 2,
            "encoder_sequence_length / 2": length + 2, "past_decoder_sequence_length": length,
            "time_steps": length, "T": 16000, "sequence": 512, "seq_len": length}


def shape_of(io, sizes, model, case):
    name = io["name"]
    shape = [sizes.get(d, 1) if isinstance(d, str) or d is None else d for d in io["shape"]]
    if name == "input_values" and len(shape) == 2:  # samples of sound
        shape[1] = [4000, 16000, 9001][case]
    if model.name.startswith("silero_vad") and name == "input":
        shape = [shape[0] if model.name == "silero_vad_v6.onnx" else 1, 576 if "v6" in model.name else 512]
    if "t5" in str(model) and ".encoder." in name:
        shape[2] = sizes["encoder_sequence_length"]
    if "merged" in model.name and "decoder_model" in model.name and ".encoder." in name:
        shape[2] = sizes["encoder_sequence_length" if "t5" in str(model) else "encoder_sequence_length_out"]
    return shape


def make_inputs(model, inputs, case):
    random = np.random.default_rng(case)
    sizes = sizes_for(case)
    made = {}
    for io in inputs:
        shape, dtype = shape_of(io, sizes, model, case), TYPES[io["type"]]
        if io["name"] == "sr":
            made["sr"] = np.array(16000, np.int64)
        elif "mask" in io["name"]:
            made[io["name"]] = np.ones(shape, dtype)
        elif dtype == np.bool_:
            made[io["name"]] = np.full(shape, case != 1)  # use_cache_branch
        elif np.issubdtype(dtype, np.integer):
            top = 2 if "type_ids" in io["name"] else 10
            made[io["name"]] = random.integers(0, top, shape).astype(dtype)
        else:
            made[io["name"]] = (0.3 * random.standard_normal(shape)).astype(dtype)
    # A merged decoder asked for one more step gets one token.
    if case != 1 and "use_cache_branch" in made:
        made["input_ids"] = made["input_ids"][:, :1]
    return made


def run(escuta, provider, model, inputs, folder):
    command = [escuta, "run", str(model), "--provider", provider, "--output-dir", str(folder), "-f", "json"]
    for i, (name, value) in enumerate(inputs.items()):
        path = Path(folder) / f"in_{i}.npy"
        np.save(path, value)
        command += ["--input", f"{name}={path}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        return None, done.stderr.strip()
    outputs = {p.name: np.load(p) for p in sorted(Path(folder).glob("*.npy")) if not p.name.startswith("in_")}
    return outputs, ""


def difference(ours, theirs, limit):
    """What is wrong, or ''. NaN equals NaN."""
    if ours.keys() != theirs.keys():
        return f"outputs {sorted(ours)} and {sorted(theirs)}"
    for name in ours:
        a, b = ours[name], theirs[name]
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"{name}: {a.dtype} {a.shape} and {b.dtype} {b.shape}"
        if a.size == 0:
            continue
        a, b = a.astype(np.float64), b.astype(np.float64)
        scale = max(1.0, float(np.nanmax(np.abs(b))) if np.isfinite(b).any() else 1.0)
        worst = np.nanmax(np.where(np.isnan(a) & np.isnan(b), 0, np.abs(a - b)), initial=0)
        if np.isnan(a).sum() != np.isnan(b).sum() or worst > limit * scale:
            return f"{name}: {worst:.3g} apart, largest {scale:.3g}"
    return ""


def check(escuta, model):
    page = subprocess.run([escuta, "inspect", str(model), "-f", "json"], capture_output=True, text=True)
    inputs = json.loads(page.stdout)["inputs"]
    limit = QUANTISED_STEPS if "quantised" in str(model) else TOLERANCE
    faults = []
    for case in range(3):
        values = make_inputs(model, inputs, case)
        with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
            theirs, error = run(escuta, "ort", model, values, a)
            if theirs is None:  # sizes that the model itself does not take
                if "libonnxruntime" in error:
                    print("skipped: no libonnxruntime")
                    sys.exit(SKIPPED)
                if case == 0:
                    faults.append(f"case {case}: ort: {error}")
                continue
            ours, error = run(escuta, "cpu", model, values, b)
            fault = error if ours is None else difference(ours, theirs, limit)
            if fault:
                faults.append(f"case {case}: {fault}")
    return faults


def main():
    escuta, models = sys.argv[1], [Path(m) for m in sys.argv[2:]]
    if not models:
        shared = os.environ.get("ESCUTA_SHARED_DATA")
        if not shared:
            print("skipped: no ESCUTA_SHARED_DATA")
            return SKIPPED
        for folder in ("exports", "vad", "conette"):
            models += sorted((Path(shared) / folder).rglob("*.onnx"))
    failed = 0
    for model in models:
        faults = check(escuta, model)
        print(f"{'FAIL' if faults else 'PASS'} {model.parent.name}/{model.name}", *faults, sep="\n     " if faults else "")
        failed += bool(faults)
    print(f"{len(models) - failed} of {len(models)} models agree")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
