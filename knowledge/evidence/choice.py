"""Which statements answer a question: a model's yes for each, held against nearness and ranges.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from clawdbot.knowledge.evidence.statement import Statement
from clawdbot.knowledge.evidence.support import values

CERTAIN = 0.85
"""A yes that needs no other sign."""
ENOUGH = 0.825
"""Yes and nearness together from which a statement is quoted; what is only about the subject stays below."""
ENOUGH_ALONE = 0.65
"""The same where no nearness is known."""
_APART = 4.0
"""What nearness above that of the other statements adds to a yes."""
_IN_RANGE = 0.15
_ALSO = 0.9
"""Share of the best value that another statement must reach to be quoted beside it."""
_OTHER_VERSION = 0.6
"""The same for the best statement of another version of a quoted document."""
MOST_QUOTES = 3
_QUANTITY = re.compile(
    r"\bhow (?:many|much|long|large|big|high|far|often)\b|多少|多久|多长|多大|多高|几[天个次年月周小家人元]", re.I
)


def choose(question: str, statements: Sequence[Statement], yes: Sequence[float]) -> tuple[int, ...]:
    """Indices of the statements to quote, best first; empty when none answers.

    ``yes`` is the model's share of yes for each, 0 to 1.  A statement whose ranges exclude the question's amount is
    none; a question for a quantity is not answered by a statement without any.
    """
    quantity = bool(_QUANTITY.search(question))
    enough = ENOUGH if any(s.apart for s in statements) else ENOUGH_ALONE
    worth = {
        i: value
        for i, (s, share) in enumerate(zip(statements, yes, strict=True))
        if s.inside is not False
        and (value := share + _APART * s.apart + (_IN_RANGE if s.inside else 0.0)) > 0
        and (share >= CERTAIN or not quantity or values(s.text))
    }
    best = max(worth.values(), default=0.0)
    if best < enough:
        return ()
    chosen = sorted((i for i in worth if worth[i] >= _ALSO * best), key=lambda i: -worth[i])[:MOST_QUOTES]
    return (*chosen, *_other_versions(statements, worth, chosen, _OTHER_VERSION * best))


def _other_versions(
    statements: Sequence[Statement], worth: Mapping[int, float], chosen: Sequence[int], least: float
) -> list[int]:
    """The best statement of each other version of a quoted document, so that an older rule is never told alone."""
    families = {statements[i].family for i in chosen}
    told = {(statements[i].source, statements[i].document) for i in chosen}
    found: dict[tuple[str, str], int] = {}
    for i in sorted(worth, key=lambda i: -worth[i]):
        key = (statements[i].source, statements[i].document)
        if statements[i].family in families and key not in told and worth[i] >= least:
            found.setdefault(key, i)
    return list(found.values())
