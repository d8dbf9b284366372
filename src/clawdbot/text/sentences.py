"""Where sentences begin and end, in Chinese and English."""

from __future__ import annotations

import re

_END = re.compile(r"[。！？!?；;]+[”’」』）)\"']*|\.(?=\s|$)[”’)\"']*|…+|\n+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|Nos|Art|Fig|Sec|Ch|pp?|vol|vs|etc|approx|incl|excl|resp|Inc|Ltd|Co|Corp|"
    r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|e\.g|i\.e|cf|al)|\b[A-Z])\.$"
)
_ITEM_NUMBER = re.compile(r"\s*\d{1,3}\.$")
_LONGEST = 8  # characters of an abbreviation; looking back further would take quadratic time


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence, in characters, without the blanks around it; nothing but blanks is left out.

    A full stop after an abbreviation, an initial or the number of a list item ends no sentence, nor does a decimal
    point.
    """
    spans: list[tuple[int, int]] = []
    begin = 0
    for match in _END.finditer(text):
        if match[0].startswith(".") and _stays_open(text, begin, match.start()):
            continue
        _add(spans, text, begin, match.end())
        begin = match.end()
    _add(spans, text, begin, len(text))
    return spans


def _stays_open(text: str, begin: int, stop: int) -> bool:
    """The full stop at ``stop`` ends no sentence that began at ``begin``."""
    if _ABBREVIATION.search(text, max(begin, stop - _LONGEST), stop + 1):
        return True
    return stop - begin <= _LONGEST and _ITEM_NUMBER.match(text, begin, stop + 1) is not None


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    kept = piece.strip()
    if kept:
        at = start + len(piece) - len(piece.lstrip())
        spans.append((at, at + len(kept)))
