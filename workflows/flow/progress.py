"""How far a workflow's run is: the rows of its steps, what templates see of them, time and money so far."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

from clawdbot.agents.events import event
from clawdbot.agents.steps import Outcome
from clawdbot.store.workflow_steps import StepRow
from clawdbot.workflows.definition import Step
from clawdbot.workflows.flow.calls import Frame, Performed
from clawdbot.workflows.flow.kept import output_of, receipts_of, record_of, spent, things_of
from clawdbot.workflows.flow.rooms import House, Published, Things
from clawdbot.workflows.flow.views import Named, StepView
from clawdbot.workflows.templates import evaluate

NOTHING = Published(things=Things(), renamed={})

Ending = Literal["done", "failed", "skipped"]


class Progress:
    """The steps of one run as they are written down; thread-safe."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._rows = frame.steps.of_run(frame.run_id)
        self._before_s = max((row.elapsed_s for row in self._rows.values()), default=0.0)
        self.house = House(frame.planner.workspace(frame.run_id))

    @property
    def elapsed_s(self) -> float:
        """Seconds of work on the run, those before it waited or was cut off too."""
        return self._before_s + time.monotonic() - self._began

    @property
    def remaining_s(self) -> float:
        """Seconds that the run still has."""
        return self._frame.definition.timeout_s - self.elapsed_s

    @property
    def spent_usd(self) -> Decimal:
        """What models have cost in this run."""
        return spent(self.rows().values())

    @property
    def spent_below_usd(self) -> Decimal:
        """Of that, what the runs of its goals have cost."""
        return spent(row for row in self.rows().values() if row.child is not None)

    def rows(self) -> dict[str, StepRow]:
        """All steps that began, by position."""
        with self._lock:
            return dict(self._rows)

    def row(self, position: str) -> StepRow | None:
        with self._lock:
            return self._rows.get(position)

    def over(self, step_id: str) -> bool:
        """The step has ended, one way or another."""
        row = self.row(step_id)
        return row is not None and row.ended

    def items(self, step_id: str) -> tuple[StepRow, ...]:
        """The items of a foreach in their order."""
        found = [row for position, row in self.rows().items() if position.startswith(f"{step_id}/")]
        return tuple(sorted(found, key=lambda row: int(row.position.rpartition("/")[2])))

    def before(self, step: Step) -> tuple[StepRow, ...]:
        """The rows of all steps that the step comes after, in the order of the file."""
        found = (self.row(name) for name in self._frame.definition.ancestors(step))
        return tuple(row for row in found if row is not None)

    def seen(self, step: Step) -> Things:
        """Tables and files of the steps before."""
        return things_of(self.before(step))

    def given(self, step: Step) -> Things:
        """Those of the steps that a goal starts with."""
        return things_of(row for row in self.before(step) if row.position in step.given)

    def receipts(self, step: Step) -> tuple[Mapping[str, Any], ...]:
        """Of the steps before, items of a foreach too."""
        found: list[Mapping[str, Any]] = []
        for row in self.before(step):
            for one in (row, *self.items(row.position)):
                found += receipts_of(one)
        return tuple(found)

    def views(self, step_ids: tuple[str, ...]) -> Named:
        """Those steps as templates see them; one that was never begun is as if it was skipped."""
        workspace = self.house.main
        made: dict[str, StepView] = {}
        for name in step_ids:
            row = self.row(name)
            made[name] = (
                StepView("skipped", {}, workspace) if row is None else StepView.of(row, self.items(name), workspace)
            )
        return Named(made)

    def begin(self, position: str) -> StepRow:
        """The step is worked on."""
        return self._set(self._frame.steps.begin(self._frame.run_id, position))

    def tried(self, row: StepRow, error: str) -> StepRow:
        """An attempt failed, and there will be another."""
        tries = self._frame.steps.tried(self._frame.run_id, row.position, error)
        return self._set(replace(row, tries=tries, child=None, error=error))

    def wait(self, row: StepRow) -> None:
        """The step waits for a person."""
        self._frame.steps.wait(self._frame.run_id, row.position)
        self._set(replace(row, state="waiting"))

    def publish(self, row: StepRow, step: Step, performed: Performed, room_seen: Things) -> Published:
        """Bring what the step made into the run's folder."""
        self._frame.steps.check(self._frame.run_id)  # whoever lost the run publishes nothing
        source = performed.source
        assert source is not None, "the room, or the folder of the run that did the step"
        return self.house.publish(row.position, source, room_seen, prefix=step.id)

    def end(
        self,
        row: StepRow,
        state: Ending,
        step: Step,
        performed: Performed,
        *,
        outcome: Outcome,
        names: Mapping[str, Any] | None,
        published: Published = NOTHING,
        error: str = "",
        ms: int = 0,
    ) -> None:
        """The step is over: written down with its record, then told.

        ``names`` are what its output may use; None for a foreach as a whole, whose items have theirs.  TemplateFailed
        when the output gives nothing.
        """
        frame = self._frame
        output = output_of(performed, published, self.house.main)
        if state == "done" and step.output and names is not None:
            view = StepView(state, output, self.house.main)
            output["output"] = evaluate(step.output, {**names, "result": view})
        record = record_of(
            frame, row, performed, tool=step.tool or step.kind, thought=_thought(frame, step, row), outcome=outcome,
            published=published, ms=ms,
        )  # fmt: skip
        elapsed_s = self.elapsed_s
        frame.steps.end(
            frame.run_id, row.position, state, elapsed_s=elapsed_s, output=output, error=error, record=record
        )
        ended = replace(row, state=state, output=output, error=error, elapsed_s=elapsed_s)
        self._set(replace(ended, child=performed.child))
        frame.by.listener(event("step", frame.run_id, **record))

    def _set(self, row: StepRow) -> StepRow:
        with self._lock:
            self._rows[row.position] = row
        return row


def _thought(frame: Frame, step: Step, row: StepRow) -> str:
    """What people read of the step before what it called."""
    title = step.title.in_(frame.language)
    return f"{row.position}: {title}" if title else row.position
