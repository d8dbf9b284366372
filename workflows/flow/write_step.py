"""Texts about results as a step: rendered, then written by a model whose numbers are checked, or by code."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pydantic import ValidationError

from clawdbot.config import LABELS, Config, Label
from clawdbot.errors import ClawdbotError, UsageError
from clawdbot.models.interruption import check
from clawdbot.workflows.flow.calls import Performed, StepCall, StepFailed, Usage
from clawdbot.workflows.templates import render_all
from clawdbot.workflows.writing.wanted import Write
from clawdbot.workflows.writing.wording import Results
from clawdbot.workflows.writing.writer import Commission, Writer


class WriteSteps:
    """Does ``write`` steps; safe to share between threads."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def __call__(self, call: StepCall) -> Performed:
        """The texts by name, which are what the step gives."""
        frame = call.frame
        try:
            wanted = _rendered(call)
            results = _results(call, wanted)
            check()
            written = self._writer.write(
                wanted,
                results,
                Commission(
                    run_id=frame.run_id, step=call.number, user=frame.user, language=frame.language,
                    label=_label(results, frame.definition.label, frame.planner.config), today=frame.day,
                    deadline_s=call.remaining_s, budget_usd=_cap(call),
                ),
            )  # fmt: skip
        except UsageError as error:
            raise StepFailed(str(error), outcome="retryable", again=False) from error
        texts = dict(written.texts)
        return Performed(
            text="\n".join(f"{name}: {text}" for name, text in texts.items()),
            args={"tables": [info.name for info, _ in results]},
            value=texts,
            usage=Usage(
                model=written.model, prompt_tokens=written.prompt_tokens, completion_tokens=written.completion_tokens,
                cost_usd=Decimal(written.cost_usd), attempts=written.attempts, ms=written.ms,
            ),
            notes=written.notes,
        )  # fmt: skip


def _rendered(call: StepCall) -> Write:
    assert call.step.write is not None, "its kind says so"
    body = call.step.write.model_dump(mode="json", exclude_unset=True)
    try:
        return Write.model_validate(render_all(body, call.names))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"write.{place} cannot be used as it was rendered: {first['msg']}.") from error


def _results(call: StepCall, wanted: Write) -> Results:
    named = wanted.tables
    names: Sequence[str] = call.seen.tables if named is None else [named] if isinstance(named, str) else named
    try:
        return [(call.room.table(name), call.room.load_table(name)) for name in dict.fromkeys(names)]
    except ClawdbotError as error:
        raise UsageError(error.message, hint=error.hint) from error


def _label(results: Results, least: Label | None, config: Config) -> Label:
    """The highest of the workflow's and of the databases that the results come from."""
    found = [config.databases[info.source].label for info, _ in results if info.source in config.databases]
    return max([least or LABELS[0], *found], key=LABELS.index)


def _cap(call: StepCall) -> Decimal | None:
    """What the run itself may have spent when the step ends, the runs below it not counted."""
    budget = call.frame.definition.budget_usd
    return None if budget is None else max(Decimal(0), budget - call.spent_below_usd)
