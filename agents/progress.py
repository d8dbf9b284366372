"""How far a run is: which deliverables have receipts, which part of the goal is open, what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clawdbot.agents.brief import Brief
from clawdbot.agents.quotations import Quotations
from clawdbot.agents.steps import Step
from clawdbot.tools.contract import Deliverable, Tool

ATTEMPTS = 4
"""Tries for one part's data before the run goes on with what it has."""

TRIES = 3
"""Failures of one deliverable's tool before the run goes on without it."""

ORDER: tuple[Deliverable, ...] = ("passages", "table", "chart", "report", "mail", "answer")
"""Deliverables in the order in which they can be made."""

AnyTool = Tool[..., Any]


def is_data_tool(tool: AnyTool) -> bool:
    """It looks at data and gives a named table."""
    return tool.effect == "read" and tool.provides == "table"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A reading of the steps so far against the brief.  Pure; computed anew each time."""

    open: tuple[Deliverable, ...]
    """Deliverables without a receipt, in the order to make them; 'answer' is always last."""
    part: int
    """The part of the goal that is worked on."""
    data_done: bool
    """Every part has its data, or was tried often enough."""
    attempts: int
    """Failed tries for the current part."""
    failed_tools: tuple[str, ...]
    """Tools whose last calls failed since anything succeeded, oldest first."""
    unresolved: tuple[int, ...]
    """Parts that were given up."""
    abandoned: tuple[Deliverable, ...]
    """Deliverables that failed for good or too often; the run goes on without them and says so."""
    last_failure: Step | None
    """The failure to show to the model: only the last, and only while nothing succeeded after it."""


def read_progress(brief: Brief, steps: Sequence[Step], tools: Mapping[str, AnyTool]) -> Progress:
    """Where the run stands."""
    needs_data = brief.documents != "only" and any(is_data_tool(t) for t in tools.values())
    part, attempts, unresolved = 0, 0, []
    failed: list[str] = []
    last_failure: Step | None = None
    for step in steps:
        tool = tools.get(step.tool)
        if step.ok:
            failed, last_failure = [], None
        else:
            failed.append(step.tool)
            last_failure = step
        if tool is not None and is_data_tool(tool) and step.part == part and part < len(brief.parts):
            attempts += not step.ok
            if step.ok or attempts >= ATTEMPTS:
                if not step.ok:
                    unresolved.append(part)
                part, attempts = part + 1, 0
    done = part >= len(brief.parts) or not needs_data
    return Progress(
        open=tuple(d for d in ORDER if d in brief.deliverables and not is_delivered(d, brief, steps, tools)),
        part=min(part, len(brief.parts) - 1),
        data_done=done,
        attempts=attempts,
        failed_tools=tuple(failed),
        unresolved=tuple(unresolved),
        abandoned=_abandoned(steps, tools),
        last_failure=last_failure,
    )


def is_delivered(kind: Deliverable, brief: Brief, steps: Sequence[Step], tools: Mapping[str, AnyTool]) -> bool:
    """The deliverable has its receipts: every chart, every format, every recipient."""
    receipts = [s.receipt for s in steps if s.ok and s.receipt and s.tool in tools and tools[s.tool].provides == kind]
    if kind == "answer":
        return any(s.tool == "finish" and s.ok for s in steps)
    if kind == "passages":
        return Quotations.of(steps).done >= len(brief.document_questions())
    if kind == "chart":
        return len(receipts) >= max(1, brief.charts)
    if kind == "mail":
        reached = {str(a).lower() for r in receipts for a in r.get("to", ())}
        return bool(brief.recipients) and {r.address.lower() for r in brief.recipients} <= reached
    if kind == "table":
        made = {str(r.get("format")) for s in steps if s.ok for r in [s.receipt or {}] if r.get("format")}
        return set(brief.formats) <= made
    return bool(receipts)


def _abandoned(steps: Sequence[Step], tools: Mapping[str, AnyTool]) -> tuple[Deliverable, ...]:
    given_up: list[Deliverable] = []
    for name in dict.fromkeys(s.tool for s in steps):
        tool = tools.get(name)
        if tool is None or tool.provides is None or is_data_tool(tool):
            continue
        failures = [s for s in steps if s.tool == name and not s.ok]
        final = any(s.outcome in ("terminal", "policy") for s in failures)
        if final or len(failures) >= TRIES:
            given_up.append(tool.provides)
    return tuple(given_up)
