"""Whole folders: lists, manifests, the tree of results, and journals of processes that are killed.

Environment, beside program.py's: SMALL_MODEL, the program that writes a model of random weights, so
that none need be fetched; ESCUTA_KILLS, how often Killed kills (20).
"""

import json
import os
import random
import signal
import sqlite3
import subprocess
import time
import unittest
from pathlib import Path

from program import ESCUTA, ProgramTest, run, wav


def sound(seed, seconds=1.0):
    """A WAV file of noise, another for each seed."""
    draw = random.Random(seed)
    return wav([draw.randrange(-8000, 8000) for _ in range(int(seconds * 16000))])


class JobTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = self.folder / "model"
        subprocess.run([os.environ["SMALL_MODEL"], self.model], check=True)
        self.out = self.folder / "out"
        self.journal = self.folder / "journal"

    def command(self, *arguments):
        return ["transcribe", *map(str, arguments), "-m", str(self.model), "-l", "en", "--no-vad",
                "--no-timestamps", "--temperature", "0", "--threads", "1", "--no-speech-threshold",
                "1", "--logprob-threshold", "-100"]

    def transcribe(self, *arguments, **options):
        return run(*self.command(*arguments), **options)

    def results(self, root=None):
        root = root or self.out
        return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}

    def rows(self, columns):
        with sqlite3.connect(self.journal) as database:
            return database.execute(f"SELECT {columns} FROM jobs ORDER BY input").fetchall()


class Folders(JobTest):
    def test_the_tree_of_results_is_that_of_the_inputs(self):
        for name in ("in/a.wav", "in/day 1/a.wav", "in/day 1/b.WAV", "in/day 2/deep/a.wav",
                     "in/plain"):
            self.put(name, sound(name))
        self.put("in/notes.txt", "no sound")
        self.put("in/rubbish", b"\0" * 100)
        (self.folder / "in" / "day 2" / "circle").symlink_to("..", target_is_directory=True)
        result = self.transcribe("-r", self.folder / "in", "-o", self.out)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(sorted(self.results()), ["a.txt", "day 1/a.txt", "day 1/b.txt",
                                                  "day 2/deep/a.txt", "plain.txt"])
        self.assertTrue(all(self.results().values()))

    def test_patterns_that_no_shell_expanded(self):
        for name in ("in/a.wav", "in/b/a.wav", "in/b/c.wav"):
            self.put(name, sound(name, 0.2))
        self.assertEqual(self.transcribe(self.folder / "in/**/a.wav", "-o", self.out).returncode, 0)
        self.assertEqual(sorted(self.results()), ["a.txt", "b/a.txt"])
        self.assert_error(self.transcribe(self.folder / "in/*.mp3"), 2, "expected files that match")

    def test_a_folder_is_no_file(self):
        good = self.put("a.wav", sound(1, 0.2))
        self.assert_error(self.transcribe(self.folder, good, "-o", self.out), 1, "directory")
        self.assertEqual(sorted(self.results()), ["a.txt"])

    def test_an_empty_folder(self):
        (self.folder / "none").mkdir()
        self.assert_error(self.transcribe("-r", self.folder / "none"), 2, "found none")

    def test_progress_counts_files(self):
        names = [self.put(f"{i}.wav", sound(i, 0.5)) for i in range(3)]
        result = self.transcribe(*names, "-o", self.out, "--progress", "on")
        self.assertIn("2/3 files", result.stderr)
        self.assertIn("x real time", result.stderr)


class Lists(JobTest):
    def test_lines_keep_their_folders(self):
        for name in ("a/x.wav", "b/x.wav"):
            self.put(name, sound(name, 0.2))
        listed = self.put("list", "a/x.wav\r\n\nb/x.wav\n")
        result = self.transcribe("--files-from", listed, "-o", self.out, cwd=self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(sorted(self.results()), ["a/x.txt", "b/x.txt"])

    def test_nuls_let_any_name_through(self):
        names = ["new\nline.wav", os.fsdecode(b"not \xff utf-8.wav"), "-o.wav"]
        for name in names:
            self.put(name, sound(name.encode(errors="surrogateescape"), 0.2))
        listed = self.put("list", b"".join(os.fsencode(n) + b"\0" for n in names))
        done = self.folder / "done.jsonl"
        with open(listed, "rb") as stdin:
            result = subprocess.run(
                [ESCUTA, *self.command("--files-from", "-", "-o", self.out, "-f", "json",
                                       "--manifest-out", done)],
                stdin=stdin, capture_output=True, timeout=60, cwd=self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(self.results()), 3)
        for text in self.results().values():
            json.loads(text.decode())
        lines = done.read_text(encoding="utf-8").splitlines()
        self.assertEqual([json.loads(line)["audio"] for line in lines],
                         ["new\nline.wav", "not \ufffd utf-8.wav", "-o.wav"])

    def test_rubbish(self):
        for content, part in ((b"x" * (1 << 20), "line 1: expected a path"), (b"", "found none")):
            with self.subTest(content=content[:10]):
                self.assert_error(
                    self.transcribe("--files-from", self.put("list", content)), 2, part)
        self.assert_error(self.transcribe("--files-from", self.folder / "gone"), 2, "gone")

    def test_a_missing_file_leaves_the_others(self):
        self.put("a.wav", sound(1, 0.2))
        listed = self.put("list", "gone.wav\na.wav\n")
        result = self.transcribe("--files-from", listed, "-o", self.out, cwd=self.folder)
        self.assert_error(result, 1, "gone.wav", "No such file")
        self.assertEqual(sorted(self.results()), ["a.txt"])
        self.assertIn("1 of 2 inputs failed", result.stderr)


class Manifests(JobTest):
    def test_in_and_out(self):
        self.put("set/a.wav", sound(1, 0.4))
        self.put("set/b.wav", sound(2, 0.4))
        manifest = self.put("set/in.jsonl", '{"audio": "a.wav", "id": 7}\n\n'
                            '{"audio": "b.wav", "language": "en", "output": "x/second"}\n')
        done = self.put("done.jsonl", '{"kept": true}\n')
        result = self.transcribe("--manifest", manifest, "--manifest-out", done, "-o", self.out)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(sorted(self.results()), ["a.txt", "x/second.txt"])
        kept, first, second = map(json.loads, done.read_text().splitlines())
        self.assertEqual(kept, {"kept": True})
        self.assertEqual(first["input"]["id"], 7)
        self.assertEqual(first["language"], "en")
        self.assertEqual(first["files"], [str(self.out / "a.txt")])
        self.assertNotIn("id", second["input"])
        self.assertEqual(second["text"].split(), (self.out / "x/second.txt").read_text().split())

    def test_says_what_was_expected(self):
        for line, part in (('{"audio": 1}', "line 2: `audio`: expected a string"),
                           ("[]", "line 2: expected a JSON object"),
                           ('{"audio": "a", "output": "../a"}', "below the folder of results"),
                           ("{" * 500, "line 2:"),
                           ('{"audio": "' + "x" * (1 << 20) + '"}', "line 2:")):
            with self.subTest(part=part):
                path = self.put("m.jsonl", '{"audio": "a.wav"}\n' + line)
                self.assert_error(self.transcribe("--manifest", path), 2, part)
        path = self.put("m.jsonl", '{"audio": "a.wav", "language": "xx"}')
        self.assert_error(self.transcribe("--manifest", path), 2, "a.wav", "xx")


class Journals(JobTest):
    def setUp(self):
        super().setUp()
        for i in range(4):
            self.put(f"in/{i}.wav", sound(i, 0.4))

    def go(self, *arguments):
        return self.transcribe("-r", self.folder / "in", "-o", self.out, "--jobs", self.journal,
                               *arguments)

    def test_nothing_is_done_twice(self):
        self.assertEqual(self.go().returncode, 0)
        times = {p: p.stat().st_mtime_ns for p in self.out.iterdir()}
        result = self.go()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("4 done before", result.stderr)
        self.assertEqual(times, {p: p.stat().st_mtime_ns for p in self.out.iterdir()})
        self.put("in/4.wav", sound(4, 0.4))
        self.go()
        self.assertEqual([row for row, in self.rows("attempts")], [1] * 5)

    def test_changes_are_told_and_done(self):
        self.go()
        self.put("in/0.wav", sound(99, 0.6))
        self.assertIn("1 done again: the input is not what it was", self.go().stderr)
        result = self.go("--no-condition-on-previous-text")
        self.assertIn("4 done again with other settings: no-condition-on-previous-text",
                      result.stderr)
        (self.out / "2.txt").unlink()
        result = self.go("--no-condition-on-previous-text")
        self.assertIn("1 done again: a result file is gone", result.stderr)
        self.assertTrue((self.out / "2.txt").exists())

    def test_failures_are_listed_and_tried_again_when_asked(self):
        self.put("in/1.wav", b"no sound")
        result = self.go()
        self.assertEqual(result.returncode, 1)
        self.assertIn("1 of 4 inputs failed; --retry-failed", result.stderr)
        result = self.go()
        self.assertEqual(result.returncode, 1)
        self.assertIn("1.wav", result.stderr)
        self.assertEqual([row for row, in self.rows("attempts")], [1] * 4)
        self.assertEqual(self.go("--retry-failed").returncode, 1)
        self.put("in/1.wav", sound(1, 0.4))
        self.assertEqual(self.go().returncode, 0)
        self.assertEqual(len(self.results()), 4)

    def test_wrong_usage(self):
        self.assert_error(self.transcribe(self.folder / "in/0.wav", "--jobs", self.journal), 2, "-o")
        self.assert_error(self.transcribe(self.folder / "in/0.wav", "--retry-failed"), 2, "--jobs")
        self.journal.write_text("my notes " * 100)
        self.assert_error(self.go(), 1, "expected a journal")
        self.assertEqual(self.journal.read_text(), "my notes " * 100)

    def test_ctrl_c_keeps_what_is_done(self):
        for i in range(120):
            self.put(f"in/{i}.wav", sound(i % 3, 0.4))
        process = subprocess.Popen(
            [ESCUTA, *self.command("-r", self.folder / "in", "-o", self.out, "--jobs", self.journal)],
            stderr=subprocess.PIPE, text=True)
        while process.poll() is None and not list(self.out.glob("*.txt")):
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, said)
        self.assertIn("the same command goes on", said)
        self.assertNotIn("running", {state for state, in self.rows("state")})
        self.assertEqual(self.go().returncode, 0)
        self.assertEqual(len(self.results()), 120)


class Killed(JobTest):
    """Whenever a process is killed, the next one goes on; in the end every file is done, once."""

    FILES = 24

    def setUp(self):
        super().setUp()
        for i in range(self.FILES):
            self.put(f"in/{i % 3}/{i}.wav", sound(i, 0.2 * (i + 1)))
        self.done = self.folder / "done.jsonl"
        result = self.transcribe("-r", self.folder / "in", "-o", self.folder / "whole", "-f",
                                 "txt,srt")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.expected = self.results(self.folder / "whole")
        self.assertEqual(len(self.expected), 2 * self.FILES)
        self.assertGreater(len(set(self.expected.values())), self.FILES)

    def start(self, *options):
        return subprocess.Popen(
            [ESCUTA, *self.command("-r", self.folder / "in", "-o", self.out, "-f", "txt,srt",
                                   "--jobs", self.journal, "--manifest-out", self.done, *options)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def check(self, kills):
        """That all is done, and forgets it."""
        self.assertEqual(self.results(), self.expected)
        lines = [json.loads(line)["audio"] for line in self.done.read_text().splitlines()]
        self.assertEqual(len(lines), self.FILES)
        self.assertEqual(len(set(lines)), self.FILES)
        rows = self.rows("state, owner, attempts")
        self.assertEqual({row[:2] for row in rows}, {("done", None)})
        # The file at hand and the one opened ahead are lost with a process, and no other.
        self.assertLessEqual(sum(row[2] for row in rows), self.FILES + 2 * kills)
        with sqlite3.connect(self.journal) as database:
            self.assertEqual(database.execute("SELECT count(*) FROM results").fetchone(), (0,))
        for path in [self.done, *self.folder.glob("journal*")]:
            path.unlink()
        for path in sorted(self.out.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()

    def finish(self):
        process = self.start()
        _, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, said)

    def test_at_any_moment(self):
        begin = time.monotonic()
        self.finish()
        self.check(0)
        whole_s = time.monotonic() - begin
        draw = random.Random(int(os.environ.get("ESCUTA_SEED", "1")))
        kills = since = rounds = 0
        wanted = int(os.environ.get("ESCUTA_KILLS", "20"))
        while kills < wanted:
            process = self.start()
            try:
                _, said = process.communicate(timeout=draw.uniform(0, whole_s / 2))
                self.assertEqual(process.returncode, 0, said)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                kills += 1
                since += 1
                continue
            self.check(since)
            since = 0
            rounds += 1
        self.finish()
        self.check(since)
        print(f"{kills} kills, {rounds + 1} rounds", flush=True)

    def test_processes_share_the_work(self):
        processes = [self.start() for _ in range(3)]
        for process in processes:
            _, said = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, said)
        self.assertEqual(sum(row for row, in self.rows("attempts")), self.FILES)
        self.check(0)

    def test_one_of_several_dies(self):
        first, second = self.start("--batch-size", "4"), self.start("--batch-size", "4")
        time.sleep(0.1)
        first.kill()
        first.communicate()
        _, said = second.communicate(timeout=120)
        self.assertEqual(second.returncode, 0, said)
        process = self.start("--batch-size", "2")
        process.communicate(timeout=120)
        self.assertEqual({state for state, in self.rows("state")}, {"done"})
        self.assertEqual(sorted(self.results()), sorted(self.expected))
        self.assertEqual(len(self.done.read_text().splitlines()), self.FILES)


if __name__ == "__main__":
    unittest.main()
