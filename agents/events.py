"""What a run tells while it goes on: small JSON events for a terminal, a page or a log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from clawdbot.errors import ApprovalNeeded
from clawdbot.store.answers import Answer

EventKind = Literal["run", "brief", "thinking", "step", "approval", "verify", "end"]
"""run: started or resumed; brief: what was understood; thinking: a model is asked; step: a call ended;
approval: a person must answer; verify: the answer is checked; end: verdict."""

Listener = Callable[[Mapping[str, Any]], None]
"""Receives events in order; what it raises ends the run, so it should not raise."""

Ask = Callable[[ApprovalNeeded], Answer]
"""Puts a payload before a person and gives the answer.  May suspend the run (and come back here later)."""


def event(kind: EventKind, run_id: str, **values: Any) -> dict[str, Any]:
    """An event as JSON values."""
    return {"event": kind, "run_id": run_id, **values}


def silent(event: Mapping[str, Any]) -> None:
    """The listener of a run that nobody watches."""
