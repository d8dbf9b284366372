"""A text as the terms that the lexical index knows, in Chinese and English.

English words are stemmed (Snowball's 'english', Porter 1980 as revised); Chinese, Japanese and Korean runs become
pairs of neighbouring characters, which needs no dictionary and loses no unknown word (Nie and Ren 1999); numbers lose
their thousands separators; codes such as ADM-003 are terms as a whole and in parts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

import snowballstemmer  # type: ignore[import-untyped]  # it ships no types

from clawdbot.knowledge.lexical.variants import SIMPLIFIED

TOKENS_VERSION = 1
"""Part of the index's name: terms of different versions are never mixed."""

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ud800-\udfff]")
_IDEOGRAPH = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(
    rf"(?P<cjk>[{_IDEOGRAPH}々〇]+)"
    rf"|(?P<number>\d+(?:[.,]\d+)*(?![^\W{_IDEOGRAPH}々〇]|[-_/.]\w))"
    rf"|(?P<word>[^\W{_IDEOGRAPH}々〇]+(?:['&.\-/_][^\W{_IDEOGRAPH}々〇]+)*)"
)
_PART = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_DECIMAL = re.compile(r"\d+(?:\.\d+)?")
_SCALE = re.compile(r"\s?(万亿|亿|万|trillion|billion|million|thousand)", re.IGNORECASE)
_SCALES = {
    "万": 10**4, "亿": 10**8, "万亿": 10**12,
    "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
}  # fmt: skip
_LONGEST = 64
"""Characters of a term; what is longer (a key, a line of base64) is cut, so that nothing fills the index."""

_stemmer = snowballstemmer.stemmer("english")


def plain(text: str) -> str:
    """Compatibility and full-width forms folded, invisible marks dropped, lower case, simplified characters."""
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    return folded.casefold().replace("\u2019", "'").translate(SIMPLIFIED)


def tokens(text: str) -> list[str]:
    """The terms of a text in order, with repetitions; none holds white space."""
    clean = plain(text)
    found: list[str] = []
    for match in _RUN.finditer(clean):
        run = match.group()
        if match.lastgroup == "cjk":
            found += [run[i : i + 2] for i in range(len(run) - 1)] or [run]
        elif match.lastgroup == "number":
            found += _number(run, _SCALE.match(clean, match.end()))
        elif run.isalpha():
            found.append(_stem(run))
        else:
            found += _composed(run)
    return found


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    """A word without its ending and its accents."""
    if not word.isascii():
        word = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    return str(_stemmer.stemWord(word))[:_LONGEST]


def _number(run: str, scale: re.Match[str] | None) -> Iterator[str]:
    """1,234.50 as 1234.5 and 1234; 50 万 also as 500000; what is no number (1.2.3) whole and in parts."""
    if _GROUPED.fullmatch(run) or _DECIMAL.fullmatch(run):
        value = Decimal(run.replace(",", ""))
        yield _written(value) if "." in run else run.replace(",", "")[:_LONGEST]
        if value != value.to_integral_value():
            yield str(int(value))[:_LONGEST]
        if scale is not None:
            yield _written(value * _SCALES[scale.group(1)])
    else:
        yield run[:_LONGEST]
        yield from (part[:_LONGEST] for part in _PART.findall(run))


def _written(value: Decimal) -> str:
    """Without trailing zeros and exponent."""
    shown = format(value, "f")
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown)[:_LONGEST]


@lru_cache(maxsize=20_000)
def _composed(run: str) -> tuple[str, ...]:
    """ADM-003 as adm-003, adm and 003; long-term only as its two words; U.S. as us; a possessive as its word."""
    parts = _PART.findall(run)
    if len(parts) > 1 and all(len(part) == 1 and part.isalpha() for part in parts):
        return ("".join(parts)[:_LONGEST],)
    stems = (part[:_LONGEST] if part.isdigit() else _stem(part) for part in parts)
    whole = len(parts) > 1 and ("&" in run or any(part.isdigit() for part in parts))
    return ((run[:_LONGEST],) if whole else ()) + tuple(stem for stem in stems if stem)
