"""Versions of one document that answer differently: the one in force speaks, the other is shown beside it."""

from __future__ import annotations

from collections.abc import Sequence

from clawdbot.knowledge.evidence.statement import Statement
from clawdbot.text.figures import mentions


def separate(chosen: Sequence[Statement]) -> tuple[list[Statement], list[Statement]]:
    """(quotes, contradicting) of the statements that answer a question, both in the order given, newer ones first.

    Where several documents of a family were chosen, the newest is quoted; statements of older ones contradict when
    they name other figures, and are left out when they say the same.
    """
    newest: dict[str, Statement] = {}
    for statement in chosen:
        best = newest.get(statement.family)
        if best is None or _age(statement) > _age(best):
            newest[statement.family] = statement
    quotes = [s for s in chosen if _document(s) == _document(newest[s.family])]
    said = {family: figures([s for s in quotes if s.family == family]) for family in newest}
    others = [s for s in chosen if _document(s) != _document(newest[s.family])]
    contradicting = [s for s in others if figures([s]) - said[s.family] or not figures([s])]
    return quotes, sorted(contradicting, key=_age, reverse=True)


def figures(statements: Sequence[Statement]) -> frozenset[float]:
    """The values that statements name."""
    return frozenset(m.value for s in statements for m in mentions(s.text))


def _age(statement: Statement) -> str:
    return statement.dated or statement.modified_at


def _document(statement: Statement) -> tuple[str, str]:
    return (statement.source, statement.document)
