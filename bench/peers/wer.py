"""Word error rate of escuta beside another program's: the same weights, greedy, on every file of a manifest.

The data folder has manifest.tsv with the columns file, language, transcript and group. Groups
`notranscript` and `duplicate` are transcribed, so that a failure shows, and not scored. English is
normalised as in Whisper's paper, other languages with its basic normaliser; Japanese and Korean are
scored by character, in rows of their own. Exit status 1: the first of --engines is worse than the second
by more than --tolerance points in a total of words, or a file failed.
"""

import argparse
import csv
import json
import os
import sys
from pathlib import Path

import engines
import scoring

PAIR = "escuta:float32,faster-whisper:float32"
NOT_SCORED = {"notranscript", "duplicate"}


def add_data_option(parser: argparse.ArgumentParser) -> None:
    shared = os.environ.get("ESCUTA_SHARED_DATA")
    parser.add_argument("--data", type=Path, required=shared is None,
                        default=Path(shared) / "speech" if shared else None,
                        help="folder with manifest.tsv (default: $ESCUTA_SHARED_DATA/speech)")


def read_manifest(folder: Path) -> list[dict]:
    with open(folder / "manifest.tsv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def transcribe(engine: engines.Engine, name: str, rows: list[dict], auto: bool, args) -> dict[str, dict]:
    """{file: result}. Kept in args.work, so that --reuse can leave out what has not changed."""
    path, absent = engines.prepare(engine, engines.model_folder(name).resolve(), args.work)
    if path is None:
        raise SystemExit(f"{engine.name}: {absent}")
    results = {}
    for language in ["auto"] if auto else sorted({row["language"] for row in rows}):
        files = [row["file"] for row in rows if auto or row["language"] == language]
        kept = args.work / f"{engine.program}.{engine.variant}.{name}.{language}.jsonl"
        if engine.program in args.reuse and kept.exists():
            lines = [json.loads(line) for line in kept.read_text().split("\n") if line]
        else:
            done = engines.transcribe(engine, path, language, files, args.threads, cwd=args.data)
            lines = done.results
            kept.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
            sys.stderr.write(done.errors)
            print(f"{engine.name} {name} {language}: {len(files)} files, {done.wall_s:.1f} s, "
                  f"exit {done.returncode}", file=sys.stderr)
        results |= {Path(line["file"]).name: line for line in lines}
    return results


class Table:
    """Scores of both engines by language, and what differs."""

    def __init__(self, name: str, auto: bool, rows: list[dict], found: dict[str, dict[str, dict]]):
        self.first, self.second = found  # names of engines
        self.title = f"{name}, language {'detected' if auto else 'given'}"
        self.groups: dict[str, dict[str, scoring.Score]] = {}
        self.differences, self.failures, self.misheard = [], [], []
        for row in rows:
            self._add(row, {engine: results.get(row["file"]) for engine, results in found.items()}, auto)

    def _add(self, row: dict, results: dict[str, dict | None], auto: bool) -> None:
        language = row["language"]
        for engine, result in results.items():
            if result is None:
                self.failures.append((engine, row["file"]))
            elif auto and result["language"] != language:
                self.misheard.append((engine, row["file"], language, result["language"]))
        if row["group"] in NOT_SCORED:
            return
        scores = {engine: scoring.score(row["transcript"], result["text"] if result else "", language)
                  for engine, result in results.items()}
        total = "characters" if language in scoring.BY_CHARACTER else "words"
        for group in (language, total):
            for engine, score in scores.items():
                self.groups.setdefault(group, {}).setdefault(engine, scoring.Score()).add(score)
        texts = {engine: " ".join(scoring.units(result["text"], language)) if result else None
                 for engine, result in results.items()}
        if len(set(texts.values())) > 1:
            self.differences.append({"file": row["file"], "language": language, "texts": texts,
                                     "errors": {engine: score.errors for engine, score in scores.items()}})

    def points(self, group: str) -> float:
        scores = self.groups[group]
        return scores[self.first].percent - scores[self.second].percent

    def markdown(self) -> str:
        lines = [f"### {self.title}", "", f"| | files | units | {self.first} % | {self.second} % | difference, points |",
                 "|---|---:|---:|---:|---:|---:|"]
        totals = [group for group in ("words", "characters") if group in self.groups]
        for group in sorted(self.groups.keys() - set(totals)) + totals:
            ours, theirs = (self.groups[group][engine] for engine in (self.first, self.second))
            label = f"**all {group}**" if group in totals else group
            lines.append(f"| {label} | {ours.files} | {ours.units} | {ours.percent:.2f} | {theirs.percent:.2f} | "
                         f"{self.points(group):+.2f} |")
        for engine, file in self.failures:
            lines.append(f"\n{engine} gave nothing for {file}")
        for engine, file, spoken, heard in self.misheard:
            lines.append(f"\n{engine} took {file} ({spoken}) for {heard}")
        lines += ["", f"{len(self.differences)} files differ:"]
        for item in self.differences:
            lines.append(f"- {item['file']} ({item['language']}), errors: " +
                         ", ".join(f"{engine} {errors}" for engine, errors in item["errors"].items()))
        return "\n".join(lines) + "\n"

    def json(self) -> dict:
        return {"title": self.title, "differences": self.differences, "failures": self.failures,
                "groups": {group: {engine: vars(score) | {"percent": score.percent}
                                   for engine, score in scores.items()} for group, scores in self.groups.items()}}


def compare(name: str, auto: bool, rows: list[dict], args) -> Table:
    if name.endswith(".en"):
        rows = [row for row in rows if row["language"] == "en"]
    found = {engine.name: transcribe(engine, name, rows, auto, args) for engine in args.pair}
    return Table(name, auto, rows, found)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="wer", description=__doc__)
    add_data_option(parser)
    parser.add_argument("--models", default="tiny.en,base")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tolerance", type=float, default=0.3, help="points (default: 0.3)")
    parser.add_argument("--json", type=Path, help="write everything here as well")
    parser.add_argument("--work", type=Path, default=engines.ROOT / "build/peers",
                        help="where the transcripts are kept (default: build/peers)")
    parser.add_argument("--engines", default=PAIR, help=f"two of PROGRAM:VARIANT (default: {PAIR})")
    parser.add_argument("--reuse", action="append", default=[], metavar="PROGRAM",
                        help="take this engine's transcripts from --work where they are there")
    args = parser.parse_args(arguments)
    args.work.mkdir(parents=True, exist_ok=True)
    args.data = args.data.resolve()
    known = {f"{engine.program}:{engine.variant}": engine for engine in engines.ENGINES}
    args.pair = [known.get(name) for name in args.engines.split(",")]
    if len(args.pair) != 2 or None in args.pair:
        parser.error(f"--engines: expected two of {', '.join(known)}, found {args.engines}")

    rows = read_manifest(args.data)
    tables = []
    for name in args.models.split(","):
        for auto in [False] if name.endswith(".en") else [False, True]:
            tables.append(compare(name, auto, rows, args))
            print(tables[-1].markdown())
    if args.json:
        args.json.write_text(json.dumps({"versions": engines.versions(), "machine": engines.machine(),
                                         "tables": [table.json() for table in tables]}, indent=1,
                                        ensure_ascii=False))
    worse = [table.title for table in tables if table.points("words") > args.tolerance]
    for title in worse:
        print(f"{args.pair[0].name} is worse by more than {args.tolerance} points: {title}")
    return 1 if worse or any(table.failures for table in tables) else 0


if __name__ == "__main__":
    sys.exit(main())
