"""One step from its beginning to its end: condition, items, a person's yes, attempts, what is kept of it."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from clawdbot.models import interruption
from clawdbot.store.workflow_steps import StepRow
from clawdbot.workflows.definition import Step, StepKind
from clawdbot.workflows.flow.calls import Frame, Perform, Performed, StepCall, StepFailed, StepWaits, Usage
from clawdbot.workflows.flow.kept import things_of
from clawdbot.workflows.flow.points import Granted, approved
from clawdbot.workflows.flow.progress import NOTHING, Progress
from clawdbot.workflows.flow.rooms import Published, Things
from clawdbot.workflows.flow.wording import words
from clawdbot.workflows.templates import TemplateFailed, evaluate

MOST_ITEMS = 1_000
"""Of a foreach."""
_LONGEST_PAUSE_S = 300.0
_SHOWN = 3
"""Items that failed, in the error of the whole."""


@dataclass(frozen=True, kw_only=True)
class _Unit:
    """What is done at once: the step, or one item of its foreach."""

    position: str
    names: Mapping[str, Any]


class Settling:
    """Does steps of one run, each in the thread that calls; thread-safe."""

    def __init__(self, frame: Frame, progress: Progress, performers: Mapping[StepKind, Perform]) -> None:
        self._frame = frame
        self._progress = progress
        self._performers = performers

    def settle(self, step: Step) -> None:
        """Bring a step to its end, which is written down.

        Raises StepWaits when a person must answer first, what the run's stop raises, and what nobody expects.
        """
        with interruption.interruptible(self._frame.stop.interruption):
            self._settled(step)

    @contextmanager
    def calls(self, step: Step) -> Iterator[list[StepCall]]:
        """What the step would do now, in rooms that are there while the block lasts; nothing is done or written down.

        StepFailed or TemplateFailed when that cannot be said.
        """
        row = self._progress.row(step.id)
        units = self._units(step, self._names(step)) if row is not None else []
        calls = [
            self._call(
                step, self._progress.row(unit.position) or replace(row, position=unit.position), unit, Granted(),
                room=f"{unit.position}/shown",
            )
            for unit in units
            if row is not None
        ]  # fmt: skip
        try:
            yield calls
        finally:
            for unit in units:
                self._progress.house.clear(f"{unit.position}/shown")

    def _names(self, step: Step) -> dict[str, Any]:
        return {**self._frame.names, "steps": self._progress.views(self._frame.definition.ancestors(step))}

    def _settled(self, step: Step) -> None:
        self._frame.stop.check()
        names = self._names(step)
        row = self._progress.row(step.id) or self._progress.begin(step.id)
        try:
            reason = self._not_done(step, names)
            if reason is not None:
                return self._skip(step, row, names, reason)
            units = self._units(step, names)
            granted = self._granted(step, row, units)
        except StepWaits:
            self._progress.wait(row)
            raise
        except TemplateFailed as error:
            return self._fail(step, row, names, StepFailed(str(error), outcome="retryable"))
        except StepFailed as error:
            return self._fail(step, row, names, error)
        if not step.foreach:
            return self._unit(step, units[0], granted)
        self._items(step, row, units, granted)

    def _not_done(self, step: Step, names: Mapping[str, Any]) -> str | None:
        """Why the step is not done, '' when its condition does not hold; None when it is to be done."""
        say = words(self._frame.language)
        for name in self._frame.definition.needs(step):
            needed = self._progress.row(name)
            known = next(one for one in self._frame.definition.step if one.id == name)
            if needed is None or known.continue_on_error:
                continue
            if needed.state == "failed" or (needed.state == "skipped" and needed.error):
                return say["blocked"].format(step=name)
        if self._progress.remaining_s <= 0:
            return say["time"].format(seconds=f"{self._frame.definition.timeout_s:g}")
        if step.when and not evaluate(step.when, names):
            return ""
        return None

    def _units(self, step: Step, names: Mapping[str, Any]) -> list[_Unit]:
        if not step.foreach:
            return [_Unit(position=step.id, names=names)]
        items = evaluate(step.foreach, names)
        if not isinstance(items, list):
            raise StepFailed(f"foreach gives {type(items).__name__}, not a list.", outcome="retryable")
        if len(items) > MOST_ITEMS:
            raise StepFailed(f"foreach gives {len(items)} items; the most is {MOST_ITEMS}.", outcome="retryable")
        return [
            _Unit(position=f"{step.id}/{number}", names={**names, "item": item, "position": number})
            for number, item in enumerate(items, 1)
        ]

    def _granted(self, step: Step, row: StepRow, units: Sequence[_Unit]) -> Granted:
        """What a person approved of the step's units, where they must."""
        if not step.approval or not units:
            return Granted()
        calls = [
            self._call(step, replace(row, position=unit.position), unit, Granted(), room=f"{unit.position}/question")
            for unit in units
        ]
        try:
            return approved(calls)
        finally:
            for unit in units:
                self._progress.house.clear(f"{unit.position}/question")

    def _items(self, step: Step, row: StepRow, units: Sequence[_Unit], granted: Granted) -> None:
        """All items, some at once; one that waits or failed keeps no other from being done."""
        waiting: list[tuple[str, str]] = []
        with ThreadPoolExecutor(step.parallel, thread_name_prefix=f"workflow-{step.id}") as pool:
            futures = [pool.submit(contextvars.copy_context().run, self._unit, step, unit, granted) for unit in units]
            try:
                for future in futures:
                    wait([future])
                    error = future.exception()
                    if isinstance(error, StepWaits):
                        waiting += error.questions
                    elif error is not None:
                        raise error
            except BaseException:
                self._frame.stop.ask("drain")
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        if waiting:
            self._progress.wait(row)
            raise StepWaits(waiting)
        self._whole(step, row, units)

    def _whole(self, step: Step, row: StepRow, units: Sequence[_Unit]) -> None:
        """All items are over: the step is done when all of them are."""
        items = self._progress.items(step.id)
        failed = [item for item in items if item.state == "failed"]
        error = "; ".join(f"{item.position}: {item.error}" for item in failed[:_SHOWN])
        if len(failed) > _SHOWN:
            error += f"; +{len(failed) - _SHOWN}"
        text = words(self._frame.language)["items"].format(done=len(items) - len(failed), total=len(items))
        self._progress.end(
            row, "failed" if failed else "done", step, Performed(text=text), outcome="terminal" if failed else "ok",
            names=None, error=error, published=Published(things=things_of(items), renamed={}),
        )  # fmt: skip

    def _unit(self, step: Step, unit: _Unit, granted: Granted) -> None:
        """One unit with its attempts; its end is written down."""
        row = self._progress.row(unit.position)
        if row is not None and row.ended:
            return
        self._frame.stop.check()
        row = self._progress.begin(unit.position)
        before = Usage()
        while True:
            began = time.monotonic()
            call = self._call(step, row, unit, granted)
            try:
                performed = self._performed(step, call)
                performed = replace(performed, usage=before + performed.usage)
                return self._done(step, call, unit, performed, began)
            except StepWaits:
                self._progress.wait(row)
                raise
            except TemplateFailed as error:
                return self._fail(step, row, unit.names, StepFailed(str(error), outcome="retryable"), began)
            except StepFailed as error:
                if error.given is not None:
                    error.given = replace(error.given, usage=before + error.given.usage)
                    before = error.given.usage
                last = not error.again or row.tries + 1 >= step.retries.attempts or self._progress.remaining_s <= 0
                if last:
                    return self._fail(step, row, unit.names, error, began)
                row = self._progress.tried(row, str(error))
                pause_s = min(step.retries.wait_s * 2 ** (row.tries - 1), _LONGEST_PAUSE_S, self._progress.remaining_s)
                interruption.wait(threading.Event(), max(0.0, pause_s))
            finally:
                self._progress.house.clear(unit.position)

    def _performed(self, step: Step, call: StepCall) -> Performed:
        budget = self._frame.definition.budget_usd
        if step.kind != "tool" and budget is not None and call.spent_usd >= budget:
            said = words(self._frame.language)["budget"].format(budget=budget)
            raise StepFailed(said, outcome="policy", again=False)
        performed = self._performers[step.kind](call)
        return performed if performed.source is not None else replace(performed, source=call.room)

    def _done(self, step: Step, call: StepCall, unit: _Unit, performed: Performed, began: float) -> None:
        published = self._progress.publish(call.row, step, performed, _carried(call, performed))
        self._progress.end(
            call.row, "done", step, performed, outcome="ok", names=unit.names, published=published, ms=_ms(began)
        )

    def _fail(
        self,
        step: Step,
        row: StepRow,
        names: Mapping[str, Any],
        error: StepFailed,
        began: float | None = None,
    ) -> None:
        """The step failed; what it gave all the same is there for steps that go on."""
        performed = error.given or Performed(text=str(error))
        published = NOTHING
        if performed.source is not None:
            published = self._progress.publish(row, step, performed, self._progress.given(step))
        self._progress.end(
            row, "failed", step, performed, outcome=error.outcome, names=names, published=published, error=str(error),
            ms=0 if began is None else _ms(began),
        )  # fmt: skip

    def _skip(self, step: Step, row: StepRow, names: Mapping[str, Any], reason: str) -> None:
        text = reason or words(self._frame.language)["condition"]
        self._progress.end(row, "skipped", step, Performed(text=text), outcome="skipped", names=names, error=reason)

    def _call(self, step: Step, row: StepRow, unit: _Unit, granted: Granted, *, room: str = "") -> StepCall:
        """The unit as it is to be done now, in an empty room."""
        seen, given = self._progress.seen(step), self._progress.given(step)
        left_s = self._progress.remaining_s
        return StepCall(
            frame=self._frame, step=step, row=row, names=unit.names, seen=seen, given=given,
            room=self._progress.house.room(room or unit.position, seen), receipts=self._progress.receipts(step),
            deadline=time.monotonic() + (left_s if step.timeout_s is None else min(left_s, step.timeout_s)),
            spent_usd=self._progress.spent_usd, spent_below_usd=self._progress.spent_below_usd,
            granted=granted.hashes, granted_by=granted.by, args=granted.args,
        )  # fmt: skip


def _carried(call: StepCall, performed: Performed) -> Things:
    """What stood in the folder before the step began, and is not new."""
    return call.given if performed.child is not None else call.seen


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
