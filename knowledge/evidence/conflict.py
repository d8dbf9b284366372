"""Statements of different documents that speak of the same thing and give different figures."""

from __future__ import annotations

import re
from collections.abc import Sequence

from clawdbot.knowledge.evidence.statement import Statement
from clawdbot.text.figures import mentions

_DIGITS = re.compile(r"\d[\d,.]*")
_WORD = re.compile(r"[A-Za-z]+|[\u3400-\u9fff]")
_SAME = 0.5


def contradicting(chosen: Sequence[Statement], others: Sequence[Statement]) -> list[Statement]:
    """Those of ``others`` that say of the same thing, in another document, something else than ``chosen``.

    Two statements are about the same when their words without figures mostly agree; they contradict when the figures
    differ.  At most one of each other document for each chosen one.
    """
    found: dict[tuple[str, str, int, int], Statement] = {}
    taken = {s.place for s in chosen}
    for statement in chosen:
        nearest: dict[tuple[str, str], tuple[float, Statement]] = {}
        for other in others:
            key = (other.source, other.document)
            if key == (statement.source, statement.document) or other.place in taken:
                continue
            alike = likeness(statement, other)
            if alike >= _SAME and alike > nearest.get(key, (0.0, other))[0]:
                nearest[key] = (alike, other)
        for _, other in nearest.values():
            if figures(other) != figures(statement):
                found.setdefault(other.place, other)
    return list(found.values())


def likeness(one: Statement, other: Statement) -> float:
    """The share of words, figures left out, that two statements have in common with their headings, 0 to 1."""
    a, b = _words(one.text), _words(other.text)
    if not a or not b:
        return 0.0
    return len(a & b) / min(len(a), len(b)) if min(len(a), len(b)) >= 3 else len(a & b) / len(a | b)


def figures(statement: Statement) -> frozenset[float]:
    """The values that a statement names."""
    return frozenset(m.value for m in mentions(statement.text))


def _words(text: str) -> frozenset[str]:
    plain = _DIGITS.sub(" ", text.lower())
    found = set()
    letters = _WORD.findall(plain)
    for i, word in enumerate(letters):
        if word[0] > "\u3000":
            if i + 1 < len(letters) and letters[i + 1][0] > "\u3000":
                found.add(word + letters[i + 1])
        elif len(word) > 2 or len(word) == 1:
            found.add(word)
    return frozenset(found)
