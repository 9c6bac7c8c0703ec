"""Time and memory of escuta, faster-whisper and a Python ONNX Runtime loop, on 11 s and on 5 minutes.

Each run is a process of its own, and the engines take turns, so that what else the machine does falls
on all of them. `process` is the whole of it, start to end; `transcribe` is what the engine itself counts,
without loading. The 5 minutes are the data folder's lj001_long.flac, repeated and cut at 300 s.
"""

import argparse
import json
import os
import statistics
import sys
import wave
from pathlib import Path

import engines

ENGINES = [
    engines.Engine("escuta", "escuta"),
    engines.Engine("escuta on ort", "escuta", provider="ort"),
    engines.Engine("faster-whisper float32", "faster-whisper", "float32"),
    engines.Engine("faster-whisper int8", "faster-whisper", "int8"),
    engines.Engine("onnxruntime in Python", "onnxruntime"),
]
LONG_SECONDS = 300


def make_long(source: Path, target: Path) -> Path:
    """`source` over and over, cut at 300 s, as 16 kHz mono 16-bit WAV."""
    import numpy as np
    from faster_whisper.audio import decode_audio

    if not target.exists():
        samples = np.resize(decode_audio(str(source), sampling_rate=16000), LONG_SECONDS * 16000)
        with wave.open(str(target), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            file.writeframes((samples * 32767).round().astype("<i2").tobytes())
    return target


def measure(chosen: list[engines.Engine], name: str, audio: Path, args) -> list[dict]:
    """One row for each engine."""
    runs: dict[str, list[engines.Run]] = {engine.name: [] for engine in chosen}
    for turn in range(args.repeat):
        for engine in chosen:
            done = engines.run(engine, engines.model_folder(name), "en", [str(audio)], args.threads)
            if done.returncode != 0 or len(done.results) != 1:
                raise SystemExit(f"{engine.name}: expected one result, found exit {done.returncode}: {done.errors}")
            runs[engine.name].append(done)
            print(f"{name} {audio.name} turn {turn + 1}: {engine.name} {done.wall_s:.2f} s, {done.peak_mb:.0f} MB",
                  file=sys.stderr)
    return [summary(engine.name, name, audio, done) for engine, done in zip(chosen, runs.values())]


def summary(engine: str, name: str, audio: Path, runs: list[engines.Run]) -> dict:
    results = [run.results[0] for run in runs]

    def both(values: list[float]) -> dict:
        return {"min": min(values), "median": statistics.median(values), "all": values}

    return {
        "engine": engine, "model": name, "audio": audio.name, "seconds": results[0]["duration"],
        "process_s": both([run.wall_s for run in runs]),
        "transcribe_s": both([result["timing"]["total_ms"] / 1e3 for result in results]),
        "load_s": both([result["timing"]["load_ms"] / 1e3 for result in results]),
        "cpu_s": both([run.cpu_s for run in runs]),
        "peak_mb": both([run.peak_mb for run in runs]),
        "tokens": sum(len(segment["tokens"]) for segment in results[0]["segments"]),
        "text": results[0]["text"],
    }


def markdown(rows: list[dict]) -> str:
    lines = ["| model | audio | engine | process s, min (median) | transcribe s, min (median) | load s | "
             "x real time | peak MB | tokens | same text |", "|---|---:|---|---:|---:|---:|---:|---:|---:|---|"]
    first: dict[tuple, str] = {}  # what the first engine made of each audio
    for row in rows:
        same = first.setdefault((row["model"], row["audio"]), row["text"]) == row["text"]
        process, inner = row["process_s"], row["transcribe_s"]
        lines.append(
            f"| {row['model']} | {row['seconds']:.0f} s | {row['engine']} | {process['min']:.2f} "
            f"({process['median']:.2f}) | {inner['min']:.2f} ({inner['median']:.2f}) | {row['load_s']['min']:.2f} | "
            f"{row['seconds'] / process['min']:.1f} | {row['peak_mb']['median']:.0f} | {row['tokens']} | "
            f"{'yes' if same else 'no'} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="speed", description=__doc__)
    shared = os.environ.get("ESCUTA_SHARED_DATA")
    parser.add_argument("--data", type=Path, required=shared is None,
                        default=Path(shared) / "speech" if shared else None,
                        help="folder with lj001_long.flac (default: $ESCUTA_SHARED_DATA/speech)")
    parser.add_argument("--models", default="tiny.en,base")
    parser.add_argument("--engines", default="", help="only those whose names contain one of these, comma-separated")
    parser.add_argument("--audio", default="short,long")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write everything here as well")
    parser.add_argument("--work", type=Path, default=engines.ROOT / "build/peers",
                        help="where the 5 minutes are kept (default: build/peers)")
    args = parser.parse_args(arguments)
    args.work.mkdir(parents=True, exist_ok=True)

    chosen = [e for e in ENGINES if any(part in e.name for part in args.engines.split(","))]
    audio = {"short": engines.ROOT / "samples/jfk.wav"}
    if "long" in args.audio:
        audio["long"] = make_long(args.data / "lj001_long.flac", args.work / "five_minutes.wav")
    facts = engines.machine()
    rows = []
    for name in args.models.split(","):
        for length in args.audio.split(","):
            rows += measure(chosen, name, audio[length].resolve(), args)
    print(markdown(rows))
    print(f"{args.threads} threads, {args.repeat} runs each in turn; {json.dumps(facts)}; "
          f"{json.dumps(engines.versions())}")
    if args.json:
        args.json.write_text(json.dumps({"machine": facts, "versions": engines.versions(), "rows": rows},
                                        indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
