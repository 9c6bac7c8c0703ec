"""Whisper on `cpu` gives the tokens that it gives on `ort`, greedily, for every recording of
$ESCUTA_SHARED_DATA/speech.

usage: test_same_tokens.py ESCUTA MODEL...   names of models in $ESCUTA_MODELS

Two engines round differently, so where the two best tokens are closer than their rounding either may
win; NEAR_TIES names the recordings where that was found, with the difference of the two logits.
Skipped with a line where the recordings, a model or libonnxruntime are absent.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

SKIPPED = 77
NEAR_TIES = {}  # (model, recording): difference of the two best logits


def tokens_by_file(escuta, model, provider, files):
    done = subprocess.run([escuta, "transcribe", *map(str, files), "-m", str(model), "--provider", provider,
                           "--temperature", "0", "--no-vad", "-f", "json"],
                          capture_output=True, text=True)
    if "libonnxruntime" in done.stderr and provider == "ort":
        print("skipped: no libonnxruntime")
        sys.exit(SKIPPED)
    found = {}
    for line in done.stdout.splitlines():
        page = json.loads(line)
        found[Path(page["file"]).name] = [t for s in page["segments"] for t in s["tokens"]]
    return found


def main():
    escuta, names = sys.argv[1], sys.argv[2:]
    speech = Path(os.environ.get("ESCUTA_SHARED_DATA", "/nonexistent")) / "speech"
    if not speech.is_dir():
        print("skipped: no ESCUTA_SHARED_DATA")
        return SKIPPED
    files = sorted(f for f in speech.iterdir() if f.suffix in (".wav", ".mp3", ".flac", ".m4a"))
    failed = False
    for name in names:
        model = Path(os.environ.get("ESCUTA_MODELS", "/nonexistent")) / name
        if not model.is_dir():
            print(f"skipped: model {name} is absent: ./run models {name} brings it")
            return SKIPPED
        ours = tokens_by_file(escuta, model, "cpu", files)
        theirs = tokens_by_file(escuta, model, "ort", files)
        differing = [f for f in theirs if ours.get(f) != theirs[f]]
        for file in differing:
            a, b = ours.get(file, []), theirs[file]
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            print(f"{name} {file}: token {at} of {len(b)}: {a[at:at + 3]} and {b[at:at + 3]}")
        failed |= any((name, file) not in NEAR_TIES for file in differing) or not theirs
        print(f"{name}: {len(theirs) - len(differing)} of {len(theirs)} recordings the same, "
              f"{sum(map(len, theirs.values()))} tokens")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
