"""Word and character error rates as Whisper's paper counts them: normalised text, summed over a corpus."""

from dataclasses import dataclass

from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

from words import edit_distance

# Written without spaces between words, or with a spacing that is a matter of taste.
BY_CHARACTER = {"ja", "ko", "zh", "th", "yue", "lo", "my"}

_english = EnglishTextNormalizer()
_basic = BasicTextNormalizer()


def units(text: str, language: str) -> list[str]:
    """The words, or characters, that are compared."""
    if language == "en":
        return _english(text).split()
    normal = _basic(text)
    return list(normal.replace(" ", "")) if language in BY_CHARACTER else normal.split()


@dataclass
class Score:
    errors: int = 0
    units: int = 0
    files: int = 0

    def add(self, other: "Score") -> None:
        self.errors += other.errors
        self.units += other.units
        self.files += other.files

    @property
    def percent(self) -> float:
        return 100 * self.errors / max(1, self.units)


def score(reference: str, hypothesis: str, language: str) -> Score:
    wanted = units(reference, language)
    return Score(edit_distance(wanted, units(hypothesis, language)), len(wanted), 1)
