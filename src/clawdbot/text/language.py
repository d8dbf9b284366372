"""Which language a person wrote in, and text normalised for rules."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Language = Literal["zh", "en"]

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
_SENTENCE = 6
"""Words from which a text is a sentence."""
_ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+", re.ASCII)


def detect(text: str) -> Language:
    """``zh`` when Chinese characters carry the sentence, else ``en``; addresses do not count."""
    plain = _ADDRESS.sub(" ", text)
    han = len(_HAN.findall(plain))
    latin = len(_LATIN_WORD.findall(plain))
    return "zh" if han >= 2 and han >= latin else "en"


def is_in(text: str, language: Language) -> bool:
    """The text is in that language as far as its letters tell; short texts and bare names are in any."""
    han, latin = len(_HAN.findall(text)), len(_LATIN_WORD.findall(text))
    if language == "zh":
        return han >= 2 or latin < _SENTENCE
    return latin >= _SENTENCE or han < 2 * _SENTENCE


def normalise(text: str) -> str:
    """NFKC (full width to half width), controls and bidi marks dropped, blanks collapsed."""
    folded = unicodedata.normalize("NFKC", text)
    clean = "".join(c if unicodedata.category(c) not in ("Cc", "Cf") else " " for c in folded)
    return re.sub(r"\s+", " ", clean).strip()
