"""What a workflow's run gave, as the one object that ``run --json`` prints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from clawdbot.store.workflow_steps import StepRow
from clawdbot.workflows.flow.calls import Frame
from clawdbot.workflows.flow.progress import Progress
from clawdbot.workflows.flow.wording import words
from clawdbot.workflows.result import RunResult, Status
from clawdbot.workflows.templates import TemplateFailed, render


def result_of(frame: Frame, progress: Progress, status: Status) -> RunResult:
    """The result as far as the run is; with the status ``done`` it has its verdict and its outputs."""
    rows = progress.rows()
    failed = [row for row in rows.values() if _is_missing(frame, row)]
    outputs, broken = _outputs(frame, progress) if status == "done" else ({}, [])
    say = words(frame.language)
    missing = [*(say["failed"].format(position=row.position, error=row.error) for row in failed), *broken]
    verdict = None
    if status == "done":
        done = any(row.state == "done" for row in rows.values())
        verdict = "verified" if not missing else "partial" if done else "failed"
    receipts = [one for row in rows.values() for one in (row.output or {}).get("receipts", ())]
    return RunResult(
        run_id=frame.run_id,
        goal=frame.goal,
        status=status,
        verdict=verdict,
        answer=_answer(frame, rows, outputs) if status == "done" else "",
        missing=tuple(missing),
        artifacts=tuple(asdict(made) for made in progress.house.main.artifacts()),
        receipts=tuple(receipts),
        citations=tuple(one for row in rows.values() for one in (row.output or {}).get("citations", ())),
        steps=frame.planner.ledger.steps(frame.run_id),
        usage=_usage(rows, progress),
        stop_kind=_stop_kind(failed, frame),
        approval=_question(frame) if status == "waiting" else None,
        outputs=outputs,
    )


def _is_missing(frame: Frame, row: StepRow) -> bool:
    """It should have been done; items of a foreach are told of by the whole."""
    return "/" not in row.position and (row.state == "failed" or (row.state == "skipped" and bool(row.error)))


def _outputs(frame: Frame, progress: Progress) -> tuple[dict[str, Any], list[str]]:
    """The outputs by name, and in words those that could not be made."""
    names = {**frame.names, "steps": progress.views(tuple(step.id for step in frame.definition.step))}
    made: dict[str, Any] = {}
    broken: list[str] = []
    for name, template in frame.definition.outputs.items():
        try:
            made[name] = render(template, names)
        except TemplateFailed as error:
            broken.append(words(frame.language)["output"].format(name=name, error=error))
    return made, broken


def _answer(frame: Frame, rows: Mapping[str, StepRow], outputs: Mapping[str, Any]) -> str:
    """The output of that name, else the answer of the last goal, else that it was done."""
    given = outputs.get("answer")
    if given is not None:
        return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, indent=2)
    answers = [row.output["answer"] for row in rows.values() if row.output and row.output.get("answer")]
    if answers:
        return str(answers[-1])
    count = sum(row.state == "done" and "/" not in row.position for row in rows.values())
    return words(frame.language)["done"].format(title=frame.definition.heading(frame.language), count=count)


def _usage(rows: Mapping[str, StepRow], progress: Progress) -> dict[str, Any]:
    used = [row.output["usage"] for row in rows.values() if row.output and "usage" in row.output]
    return {
        "steps": sum(row.n > 0 for row in rows.values()),
        "prompt_tokens": sum(one["prompt_tokens"] for one in used),
        "completion_tokens": sum(one["completion_tokens"] for one in used),
        "cost_usd": str(sum((Decimal(one["cost_usd"]) for one in used), Decimal(0))),
        "seconds": round(progress.elapsed_s, 3),
    }


def _stop_kind(failed: list[StepRow], frame: Frame) -> str:
    """'deadline' or 'budget' when that kept a step from being done."""
    say = words(frame.language)
    for kind, key in (("deadline", "time"), ("budget", "budget")):
        begins = say[key].partition("{")[0]
        if any(row.error.startswith(begins) for row in failed):
            return kind
    return ""


def _question(frame: Frame) -> dict[str, Any] | None:
    asked = frame.planner.ledger.approvals.waiting(frame.run_id)
    return {name: getattr(asked[0], name) for name in ("tool", "payload", "payload_hash")} if asked else None
