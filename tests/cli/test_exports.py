"""The folder that Hugging Face's exporter writes gives the same words as the imported checkpoint.

Environment, beside program.py's: ESCUTA_HF_EXPORTS, a folder with tiny.en/ and base/ as optimum's
exporter writes them from the same weights (docs/development.md says how); skipped without it.
"""

import json
import os
import unittest
from pathlib import Path

from program import JFK, ProgramTest, model, run


def recordings():
    """The sample, and short shared recordings where they are at hand: (file, language)."""
    yield JFK, "en"
    shared = Path(os.environ.get("ESCUTA_SHARED_DATA", "/nonexistent")) / "speech"
    for name, language in (("librivox_0870.wav", "en"), ("sonnet1.mp3", "en"),
                           ("leopard_test_de.wav", "de"), ("leopard_test_ja.wav", "ja")):
        if (shared / name).exists():
            yield shared / name, language


def words(folder, form, files, language):
    result = run("transcribe", *files, "-m", folder, "-l", language, "-f", "json",
                 "--decoder", form, "--progress", "off", timeout=900)
    assert result.returncode == 0, result.stderr
    return [json.loads(line)["text"] for line in result.stdout.splitlines()]


class Exports(ProgramTest):
    def compare(self, name, languages):
        exports = os.environ.get("ESCUTA_HF_EXPORTS")
        if not exports:
            self.skipTest("ESCUTA_HF_EXPORTS is not set")
        imported, exported = model(name), Path(exports) / name
        for language in languages:
            files = [file for file, spoken in recordings() if spoken == language]
            if not files:
                continue
            expected = words(imported, "pair", files, language)
            self.assertEqual(words(exported, "pair", files, language), expected)
            self.assertEqual(words(exported, "merged", files, language), expected)

    def test_english_model(self):
        self.compare("tiny.en", ["en"])

    def test_multilingual_model(self):
        self.compare("base", ["en", "de", "ja"])


if __name__ == "__main__":
    unittest.main()
