"""escuta beside its peers in one run: time, memory, and how far from what this machine can do.

Each number comes from a process of its own; programs take turns, so that what else the machine does falls on all
of them. Writes NAME.json, NAME.md and NAME.svg to --out. README.md says what each row is for each program.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

import engines
import growth
import page_cache
import report
import shapes
from bounds import Audio, Bounds, Limits
from random_model import make as make_random
from recordings import repeated
from words import differing

CONTEXT, STEPS = 120, 32
INNER = 3  # repetitions inside a process, for rows of one window
WINDOW_ROWS = ["log_mel", "encoder", "decoder:1", "decoder:5", "decoder:16"]
LOAD_ROWS = ["load_warm", "load_cold"]
AUDIO_ROWS = [f"{audio}:{how}" for audio in ("short", "long") for how in ("greedy", "beam5", "batched")]
ROWS = [*WINDOW_ROWS, *LOAD_ROWS, *AUDIO_ROWS, "memory"]
HOW = {"greedy": (1, 1), "beam5": (5, 1), "batched": (1, 16)}
TRAINED = ("tiny.en", "base")
LONG_S = 300
SPEECH = ("and so my fellow americans ask not what your country can do for you "
          "ask what you can do for your country")
WRONG_WORDS = 0.2  # a program whose text of the sample differs more is not timed


def chosen(names: list[str], wanted: str) -> list[str]:
    """Those that a comma-separated list names, whole or up to a colon: `decoder` is every decoder row."""
    parts = [part for part in wanted.split(",") if part]
    if unknown := [p for p in parts if not any(n == p or n.startswith(p + ":") for n in names)]:
        raise SystemExit(f"expected some of {', '.join(names)}, found {', '.join(unknown)}")
    return [n for n in names if any(n == p or n.startswith(p + ":") for p in parts)]


def measured_options(arguments: list[str]) -> list[str]:
    """What was typed but for where files lie, which is one machine's business."""
    places = {"--work", "--out", "--speech"}
    return [word for i, word in enumerate(arguments)
            if word.split("=")[0] not in places and (i == 0 or arguments[i - 1] not in places)]


class Table:
    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.work = args.work.resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.rows = chosen(ROWS, args.rows)
        self.threads = [int(n) for n in args.threads.split(",")]
        self.engines = [e for e in engines.ENGINES if e.precision in args.precisions.split(",") and
                        e.program in args.peers.split(",") and
                        (args.variants or e.variant not in ("f32", "int8_float32"))]
        self.audio = {"short": engines.ROOT / "samples/jfk.wav"}
        if any(row.startswith("long:") for row in self.rows):
            self.audio["long"] = repeated(args.speech, self.work / f"{args.speech.stem}_5_min.wav", LONG_S)
        self.cells: dict[tuple, dict] = {}  # (model, precision, threads, row, engine) -> cell
        self.texts: dict[tuple, tuple[str, Audio]] = {}  # (model, audio row) -> the first program's words
        self.limits: dict = {}

    # --- One run ------------------------------------------------------------------------------

    def run(self) -> dict:
        began = time.time()
        machine = engines.machine()
        self.measure_limits()
        for model in self.args.models.split(","):
            self.model(model)
        self.measure_limits()
        for cell in self.cells.values():
            self.finish(cell)
        order = {engine.name: i for i, engine in enumerate(engines.ENGINES)}
        models = self.args.models.split(",")
        cells = sorted(self.cells.values(), key=lambda c: (
            models.index(c["model"]), c["precision"] != "fp32", c["threads"], ROWS.index(c["row"]), order[c["engine"]]))
        result = {"machine": machine | {"load_after": round(os.getloadavg()[0], 2)}, "versions": engines.versions(),
                  "limits": self.limits, "cells": cells,
                  "run": {"repeat": self.args.repeat, "seconds": time.time() - began, "context": CONTEXT,
                          "steps": STEPS, "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(began)),
                          "speech": self.args.speech.name, "options": measured_options(sys.argv[1:])}}
        if self.args.growth:
            result["growth"] = growth.measure(self.args.growth, max(self.threads), self.work, self.args.speech)
        return result

    def measure_limits(self) -> None:
        """Before and after everything: the better of the two, for another program may have had the machine."""
        done = engines.start([str(engines.BENCH / "peers_limits")], 1)
        if done.absent:
            raise SystemExit(f"peers_limits: {done.absent}")
        for name, found in done.results[0].items():
            if isinstance(found, dict):
                kept = self.limits.setdefault(name, {})
                kept.update({n: max(rate, kept.get(n, 0)) for n, rate in found.items()})
            else:
                self.limits.setdefault(name, found)
        probe = repeated(self.audio["short"], self.work / "probe.wav", 3600)
        page_cache.drop(probe)
        self.limits["disk_gbs"] = max(page_cache.read(probe), self.limits.get("disk_gbs", 0))

    def model(self, name: str) -> None:
        if name in TRAINED:
            folder = engines.model_folder(name).resolve()
        else:
            folder = self.work / f"random-{name}"
            engines.say(f"{name}: random weights")
            make_random(name, folder, 1, engines.PROGRAM)
        self.shape = shapes.of_checkpoint(folder / "ct2/model.bin")
        ready: list[tuple[engines.Engine, Path]] = []
        for engine in self.engines:
            path, absent = engines.prepare(engine, folder, self.work)
            absent = absent or (self.check_words(engine, path) if name in TRAINED else None)
            if absent:
                engines.say(f"{name}: {engine.name} is absent: {absent}")
                for threads in self.threads:
                    for row in self.rows_of(name, threads):
                        self.cell(name, engine, threads, row)["absent"] = absent
            else:
                ready.append((engine, path))
        for threads in self.threads:
            for turn in range(self.args.repeat):
                for engine, path in ready:
                    engines.say(f"{name}, threads {threads}, turn {turn + 1}: {engine.name}")
                    self.turn(name, engine, path, threads, self.rows_of(name, threads), turn)

    def rows_of(self, name: str, threads: int) -> list[str]:
        """Random weights say nothing, so nobody listens; the long rows are for the most threads only."""
        return [row for row in self.rows if (name in TRAINED or row not in AUDIO_ROWS) and
                (not row.startswith("long:") or threads == max(self.threads))]

    def check_words(self, engine: engines.Engine, path: Path) -> str | None:
        done = engines.transcribe(engine, path, "en", [str(self.audio["short"])], max(self.threads))
        if done.absent:
            return done.absent
        text = done.results[0]["text"]
        wrong = differing(SPEECH, text)
        return f"its words are not those of the sample: {text[:80]!r}" if wrong > WRONG_WORDS else None

    # --- One turn of one program --------------------------------------------------------------

    def turn(self, name: str, engine: engines.Engine, path: Path, threads: int, rows: list[str], turn: int) -> None:
        if "load_cold" in rows:
            page_cache.drop(path)
            self.window(name, engine, path, threads, [], "load_cold")
        page_cache.read(path)
        if wanted := [row for row in rows if row in WINDOW_ROWS]:
            self.window(name, engine, path, threads, wanted, "load_warm" if "load_warm" in rows else None)
        elif "load_warm" in rows:
            self.window(name, engine, path, threads, [], "load_warm")
        for row in rows:
            if row in AUDIO_ROWS and (turn == 0 or row.startswith("short:")):  # five minutes are an average already
                self.listen(name, engine, path, threads, row)
        if "memory" in rows:
            self.memory(name, engine, path, threads)

    def window(self, name: str, engine: engines.Engine, path: Path, threads: int, rows: list[str],
               load_row: str | None) -> None:
        done = engines.window(engine, path, self.audio["short"], rows, threads, INNER, CONTEXT, STEPS)
        wanted = [*rows, *([load_row] if load_row else [])]
        if done.absent:
            for row in wanted:
                self.cell(name, engine, threads, row)["absent"] = done.absent
            return
        found = done.results[0]
        for row in wanted:
            cell = self.cell(name, engine, threads, row)
            if row == load_row:
                cell["all"].append(found["first_token_ms"])
                cell.setdefault("load_ms", []).append(found["load_ms"])
            elif row in found["refused"]:
                cell["absent"] = found["refused"][row]
            else:
                cell["all"] += found["rows"][row]

    def listen(self, name: str, engine: engines.Engine, path: Path, threads: int, row: str) -> None:
        audio, how = row.split(":")
        cell = self.cell(name, engine, threads, row)
        if "absent" in cell:
            return
        beam, batch = HOW[how]
        done = engines.transcribe(engine, path, "en", [str(self.audio[audio])], threads, beam, batch)
        if done.absent:
            cell["absent"] = done.absent
            return
        result = done.results[0]
        first, _ = self.texts.setdefault((name, row), (result["text"], Audio(
            result["duration"], sum(len(s["tokens"]) for s in result["segments"]))))
        cell["all"].append(done.wall_s * 1e3)
        cell.setdefault("peak_mb", []).append(done.peak_mb)
        cell.setdefault("transcribe_ms", []).append(result["timing"]["total_ms"])
        cell["differs"] = 100 * differing(first, result["text"])

    def memory(self, name: str, engine: engines.Engine, path: Path, threads: int) -> None:
        """Of a whole process that hears the sample; with random weights of one that loads and writes a token."""
        cell = self.cell(name, engine, threads, "memory")
        heard = self.cells.get((name, engine.precision, threads, "short:greedy", engine.name), {}).get("peak_mb")
        if heard:
            cell["all"] = list(heard)
        elif name in TRAINED:
            done = engines.transcribe(engine, path, "en", [str(self.audio["short"])], threads)
            cell["all"].append(done.peak_mb)
        else:
            done = engines.window(engine, path, self.audio["short"], [], threads, 1, CONTEXT, STEPS)
            cell["all"].append(done.peak_mb)

    # --- What comes of it ---------------------------------------------------------------------

    def cell(self, name: str, engine: engines.Engine, threads: int, row: str) -> dict:
        key = (name, engine.precision, threads, row, engine.name)
        return self.cells.setdefault(key, {
            "model": name, "precision": engine.precision, "threads": threads, "row": row, "engine": engine.name,
            "all": [], "shape": vars(self.shape)})

    def finish(self, cell: dict) -> None:
        shape = shapes.Shape(**cell.pop("shape"))
        if cell["all"]:
            cell.pop("absent", None)
            cell |= {"min": min(cell["all"]), "median": statistics.median(cell["all"])}
        _, audio = self.texts.get((cell["model"], cell["row"]), ("", None))
        limits = Limits.of(self.limits, cell["threads"])
        cell["bound"] = Bounds(shape, cell["precision"], limits, CONTEXT + STEPS / 2,
                               self.limits["disk_gbs"]).of(cell["row"], audio)


def options(arguments: list[str] | None) -> argparse.Namespace:
    programs = list(dict.fromkeys(e.program for e in engines.ENGINES))
    parser = argparse.ArgumentParser(prog="table", description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS), help="some of: %(default)s; `decoder` is all of decoder:*")
    parser.add_argument("--models", default="tiny.en,base",
                        help=f"published: {', '.join(TRAINED)}; with random weights: {', '.join(shapes.SHAPES)}")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--precisions", default="fp32,int8")
    parser.add_argument("--peers", default=",".join(programs), help="some of: %(default)s")
    parser.add_argument("--variants", action="store_true",
                        help="also what equals another (int8_float32) or cannot be (whisper.cpp f32)")
    parser.add_argument("--repeat", type=int, default=2,
                        help="turns; rows of one window count three times in each (default: 2)")
    parser.add_argument("--quick", action="store_true", help="tiny.en, two threads, one turn, 11 s only")
    parser.add_argument("--growth", metavar="MODEL", help="also escuta's time and memory on 1 minute to 3 hours")
    shared = Path(os.environ.get("ESCUTA_SHARED_DATA", "")) / "speech/lj001_long.flac"
    parser.add_argument("--speech", type=Path, default=shared if shared.exists() else engines.ROOT / "samples/jfk.wav",
                        help="what the 5 minutes are made of, repeated (default: $ESCUTA_SHARED_DATA/speech/"
                        "lj001_long.flac, else the sample)")
    parser.add_argument("--out", type=Path, default=engines.ROOT / "bench/results")
    parser.add_argument("--name", default="table")
    parser.add_argument("--work", type=Path, default=engines.ROOT / "build/peers",
                        help="where quantised and random models are kept (default: build/peers)")
    args = parser.parse_args(arguments)
    if args.quick:
        args.models, args.threads, args.repeat = "tiny.en", "2", 1
        args.rows = ",".join(row for row in chosen(ROWS, args.rows) if not row.startswith("long:"))
    return args


def main(arguments: list[str] | None = None) -> int:
    args = options(arguments)
    result = Table(args).run()
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / f"{args.name}.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    (args.out / f"{args.name}.md").write_text(report.markdown(result))
    (args.out / f"{args.name}.svg").write_text(report.chart(result))
    print(report.markdown(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
