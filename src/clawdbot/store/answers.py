"""What a person may answer to a question of a run: approved, approved after a change, or refused; or nobody did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Decision = Literal["approved", "refused", "expired"]

CLOCK = "clock"
"""Who answers a question whose time has run out."""


@dataclass(frozen=True, kw_only=True)
class Edited:
    """A call as a person changed it: its arguments, the payload as it was rendered anew, and the hash of both."""

    args: Mapping[str, Any]
    payload: str
    payload_hash: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was answered to a question; ``edited`` when the person changed the call before approving it."""

    decision: Decision
    by: str
    reason: str = ""
    edited: Edited | None = None

    @property
    def approved(self) -> bool:
        return self.decision == "approved"

    def as_json(self) -> dict[str, Any]:
        """JSON values: decision, by, reason, edited."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Answer:
        """The answer that :meth:`as_json` wrote."""
        edited = body.get("edited")
        return cls(**{**body, "edited": Edited(**edited) if edited else None})
