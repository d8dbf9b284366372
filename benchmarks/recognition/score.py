"""How far a reading is from the truth: character and word error rates, and lines that are missing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

_CJK = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_LOOSE = re.compile(rf"(?<=[{_CJK}“”‘’…—])\s+|\s+(?=[{_CJK}“”‘’…—])")
_FOUND = 50.0
"""A line counts as read when at least this share of it, in percent, stands together in the reading."""


def plain(text: str) -> str:
    """Width variants folded (，is ,), spaces beside Chinese characters dropped, others kept as one."""
    folded = unicodedata.normalize("NFKC", _LOOSE.sub("", " ".join(text.split())))
    return " ".join(folded.split())


def character_error(truth: str, reading: str) -> float:
    """Edits needed for each character of the truth (Levenshtein), spaces between words included."""
    right = plain(truth)
    return Levenshtein.distance(right, plain(reading)) / max(1, len(right))


def word_error(truth: str, reading: str) -> float:
    """Edits needed for each word of the truth, letter case and punctuation left aside."""
    right, read = (re.findall(r"[\w']+", plain(text).lower()) for text in (truth, reading))
    return Levenshtein.distance(right, read) / max(1, len(right))


def lost_lines(truth: Sequence[str], reading: str) -> int:
    """How many lines of the truth have no likeness in the reading."""
    read = plain(reading)
    return sum(fuzz.partial_ratio(plain(line), read) < _FOUND for line in truth)
