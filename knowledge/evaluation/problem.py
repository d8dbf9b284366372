"""What went wrong with a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "not_found",
    "not_in_library",
    "failed",
    "refused",
    "answered",
    "not_said",
    "said",
    "not_cited",
    "verdict",
    "unresolved",
    "unsupported",
    "uncited",
]
"""not_found, not_in_library: expected documents; failed: the search or the run ended in an error;
refused, answered: where the contrary was right; not_said, said: what an answer must and must not say;
not_cited: expected documents; verdict: another one than 'verified'; unresolved: a citation's place does not hold its
words; unsupported, uncited: sentences that say more than what they cite."""

CITING: frozenset[Kind] = frozenset({"unresolved", "unsupported", "uncited"})
"""Faults of citations, counted apart from whether the answer is right."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """``detail``: the document, the words or the error that it is about."""

    kind: Kind
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind
