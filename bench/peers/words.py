"""How far two texts are from one another, in words."""

import re


def edit_distance(reference: list[str], hypothesis: list[str]) -> int:
    """Levenshtein's, by one row of his table."""
    row = list(range(len(hypothesis) + 1))
    for i, wanted in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, found in enumerate(hypothesis, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (wanted != found))
    return row[-1]


def plain(text: str) -> list[str]:
    return re.sub(r"[^\w' ]", " ", text.lower()).split()


def differing(reference: str, hypothesis: str) -> float:
    """Edits over the words of the reference; case and punctuation do not count."""
    wanted = plain(reference)
    return edit_distance(wanted, plain(hypothesis)) / max(1, len(wanted))
