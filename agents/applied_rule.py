"""A limit that a document states, put into the words of the question that a database is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from clawdbot.agents.brief import Brief
from clawdbot.knowledge.evidence.ranges import Amount, amounts
from clawdbot.knowledge.evidence.statement import Statement
from clawdbot.knowledge.evidence.support import overlap
from clawdbot.text.language import Language

_OVER = re.compile(
    r"\b(?:over|above|exceed\w*|more than|beyond|higher|larger|greater)\b|超过|超出|高于|大于|多于|超", re.IGNORECASE
)
_UNDER = re.compile(r"\b(?:below|under|less than|lower|fewer|smaller)\b|低于|少于|小于|不足|不到|未达", re.I)
_CLAUSE = re.compile(r"[;；,，。]|\.\s")
_COMPARED = ("money", "percent", "day", "")
_WORDS: dict[Language, dict[str, str]] = {
    "zh": {"over": "（即超过{value}）", "under": "（即低于{value}）"},
    "en": {"over": " (that is, more than {value})", "under": " (that is, less than {value})"},
}


def with_rule(brief: Brief, quotes: Sequence[Statement]) -> Brief:
    """The brief whose questions name the limit that the quotes state; the same when the goal compares with none."""
    clause = limit_clause(brief.goal, quotes, brief.language)
    if not clause or brief.documents != "both":
        return brief
    return replace(brief, parts=tuple(replace(p, text=p.text.rstrip("?？。. ") + clause) for p in brief.parts))


def limit_clause(goal: str, quotes: Sequence[Statement], language: Language) -> str:
    """' (that is, more than 30000)' for 'which invoices exceed the limit for first orders?'; '' when the goal compares
    with nothing, has an amount of its own, or the quotes hold none."""
    word = "over" if _OVER.search(goal) else "under" if _UNDER.search(goal) else ""
    if not word or [a for a in amounts(goal) if a.unit in ("money", "percent")]:
        return ""
    found = [
        (_COMPARED.index(a.unit), -overlap(goal, clause), order, a)
        for order, (clause, a) in enumerate(_stated(quotes))
        if a.unit in _COMPARED and not _is_date(a)
    ]
    if not found:
        return ""
    amount = min(found, key=lambda f: f[:3])[3]
    return _WORDS[language][word].format(value=f"{amount.value:.10g}")


def applies_limit(sql: str, goal: str, quotes: Sequence[Statement]) -> bool:
    """The statement compares with the limit that the quotes state; true when the goal compares with none.

    A percentage may be written as a share.
    """
    found = re.search(r"-?[\d.]+", limit_clause(goal, quotes, "en"))
    if found is None:
        return True
    value = float(found[0])
    written = {float(n) for n in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", sql)}
    return bool(written & {value, value / 100})


def _stated(quotes: Sequence[Statement]) -> list[tuple[str, Amount]]:
    """Amounts with the clause or the table's cell that each stands in."""
    return [(clause, a) for s in quotes for clause in _clauses(s.text) for a in amounts(clause)]


def _clauses(text: str) -> list[str]:
    """Parts of a sentence or cells of a row; a comma within a number parts nothing."""
    return [c for c in _CLAUSE.split(re.sub(r"(?<=\d),(?=\d)", "", text)) if c.strip()]


def _is_date(amount: Amount) -> bool:
    return not amount.unit and amount.value in range(1900, 2100)
