"""How far word times are from the truth: escuta's, and faster-whisper's where that package is.

    ESCUTA_SHARED_DATA=DIR measure.py escuta MODEL_FOLDER [--tracks N] [--also OPTION...]

MODEL_FOLDER has the CTranslate2 checkpoint of the same weights in `ct2` for faster-whisper."""

import argparse
import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import tracks

DIGITS = dict(zip("0123456789", "zero one two three four five six seven eight nine".split()))


def plain(word: str) -> str:
    word = re.sub(r"[^a-z0-9']", "", word.lower())
    return DIGITS.get(word, word)


def escuta_words(program: str, model: str, options: list[str], path: Path) -> list[tuple[str, float, float]]:
    done = subprocess.run([program, "transcribe", str(path), "-m", model, "-f", "json", "--word-timestamps",
                           "--progress", "off", *options], check=True, capture_output=True, text=True)
    segments = json.loads(done.stdout)["segments"]
    return [(w["word"], w["start"], w["end"]) for s in segments for w in s.get("words", [])]


def peer_words(model, vad: bool, path: Path) -> list[tuple[str, float, float]]:
    segments, _ = model.transcribe(str(path), language="en", beam_size=1, word_timestamps=True, vad_filter=vad)
    return [(w.word, w.start, w.end) for s in segments for w in s.words]


def errors(track: tracks.Track, heard: list[tuple[str, float, float]]) -> list[tuple[str, float]]:
    """Of the edges whose word was understood: side, and seconds too late."""
    matcher = difflib.SequenceMatcher(None, [plain(w) for w in track.words], [plain(w[0]) for w in heard],
                                      autojunk=False)
    at = {}
    for block in matcher.get_matching_blocks():
        for i in range(block.size):
            at[block.a + i] = heard[block.b + i]
    return [(edge.side, at[edge.word][1 if edge.side == "start" else 2] - edge.seconds)
            for edge in track.edges if edge.word in at]


def line(name: str, found: list[float], edges: int) -> str:
    if not found:
        return f"| {name} | 0/{edges} | | | |"
    ms = sorted(abs(x) * 1000 for x in found)
    return (f"| {name} | {len(ms)}/{edges} | {ms[len(ms) // 2]:.0f} | {ms[int(len(ms) * 0.95)]:.0f} | "
            f"{100 * sum(x <= 200 for x in ms) / len(ms):.0f} % |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("--tracks", type=int, default=4, help="of each kind (4)")
    parser.add_argument("--also", nargs="*", default=[], help="further options of escuta")
    args = parser.parse_args()
    shared = os.environ.get("ESCUTA_SHARED_DATA")
    if not shared:
        print("expected ESCUTA_SHARED_DATA to name a folder with speech/manifest.tsv, found nothing")
        return 77
    hearers = {}
    for vad in (False, True):
        options = ["-l", "en", "--vad" if vad else "--no-vad", *args.also]
        hearers[f"escuta{', vad' * vad}"] = lambda p, o=options: escuta_words(args.program, args.model, o, p)
    try:
        from faster_whisper import WhisperModel
        model = WhisperModel(str(Path(args.model) / "ct2"), device="cpu", compute_type="float32", cpu_threads=2)
        for vad in (False, True):
            hearers[f"faster-whisper{', vad' * vad}"] = lambda p, v=vad: peer_words(model, v, p)
    except ImportError:
        print("faster-whisper is absent", file=sys.stderr)
    made = tracks.make(Path(shared) / "speech", args.tracks)
    print("| | words understood | median ms | 95 % ms | within 200 ms |\n|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        paths = [tracks.write(track, Path(folder) / f"{track.name}.wav") for track in made]
        for name, hear in hearers.items():
            found, edges = {}, {}
            for track, path in zip(made, paths):
                kind = track.name.rstrip("0123456789")
                for edge in track.edges:
                    edges[kind, edge.side] = edges.get((kind, edge.side), 0) + 1
                for side, late in errors(track, hear(path)):
                    found.setdefault((kind, side), []).append(late)
            for key in sorted(edges):
                print(line(f"{name}: {key[0]}, {key[1]}", found.get(key, []), edges[key]), flush=True)
            print(line(f"{name}: all", sum(found.values(), []), sum(edges.values())), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
