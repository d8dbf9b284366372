"""The part of a passage that a person wants to see first: where the question's words stand close together."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass

from clawdbot.knowledge.lexical.tokens import tokens

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_PIECE = re.compile(rf"(?P<cjk>[{_CJK}]+)|[^\W{_CJK}]+(?:[.,'\-/&][^\W{_CJK}]+)*")
_EMPTY = frozenset(
    tokens(
        "a an and are as at be by can do does for from has have how i in is it its may must of on or our that the "
        "their this to was we what when where which who why will with you your "
        "什么 多少 怎么 如何 请问 哪些 哪个 是否 可以 我们"
    )
)
"""Words that stand in every question and say nothing about the answer."""
_RUN_UP = 40
"""Characters before the first mark, so that its sentence begins where it begins."""


@dataclass(frozen=True, kw_only=True)
class Snippet:
    """A piece of text in one line; ``marks`` are the question's words in it, (start, end) in characters."""

    text: str
    marks: tuple[tuple[int, int], ...]


def snippet(text: str, question: str, *, width: int) -> Snippet:
    """At most ``width`` characters of the text, and an ellipsis where something is left out."""
    line = " ".join(text.split())
    marks = _marks(line, frozenset(tokens(question)) - _EMPTY)
    start = _start(line, marks, width)
    end = min(len(line), start + width)
    before, after = "…" if start else "", "…" if end < len(line) else ""
    shift = len(before) - start
    kept = tuple((a + shift, min(b, end) + shift) for a, b in marks if a >= start and a < end)
    return Snippet(text=before + line[start:end] + after, marks=kept)


def _marks(line: str, wanted: Set[str]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for piece in _PIECE.finditer(line):
        start, end = piece.span()
        spans = [(at, at + 2) for at in range(start, max(end - 1, start + 1))] if piece["cjk"] else [(start, end)]
        for a, b in spans:
            if wanted.isdisjoint(tokens(line[a : min(b, end)])):
                continue
            if found and a <= found[-1][1]:
                found[-1] = (found[-1][0], min(b, end))
            else:
                found.append((a, min(b, end)))
    return found


def _start(line: str, marks: list[tuple[int, int]], width: int) -> int:
    """Where the window with most of the marks begins."""
    if len(line) <= width or not marks:
        return 0

    def seen(start: int) -> int:
        return sum(b - a for a, b in marks if a >= start and b <= start + width)

    best = max((max(0, a - _RUN_UP) for a, _ in marks), key=lambda start: (seen(start), -start))
    at = min(best, len(line) - width)
    space = line.find(" ", at, at + _RUN_UP // 2)
    return at if at == 0 or space < 0 else space + 1
