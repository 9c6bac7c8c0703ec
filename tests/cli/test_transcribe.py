"""escuta transcribe, as its users meet it: words, formats, exit codes, wrong inputs."""

import json
import os
import random
import re
import resource
import signal
import subprocess
import unittest
from pathlib import Path

from program import ESCUTA, JFK, ProgramTest, jfk_samples, model, run, wav

WORDS = ("and so my fellow americans ask not what your country can do for you "
         "ask what you can do for your country")


def plain(text):
    return " ".join(re.sub(r"[^a-z ]", " ", text.lower()).split())


class Words(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = model("tiny.en")

    def test_prints_the_words_and_nothing_else(self):
        result = run("transcribe", JFK, "-m", self.model)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(plain(result.stdout), WORDS)
        self.assertIn("x real time", result.stderr)

    def test_json_follows_the_contract(self):
        result = run("transcribe", JFK, "-m", self.model, "-f", "json", "--progress", "off")
        self.assertEqual(result.stderr, "")
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), 1)
        found = json.loads(lines[0])
        self.assertEqual(found["file"], str(JFK))
        self.assertAlmostEqual(found["duration"], 11.0, places=3)
        self.assertEqual(found["language"], "en")
        self.assertEqual(plain(found["text"]), WORDS)
        for key in ("id", "start", "end", "text", "tokens", "temperature", "avg_logprob",
                    "compression_ratio", "no_speech_prob"):
            self.assertIn(key, found["segments"][0])
        self.assertGreater(found["provider"][0]["nodes"], 0)
        for key in ("load_ms", "decode_audio_ms", "features_ms", "encode_ms", "decode_ms",
                    "total_ms", "tokens", "realtime_factor"):
            self.assertGreater(found["timing"][key], 0, key)

    def test_writes_every_format_into_a_folder(self):
        out = self.folder / "new" / "out"
        result = run("transcribe", JFK, "-m", self.model, "-o", out,
                     "-f", "txt,srt,vtt,json,tsv,lrc")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(sorted(p.name for p in out.iterdir()),
                         ["jfk." + e for e in ("json", "lrc", "srt", "tsv", "txt", "vtt")])
        self.assertEqual(plain((out / "jfk.txt").read_text()), WORDS)
        self.assertIn(" --> ", (out / "jfk.srt").read_text())

    def test_without_timestamps_the_words_are_the_same(self):
        result = run("transcribe", JFK, "-m", self.model, "--no-timestamps")
        self.assertEqual(plain(result.stdout), WORDS)

    def test_a_file_longer_than_a_window_is_not_cut(self):
        long = self.put("long.wav", wav(jfk_samples() * 6))
        result = run("transcribe", long, "-m", self.model, "-f", "json")
        self.assertEqual(result.returncode, 0, result.stderr)
        found = json.loads(result.stdout)
        self.assertAlmostEqual(found["duration"], 66, delta=0.1)
        self.assertGreaterEqual(plain(found["text"]).count("what you can do for your country"), 5)
        self.assertGreater(found["segments"][-1]["end"], 60)

    def test_silence_gives_no_words(self):
        quiet = self.put("quiet.wav", wav([0] * 16000 * 3))
        result = run("transcribe", quiet, "-m", self.model)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, "")

    def test_trailing_silence_is_dropped(self):
        padded = self.put("padded.wav", wav(jfk_samples() + bytes(2 * 16000 * 60)))
        result = run("transcribe", padded, "-m", self.model)
        self.assertEqual(plain(result.stdout), WORDS)

    def test_progress_bar_only_where_it_is_wanted(self):
        result = run("transcribe", JFK, "-m", self.model, "--progress", "on")
        self.assertIn("100%", result.stderr)
        result = run("transcribe", JFK, "-m", self.model)
        self.assertNotIn("100%", result.stderr)


class WrongAudio(ProgramTest):
    """Each wrong input: one line, exit code 1, and the good input beside it is still done."""

    def setUp(self):
        super().setUp()
        self.model = model("tiny.en")

    def check(self, path, *parts):
        result = run("transcribe", path, JFK, "-m", self.model, "--progress", "off")
        self.assertEqual(plain(result.stdout), WORDS, result.stderr)
        self.assert_error(result, 1, path, *parts)

    def test_missing(self):
        self.check(self.folder / "none.wav", "No such file")

    def test_empty_file(self):
        self.check(self.put("empty.wav", b""), "expected")

    def test_text_named_wav(self):
        self.check(self.put("notes.wav", "these are only notes\n" * 50), "expected")

    def test_truncated_mp3(self):
        source = Path(os.environ.get("ESCUTA_SHARED_DATA", "/nonexistent")) / "speech" / "jfk.mp3"
        if not source.exists():
            self.skipTest("shared recordings are absent")
        self.check(self.put("cut.mp3", source.read_bytes()[:150]), "expected")

    def test_zero_length_audio(self):
        self.check(self.put("zero.wav", wav([])), "no audio samples")

    def test_header_that_claims_four_gigabytes(self):
        claims = self.put("claims.wav", wav(jfk_samples(), claimed=0xfffffff0))
        result = run("transcribe", claims, "-m", self.model)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(plain(result.stdout), WORDS)

    def test_samples_that_are_not_numbers(self):
        tone = [0.1 * ((i // 20) % 2) for i in range(16000)]
        broken = self.put("nan.wav", wav(tone[:8000] + [float("nan")] * 8000, kind="<f"))
        result = run("transcribe", broken, "-m", self.model)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_directory(self):
        self.check(self.folder, "directory")

    def test_unreadable(self):
        path = self.put("secret.wav", JFK.read_bytes())
        path.chmod(0)
        if os.access(path, os.R_OK):
            self.skipTest("this user may read everything")
        self.check(path, "Permission denied")

    def test_playlist_does_not_open_other_files(self):
        self.check(self.put("list.wav", f"#EXTM3U\n#EXTINF:10,\n{JFK}\n"), "expected")


class Output(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = model("tiny.en")

    def test_full_disk_leaves_nothing_half_written(self):
        out = self.folder / "out"

        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))

        result = run("transcribe", JFK, "-m", self.model, "-o", out, "-f", "srt",
                     preexec_fn=small_files)
        self.assert_error(result, 1, "jfk.srt", "File too large")
        self.assertEqual(list(out.iterdir()), [])

    def test_full_standard_output(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([ESCUTA, "transcribe", JFK, "-m", self.model],
                                    stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
                                    text=True, timeout=120)
        self.assertEqual(result.returncode, 1)
        self.assertIn("No space left", result.stderr)

    def test_output_folder_that_is_a_file(self):
        self.assert_error(run("transcribe", JFK, "-m", self.model, "-o", self.put("f", "x")), 1,
                          "expected a folder")

    def test_inputs_that_would_overwrite_each_other(self):
        same = self.put("jfk.wav", b"")
        self.assert_error(run("transcribe", JFK, same, "-m", self.model, "-o", self.folder), 2,
                          "the same output files")


class Searches(ProgramTest):
    """Every kind of search gives the same text whatever is decoded beside it."""

    def setUp(self):
        super().setUp()
        self.model = model("tiny.en")

    def texts(self, files, *options):
        result = run("transcribe", *files, "-m", self.model, "-f", "json", *options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [[(s["start"], s["end"], s["tokens"]) for s in json.loads(line)["segments"]]
                for line in result.stdout.splitlines()]

    def test_beams_hear_the_words(self):
        result = run("transcribe", JFK, "-m", self.model, "--beam-size", "5", "--patience", "2",
                     "--length-penalty", "1")
        self.assertEqual(plain(result.stdout), WORDS)

    def test_a_batch_is_its_windows_one_by_one(self):
        long = self.put("long.wav", wav(jfk_samples() * 3))
        short = self.put("short.wav", wav(jfk_samples()[:80000]))
        files = [long, JFK, short]
        for options in (["--beam-size", "3"], ["--temperature", "0.9", "--seed", "5"]):
            with self.subTest(options=options):
                expected = self.texts(files, "--batch-size", "4", *options)
                self.assertEqual([t for f in files
                                  for t in self.texts([f], "--batch-size", "2", *options)], expected)
                self.assertGreater(len(expected[0]), 3)

    def test_the_seed_decides(self):
        def sampled(seed):
            return self.texts([JFK], "--temperature", "1", "--best-of", "1", "--seed", seed)
        self.assertEqual(sampled("1"), sampled("1"))
        self.assertTrue(any(sampled(str(seed)) != sampled("1") for seed in range(2, 6)))

    def test_one_bad_file_leaves_the_batch_whole(self):
        bad = self.put("bad.wav", b"no sound")
        result = run("transcribe", JFK, bad, JFK, "-m", self.model, "--batch-size", "4")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(plain(result.stdout), WORDS + " " + WORDS)
        self.assertIn("bad.wav", result.stderr)


class Wording(ProgramTest):
    """What is expected, and what is not wanted."""

    def words(self, *options, name="tiny.en", audio=JFK):
        result = run("transcribe", audio, "-m", model(name), "--temperature", "0", *options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_hotwords_are_heard_where_they_could_be_meant(self):
        self.assertIn("Amerikens", self.words("--hotwords", "fellow Amerikens", "--hotword-boost", "12"))
        phrases = self.put("phrases.txt", "Dr. Krause\n\nBad Aachen\n")
        self.assertEqual(plain(self.words("--hotwords", f"@{phrases}")), WORDS)

    def test_a_window_begins_with_the_prefix(self):
        for options in ([], ["--no-timestamps"], ["--beam-size", "2"], ["--batch-size", "2"]):
            with self.subTest(options=options):
                said = self.words("--prefix", "And so, my dear", *options)
                self.assertTrue(said.startswith("And so, my dear"), said)
        twice = self.put("twice.wav", wav(jfk_samples() * 4))
        self.assertEqual(plain(self.words("--prefix", "And so, my dear", audio=twice)).count("my dear"), 1)

    def test_what_is_suppressed_is_not_said(self):
        self.assertNotRegex(self.words("--suppress-regex", "[aA]"), "[aA]")
        said = self.words("--suppress-tokens", "-1,3399")  # " Americans"
        self.assertNotIn("Americans", said)
        self.assertNotRegex(self.words("--suppress-numerals"), "[0-9]")

    def test_a_carried_prompt_is_told_to_every_window(self):
        long = self.put("long.wav", wav(jfk_samples() * 6))
        options = ["--prompt", "AND SO MY FELLOW AMERICANS ASK NOT WHAT YOUR COUNTRY CAN DO.",
                   "--no-condition-on-previous-text", "-f", "json"]

        def shouted(*more):
            segments = json.loads(self.words(*options, *more, audio=long))["segments"]
            return [s["text"].isupper() for s in segments if s["start"] > 35]
        self.assertNotIn(True, shouted())
        self.assertNotIn(False, shouted("--carry-prompt"))
        self.assertNotIn(False, shouted("--carry-prompt", "--batch-size", "2"))

    def test_only_what_a_grammar_allows_is_said(self):
        allowed = ["And so my fellow Americans", "And so my fellow citizens", "Lights off"]
        for options in ([], ["--no-timestamps", "--beam-size", "3"], ["--batch-size", "2"]):
            with self.subTest(options=options):
                said = self.words("--phrases", ",".join(allowed), *options).strip().split("\n")
                self.assertEqual(said[0], allowed[0])
                self.assertLessEqual(set(said), set(allowed))
        grammar = self.put("lower.gbnf", 'root ::= word (" " word)*\nword ::= [a-z]+\n')
        self.assertEqual(self.words("--grammar", grammar).strip().replace("\n", " "), WORDS)

    def test_languages_are_chosen_among_those_allowed(self):
        for options in (["--languages", "de,fr"], ["--languages", "de,fr", "--language-windows", "3"],
                        ["--languages", "de,fr", "--language-per-window"]):
            with self.subTest(options=options):
                found = json.loads(self.words("-f", "json", *options, name="base"))
                self.assertIn(found["language"], ("de", "fr"))
                own = {s.get("language") for s in found["segments"]}
                self.assertEqual(own, {found["language"] if options[-1].endswith("per-window") else None})


class VoiceActivity(ProgramTest):
    """What is not speech is left out, and times stay those of the file."""

    def setUp(self):
        super().setUp()
        self.model = model("tiny.en")

    def segments(self, path, *options):
        result = run("transcribe", path, "-m", self.model, "-f", "json", *options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)["segments"]

    @staticmethod
    def noise(seconds):
        draw = random.Random(5)
        return b"".join(int(draw.gauss(0, 1500)).to_bytes(2, "little", signed=True)
                        for _ in range(seconds * 16000))

    def test_times_are_those_of_the_file(self):
        hum = self.noise(17)
        path = self.put("gaps.wav", wav(hum + jfk_samples() + hum + hum + jfk_samples() + hum))
        for options in ([], ["--batch-size", "4"]):
            with self.subTest(options=options):
                found = self.segments(path, *options)
                text = plain(" ".join(s["text"] for s in found))
                self.assertEqual(text.count(WORDS.removeprefix("and ")), 2, text)
                self.assertAlmostEqual(found[0]["start"], 17, delta=0.5)
                second = next(s["start"] for s in found if s["start"] > 40)
                self.assertAlmostEqual(second, 62, delta=0.5)
                self.assertAlmostEqual(found[-1]["end"], 73, delta=0.8)

    def test_noise_alone_has_no_words(self):
        path = self.put("noise.wav", wav(self.noise(40)))
        self.assertEqual(self.segments(path), [])
        result = run("transcribe", path, "-m", self.model, "--progress", "on")
        self.assertIn("100%", result.stderr)

    def test_everything_can_be_heard(self):
        path = self.put("late.wav", wav(bytes(2 * 16000 * 3) + jfk_samples()))
        self.assertLess(self.segments(path, "--no-vad")[0]["start"], 1)
        self.assertGreater(self.segments(path)[0]["start"], 2)

    def test_a_model_that_is_none(self):
        bad = self.put("vad.onnx", b"no graph")
        self.assert_error(run("transcribe", JFK, "-m", self.model, "--vad-model", bad), 3,
                          "vad.onnx")


class WrongUsage(ProgramTest):
    def test_says_what_was_expected(self):
        for arguments, part in ((["-f", "doc"], "expected txt, srt"),
                                (["-f", "txt,srt"], "one format for standard output"),
                                (["--task", "sing"], "expected transcribe or translate"),
                                (["--progress", "maybe"], "expected auto, on or off"),
                                (["--beam-size", "0"], "--beam-size"),
                                (["--beam-size", "five"], "--beam-size"),
                                (["--beam-size", "5", "--temperature", "1"], "temperature 0"),
                                (["--temperature", "0,hot"], "numbers from 0"),
                                (["--best-of", "5", "--temperature", "0"], "--temperature over 0"),
                                (["--patience", "2"], "--beam-size over 1"),
                                (["--batch-size", "0"], "--batch-size"),
                                (["--hotwords", "a,,b"], "--hotwords"),
                                (["--hotwords", "@/none/there"], "/none/there"),
                                (["--hotword-boost", "1"], "--hotwords"),
                                (["--carry-prompt"], "--prompt"),
                                (["--prefix", " "], "--prefix"),
                                (["--prefix", "a", "--phrases", "b"], "--phrases"),
                                (["--grammar", "/none/there"], "/none/there"),
                                (["--suppress-tokens", "word"], "--suppress-tokens"),
                                (["-l", "de", "--languages", "de"], "expected auto"),
                                (["--language-threshold", "0.5"], "--language-windows"),
                                (["--max-initial-timestamp", "1", "--no-timestamps"], "timestamps"),
                                (["--no-vad", "--vad-pad-ms", "1"], "--no-vad"),
                                (["--vad-threshold", "2"], "--vad-threshold"),
                                (["--provider", ""], "provider"),
                                (["--no-such-flag"], "--no-such-flag")):
            with self.subTest(arguments=arguments):
                self.assert_error(run("transcribe", JFK, "-m", "m", *arguments), 2, part)

    def test_without_model_or_input(self):
        self.assert_error(run("transcribe", JFK), 2, "--model")
        self.assert_error(run("transcribe", "-m", "m"), 2, "audio")

    def test_language_that_the_model_does_not_have(self):
        folder = model("tiny.en")
        self.assert_error(run("transcribe", JFK, "-m", folder, "-l", "de"), 2, "English only")
        self.assert_error(run("transcribe", JFK, "-m", folder, "--task", "translate"), 2,
                          "English only")
        self.assert_error(run("transcribe", JFK, "-m", folder, "--languages", "de"), 2, "English only")

    def test_words_that_the_model_cannot_be_told(self):
        folder = model("tiny.en")
        self.assert_error(run("transcribe", JFK, "-m", folder, "--suppress-regex", "("), 2, "parenthesis")
        bad = self.put("bad.gbnf", 'root = "a"')
        self.assert_error(run("transcribe", JFK, "-m", folder, "--grammar", bad), 2, "expected ::=")
        self.assert_error(run("transcribe", JFK, "-m", folder, "--prefix", "word " * 300), 2,
                          "at most 222 tokens")


class WrongModel(ProgramTest):
    """Each broken model folder: one line, exit code 3."""

    def setUp(self):
        super().setUp()
        source = model("tiny.en")
        self.copy = self.folder / "model"
        self.copy.mkdir()
        for item in source.iterdir():
            if item.is_file():
                os.symlink(item, self.copy / item.name)

    def own(self, name):
        """Makes a file of the copy one that a test may change."""
        path = self.copy / name
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)
        return path

    def check(self, *parts):
        self.assert_error(run("transcribe", JFK, "-m", self.copy), 3, *parts)

    def test_no_folder(self):
        self.copy = self.folder / "none"
        self.check("expected a model folder")

    def test_no_decoder(self):
        for path in self.copy.glob("decoder*.onnx"):
            path.unlink()
        self.check("expected decoder_model.onnx")

    def test_other_number_of_layers(self):
        path = self.own("config.json")
        config = json.loads(path.read_text())
        config["decoder_layers"] += 2
        path.write_text(json.dumps(config))
        self.check("decoder layers as config.json says, found 4")

    def test_truncated_graph(self):
        path = self.own("decoder_model.onnx")
        path.write_bytes(path.read_bytes()[:-1000])
        self.check("decoder_model.onnx")

    def test_tokenizer_that_is_not_json(self):
        self.own("tokenizer.json").write_text("<html>")
        self.check("tokenizer.json", "expected JSON")

    def test_no_tokenizer(self):
        (self.copy / "tokenizer.json").unlink()
        self.check("tokenizer.json", "No such file")

    def test_provider_that_is_not_there(self):
        self.assert_error(run("transcribe", JFK, "-m", self.copy, "--provider", "npu9000"), 3,
                          "npu9000")


if __name__ == "__main__":
    unittest.main()
