"""What the graph keeps between nodes: JSON only, so that a checkpoint can be read anywhere."""

from __future__ import annotations

from typing import Any, TypedDict


class RunState(TypedDict, total=False):
    """The state of one run.  Tables and files are on disk in the run's folder, not here."""

    run_id: str
    goal: str
    user: str
    """Who asked; documents are read with the rights of that user."""
    ask: bool
    """The goal is a question to the documents alone (``clawdbot ask``)."""
    model: str
    """The model that was asked for; empty lets the router choose."""
    label: str
    """The least label of everything that the run asks models; empty leaves it to the data."""
    budget_usd: str
    """The most that the run may cost, where it is less than [budget] task_usd; empty otherwise."""
    fence: dict[str, list[str]]
    """What the run may do at most, see ``fence.py``; empty narrows nothing."""
    brief: dict[str, Any]
    steps: list[dict[str, Any]]
    intent: dict[str, Any] | None
    stopped: str
    """Why a guard ended the run; empty while it goes on."""
    stop_kind: str
    """'' | 'steps' | 'deadline' | 'budget' | 'model' | 'refused'."""
    answer: str
    replaced: list[str]
    """Unsupported statements for which the answer was rewritten."""
    citations: list[dict[str, Any]]
    """The quotes of documents that the answer stands on, by number."""
    verdict: str
    missing: list[str]
    elapsed_s: float
    """Seconds of work so far, waiting for a person not counted."""
