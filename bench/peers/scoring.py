"""Word and character error rates as Whisper's paper counts them: normalised text, summed over a corpus."""

from dataclasses import dataclass

from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

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


def edit_distance(reference: list[str], hypothesis: list[str]) -> int:
    """Levenshtein's, by one row of his table."""
    row = list(range(len(hypothesis) + 1))
    for i, wanted in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, found in enumerate(hypothesis, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (wanted != found))
    return row[-1]


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
