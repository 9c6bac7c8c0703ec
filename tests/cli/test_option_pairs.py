"""Every pair of options of `escuta transcribe` once: both are honoured, or one is refused by name.

Environment, beside program.py's: SMALL_MODEL, the program that writes a model of random weights.
"""

import concurrent.futures
import itertools
import json
import os
import re
import subprocess
import unittest

from program import ProgramTest, jfk_samples, run, wav

# Each as somebody would type it. {folder}: one of the test's own.
OPTIONS = [
    "-l en", "--languages en,haw", "--language-threshold 0.7", "--language-windows 2",
    "--language-per-window", "--task translate", "--prompt Hello", "--carry-prompt",
    "--no-condition-on-previous-text", "--prefix And", "--hotwords Americans", "--hotword-boost 3",
    "--suppress-tokens -1", "--no-suppress-blank", "--suppress-numerals", "--suppress-regex [#]",
    "--phrases and,so", "--grammar {folder}/any.gbnf", "--no-timestamps", "--max-initial-timestamp 2",
    "--beam-size 2", "--best-of 2", "--patience 2", "--length-penalty 1", "--repetition-penalty 1.1",
    "--no-repeat-ngram-size 5", "--temperature 0", "--temperature 0.3", "--temperature 0,0.5",
    "--compression-ratio-threshold 2", "--logprob-threshold -0.5", "--no-speech-threshold 0.5",
    "--seed 3", "--batch-size 2", "--no-vad", "--vad-threshold 0.4", "--vad-min-speech-ms 100",
    "--vad-min-silence-ms 500", "--vad-pad-ms 100", "--precision int8", "--threads 1", "-f srt",
    "-f json", "-f ass", "-o {folder}/out", "--passes-off all", "--word-timestamps",
    "--prepend-punctuations (", "--append-punctuations .", "--hallucination-silence-threshold 2",
    "--max-line-width 20", "--max-line-count 2", "--max-words-per-line 3", "--highlight-words",
    "--recursive", "--manifest-out {folder}/out.jsonl", "--retry-failed"]


def names(option):
    return [word for word in option.split() if word.startswith("-") and not re.match(r"-\d", word)]


class OptionPairs(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = self.folder / "model"
        subprocess.run([os.environ["SMALL_MODEL"], self.model], check=True)
        path = self.model / "generation_config.json"  # of two languages, and with timestamps
        config = json.loads(path.read_text()) | {"is_multilingual": True, "suppress_tokens": list(range(257, 266))}
        path.write_text(json.dumps(config))
        self.audio = self.put("two.wav", wav(jfk_samples()[:64000]))
        self.put("any.gbnf", "root ::= .*")
        self.help = run("transcribe", "--help").stdout

    def one(self, pair):
        """What is wrong with a pair; nothing where it is right."""
        typed = [word.replace("{folder}", str(self.folder)) for option in pair for word in option.split()]
        result = run("transcribe", self.audio, "-m", self.model, "--progress", "off", *typed, timeout=300)
        if result.returncode == 2:
            told = [name for option in pair for name in names(option) if name in result.stderr]
            return None if told else f"{pair}: {result.stderr}"
        if result.returncode != 0:
            return f"{pair}: exit {result.returncode}: {result.stderr}"
        if "-f json" in pair and "-o {folder}/out" not in pair:
            json.loads(result.stdout)
        return None

    def test_both_are_honoured_or_one_is_refused(self):
        pairs = [pair for pair in itertools.combinations(OPTIONS, 2) if not set(names(pair[0])) & set(names(pair[1]))]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            wrong = [fault for fault in pool.map(self.one, pairs) if fault]
        self.assertEqual(wrong, [], f"{len(wrong)} of {len(pairs)} pairs")

    def test_no_option_of_the_help_is_forgotten(self):
        known = {name for option in OPTIONS for name in names(option)}
        # What names files, is said elsewhere, or has no effect on a text.
        known |= {"-h", "--help", "-m", "--model", "--output-dir", "--format", "--language", "--variant", "--decoder",
                  "--progress", "--vad", "--vad-model", "--provider", "--ort-plugin", "--log-level", "-r",
                  "--files-from", "--manifest", "--jobs"}
        listed = set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)(?=[ ,{=])", self.help.split("Examples:")[0]))
        self.assertEqual(sorted(listed - known), [])


if __name__ == "__main__":
    unittest.main()
