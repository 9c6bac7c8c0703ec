"""Names that are heard with and without `--hotwords`: the words of a manifest's English transcripts that are
capitalised inside a sentence are one list for all files."""

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import engines
import scoring
from wer import NOT_SCORED, add_data_option, read_manifest

NAME = re.compile(r"(?<=[a-z,;] )([A-Z][a-z']{3,}(?: [A-Z][a-z]+)*)")


def spoken(text: str, names: list[str]) -> Counter:
    plain = f" {' '.join(re.sub(r'[^a-z ]', ' ', text.lower()).split())} "
    return Counter({name: plain.count(f" {name.lower()} ") for name in names})


def measure(rows: list[dict], names: list[str], options: list[str], args) -> str:
    command = [engines.PROGRAM, "transcribe", *(args.data / row["file"] for row in rows), "-m",
               engines.model_folder(args.model), "-l", "en", "-f", "json", "--progress", "off", *options]
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True)
    texts = {Path(line["file"]).name: line["text"] for line in map(json.loads, done.stdout.splitlines())}
    total, heard, invented = scoring.Score(), 0, 0
    for row in rows:
        text = texts[row["file"]]
        total.add(scoring.score(row["transcript"], text, "en"))
        said, found = spoken(row["transcript"], names), spoken(text, names)
        heard += (said & found).total()
        invented += (found - said).total()
    return f"{heard} heard, {invented} invented, {total.errors} errors of {total.units} words"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="hotwords", description=__doc__)
    add_data_option(parser)
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--boosts", default="2,4,8")
    parser.add_argument("--work", type=Path, default=engines.ROOT / "build/peers")
    args = parser.parse_args(arguments)
    args.work.mkdir(parents=True, exist_ok=True)
    rows = [row for row in read_manifest(args.data) if row["language"] == "en" and row["group"] not in NOT_SCORED]
    names = sorted({match for row in rows for match in NAME.findall(row["transcript"])})
    path = args.work / "hotwords.txt"
    path.write_text("".join(name + "\n" for name in names))
    said = sum((spoken(row["transcript"], names) for row in rows), Counter()).total()
    print(f"{len(names)} names, spoken {said} times, {args.model}")
    print(f"without: {measure(rows, names, [], args)}", flush=True)
    for boost in args.boosts.split(","):
        options = ["--hotwords", f"@{path}", "--hotword-boost", boost]
        print(f"--hotword-boost {boost}: {measure(rows, names, options, args)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
