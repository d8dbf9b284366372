"""A step of a run as it is kept: what was thought, called and seen, with its receipt and cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Outcome = Literal[
    "ok", "complaint", "retryable", "terminal", "policy", "timeout", "crash", "repeat", "invalid", "skipped"
]
"""complaint: it ran, but the result contradicts the brief; repeat: already done, not called again; skipped: a step of a
workflow that was not to be done."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One reasoning step and the tool call it led to.  Times in ms, tokens as the model counted them."""

    n: int
    thought: str
    tool: str
    args: Mapping[str, Any]
    observation: str
    outcome: Outcome
    receipt: Mapping[str, Any] | None = None
    part: int = 0
    """The part of the goal that was worked on."""
    notes: tuple[str, ...] = ()
    """What our own checks said of the result or corrected in the text."""
    model: str = ""
    label: str = ""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt tokens, those that the model had in its prompt cache."""
    completion_tokens: int = 0
    cost_usd: str = "0"
    attempts: int = 0
    """Times that a model was asked for this step; tokens and cost are of all of them."""
    ms: int = 0
    model_ms: int = 0

    @property
    def ok(self) -> bool:
        return self.outcome == "ok"

    def as_json(self) -> dict[str, Any]:
        """JSON values, for the checkpoint, the ledger and ``run --json``."""
        return {**asdict(self), "args": dict(self.args), "notes": list(self.notes)}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Step:
        """The step that :meth:`as_json` wrote."""
        return cls(**{**body, "notes": tuple(body["notes"])})


@dataclass(frozen=True, kw_only=True)
class Intent:
    """What the model decided, before it is carried out."""

    thought: str
    tool: str
    args: Mapping[str, Any]
    model: str
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: str = "0"
    attempts: int = 0
    ms: int = 0
    notes: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """JSON values, for the checkpoint."""
        return {**asdict(self), "args": dict(self.args), "notes": list(self.notes)}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Intent:
        """The intent that :meth:`as_json` wrote."""
        return cls(**{**body, "notes": tuple(body["notes"])})
