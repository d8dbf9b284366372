"""The brief: what a goal asks for, as data.  Compiled once, before any model or untrusted text is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal

from clawdbot.access.envelope import Envelope
from clawdbot.agents.documents import DocumentUse, find_document_questions, rule_question
from clawdbot.agents.grains import Grain
from clawdbot.agents.periods import Period
from clawdbot.text.language import Language
from clawdbot.tools.contract import Deliverable

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)

ChartKind = Literal["bar", "line", "area", "pie", "scatter", "histogram", "heatmap"]


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """'top 5' is ``limit=5, descending=True``; a superlative in the singular is ``limit=1``."""

    limit: int | None
    descending: bool
    position: int | None = None
    """'the second highest' is 2: only that row answers."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One question of a goal with the period, time step and ranking that belong to it."""

    text: str
    periods: tuple[Period, ...] = ()
    grain: Grain | None = None
    ranking: Ranking | None = None

    def hints(self) -> dict[str, Any]:
        """The facts that data tools narrow their schemas by; JSON values only."""
        return {
            # An address is a receiver: 'sales@example.com' asks for no sales.
            "question": _ADDRESS.sub(" ", self.text).strip(),
            "periods": [
                {
                    "label": p.label,
                    "start": p.start.isoformat() if p.start else None,
                    "end": p.end.isoformat() if p.end else None,
                }
                for p in self.periods
            ],
            "grain": self.grain,
            "limit": self.ranking.limit if self.ranking else None,
            "order": None if self.ranking is None else ("desc" if self.ranking.descending else "asc"),
            "position": self.ranking.position if self.ranking else None,
        }


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Someone whom the goal names as a receiver of mail, with the words that named them."""

    address: str
    mention: str


@dataclass(frozen=True, kw_only=True)
class Brief:
    """A goal, understood by rules.

    ``parts`` are its separate questions, at least one; ``refused`` are requests that no tool may fulfil
    (a change of data), in the person's words.
    """

    goal: str
    language: Language
    today: date
    deliverables: frozenset[Deliverable]
    parts: tuple[Part, ...]
    chart_kind: ChartKind | None = None
    charts: int = 0
    formats: tuple[Literal["csv", "xlsx"], ...] = ()
    recipients: tuple[Recipient, ...] = ()
    unknown_recipients: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    only_refused: bool = False
    """The goal asks for nothing but a change of data."""
    documents: DocumentUse = "none"
    """What documents are read for."""
    envelope: Envelope = field(default_factory=Envelope)

    def hints(self, part: int) -> dict[str, Any]:
        """The facts that tools narrow their schemas by (``RunView.hints``) while that part is worked on."""
        return {
            **self.parts[part].hints(),
            "chart_kind": self.chart_kind,
            "charts": self.charts,
            "formats": list(self.formats),
        }

    def document_questions(self) -> tuple[str, ...]:
        """What is asked of the documents: every part, or for the rule that a query then applies."""
        if self.documents == "none":
            return ()
        return find_document_questions(self.goal) if self.documents == "only" else (rule_question(self.goal),)

    def as_json(self) -> dict[str, Any]:
        """The brief as JSON values, for the ledger and the checkpoint."""
        body = asdict(self)
        body["today"] = self.today.isoformat()
        body["deliverables"] = sorted(self.deliverables)
        for part in body["parts"]:
            for period in part["periods"]:
                period["start"] = period["start"] and period["start"].isoformat()
                period["end"] = period["end"] and period["end"].isoformat()
        body["envelope"] = {k: sorted(v) if isinstance(v, frozenset) else list(v) for k, v in body["envelope"].items()}
        return body

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Brief:
        """The brief that :meth:`as_json` wrote."""
        kept = dict(body)
        fence = dict(kept.pop("envelope"))
        allowed = tuple(fence.pop("allow_recipients"))
        envelope = Envelope(allow_recipients=allowed, **{k: frozenset(v) for k, v in fence.items()})
        return cls(
            **{
                **kept,
                "today": date.fromisoformat(kept["today"]),
                "deliverables": frozenset(kept["deliverables"]),
                "parts": tuple(_part(p) for p in kept["parts"]),
                "formats": tuple(kept["formats"]),
                "recipients": tuple(Recipient(**r) for r in kept["recipients"]),
                "unknown_recipients": tuple(kept["unknown_recipients"]),
                "refused": tuple(kept["refused"]),
                "envelope": envelope,
            }
        )


def _part(body: Mapping[str, Any]) -> Part:
    periods = tuple(Period(**{**p, "start": _day(p["start"]), "end": _day(p["end"])}) for p in body["periods"])
    ranking = Ranking(**body["ranking"]) if body["ranking"] else None
    return Part(text=body["text"], periods=periods, grain=body["grain"], ranking=ranking)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
