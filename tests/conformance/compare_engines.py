"""Counts the cases of ONNX's backend tests that escuta passes and that ONNX Runtime passes.

usage: compare_engines.py CONFORMANCE CASES [--provider NAME] [--report FOLDER] [--list] [--update]

CONFORMANCE is the program built from this folder; CASES has a folder for each suite. escuta runs in
it; ONNX Runtime runs in worker processes (ort_outputs.py), once as released and once with operator
sets that are not released yet allowed, and its outputs are judged by the same program. What each
fails, and why, goes to FOLDER, one file for each engine; with --list to stdout as well. --update adds
the cases that escuta passes to the lists beside this script.
"""

import argparse
import collections
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUITES = ("node", "simple", "pytorch-converted", "pytorch-operator")
SECONDS_PER_CASE = 60


def say(text):
    print(text, file=sys.stderr, flush=True)


# --- ONNX Runtime ---------------------------------------------------------------------------------

class Worker:
    """A process that runs cases, and its successors when a case ends it."""

    def __init__(self, environment):
        self.environment = environment
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-B", HERE / "ort_outputs.py"], env=self.environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def run(self, case, out):
        self.process.stdin.write(f"{case}\t{out}\n")
        self.process.stdin.flush()
        limit = threading.Timer(SECONDS_PER_CASE, self.process.kill)
        limit.start()
        answer = self.process.stdout.readline()
        limit.cancel()
        if not answer:
            self.close()
            out.mkdir(parents=True, exist_ok=True)
            (out / "error.txt").write_text(
                f"the process ended with status {self.process.returncode}")
            self.start()

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def run_onnx_runtime(cases, outputs, environment):
    """Leaves the outputs of every case in the folder `outputs`."""
    waiting = queue.SimpleQueue()
    for case in cases:
        waiting.put(case)

    def work():
        worker = Worker(environment)
        try:
            while True:
                case = waiting.get_nowait()
                worker.run(case, outputs / case.name)
        except queue.Empty:
            worker.close()

    threads = [threading.Thread(target=work) for _ in range(len(os.sched_getaffinity(0)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def with_locale(environment, folder):
    """The environment with the locale that ONNX Runtime's StringNormalizer asks for."""
    made = shutil.which("localedef") and subprocess.run(
        ["localedef", "-i", "en_US", "-f", "UTF-8", Path(folder) / "en_US.UTF-8"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    if not made:
        say("no localedef with en_US (Debian: locales): ONNX Runtime may fail StringNormalizer cases")
        return environment
    return dict(environment, LOCPATH=str(folder))


# --- Judgement ------------------------------------------------------------------------------------

def judge(program, folder, *options):
    """{case: "" or the reason for which it fails}"""
    done = subprocess.run([program, folder, *options], stdout=subprocess.PIPE, text=True,
                          stdin=subprocess.DEVNULL)
    results = {}
    for line in done.stdout.splitlines():
        word, _, rest = line.partition(" ")
        if word == "PASS":
            results[rest] = ""
        elif word in ("FAIL", "CRASH", "TIMEOUT", "KNOWN"):
            name, _, reason = rest.partition(": ")
            results[name] = f"{word}: {reason}"
    if done.returncode not in (0, 1) or not results:
        raise SystemExit(f"{program} {folder}: exit status {done.returncode}")
    return results


def escuta(arguments, suite):
    options = ["--provider", arguments.provider, "--known", HERE / "known_failures.txt"]
    if arguments.update:
        options += ["--update", "--list", HERE / f"onnx_{suite.replace('-', '_')}.txt"]
    return judge(arguments.program, arguments.cases / suite, *options)


def onnx_runtime(arguments, suite, unreleased):
    environment = dict(os.environ, ALLOW_RELEASED_ONNX_OPSET_ONLY="0" if unreleased else "1")
    folder = arguments.cases / suite
    with tempfile.TemporaryDirectory() as outputs, tempfile.TemporaryDirectory() as locales:
        run_onnx_runtime(sorted(folder.iterdir()), Path(outputs), with_locale(environment, locales))
        return judge(arguments.program, folder, "--outputs", outputs)


def report(engine, results, arguments):
    """Writes, and with --list prints, what an engine fails."""
    arguments.report.mkdir(parents=True, exist_ok=True)
    lines = [f"{suite}/{name} {reason}" for suite in SUITES
             for name, reason in sorted(results[suite].items()) if reason]
    path = arguments.report / f"{engine.replace(' ', '_')}.txt"
    path.write_text("".join(f"{line}\n" for line in lines))
    say(f"{engine} fails {len(lines)}: {path}")
    if arguments.list:
        print(f"\n{engine} fails {len(lines)}:")
        print("\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=Path)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--provider", default="cpu")
    parser.add_argument("--report", type=Path, default=Path("build/conformance"))
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()

    engines = {
        arguments.provider: lambda suite: escuta(arguments, suite),
        "onnxruntime": lambda suite: onnx_runtime(arguments, suite, unreleased=False),
        "onnxruntime unreleased": lambda suite: onnx_runtime(arguments, suite, unreleased=True),
    }
    results = collections.defaultdict(dict)
    print(f"{'suite':<18} {'cases':>6}" + "".join(f"  {engine}" for engine in engines), flush=True)
    for suite in SUITES:
        for engine, run in engines.items():
            results[engine][suite] = run(suite)
        counts = {engine: sum(not reason for reason in results[engine][suite].values())
                  for engine in engines}
        total = len(results[arguments.provider][suite])
        print(f"{suite:<18} {total:>6}"
              + "".join(f"  {counts[engine]:>{len(engine)}}" for engine in engines), flush=True)
    for engine in engines:
        report(engine, results[engine], arguments)


if __name__ == "__main__":
    main()
