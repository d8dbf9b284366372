"""The scheduler: what is due is started, once, whoever else looks at the same time."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from clawdbot.config import Config
from clawdbot.errors import StoreError, UsageError
from clawdbot.failpoints import reach
from clawdbot.store.ledger import RunLedger
from clawdbot.store.schedules import Firing, Schedule, ScheduleStore, run_id_of
from clawdbot.store.workflows import WorkflowStore
from clawdbot.workflows.schedules.book import ScheduleBook
from clawdbot.workflows.schedules.calls import admit, inputs_of
from clawdbot.workflows.schedules.chains import ChainedStarts
from clawdbot.workflows.schedules.folders import FolderStarts
from clawdbot.workflows.schedules.followed import StartedRuns
from clawdbot.workflows.schedules.known import EnabledWorkflows, KnownWorkflows
from clawdbot.workflows.schedules.spec import ScheduleSpec
from clawdbot.workflows.schedules.starts import Start, Starts
from clawdbot.workflows.schedules.timed import TimedStarts

PERIOD_S = 1.0
"""How often a worker ticks."""


def _utc() -> datetime:
    return datetime.now(UTC)


class Scheduler:
    """The schedules of a ledger.  ``tick`` is a worker's duty; several at once, killed anywhere, start nothing twice.

    ``clock`` gives the moment, in UTC.  StoreError as Database raises it.
    """

    def __init__(self, config: Config, ledger: RunLedger, *, clock: Callable[[], datetime] = _utc) -> None:
        self._clock = clock
        self.store = ScheduleStore(ledger.database, ledger.queue)
        self._workflows = EnabledWorkflows(WorkflowStore(ledger.database), config.app)
        self._starts = Starts(config, ledger, self.store)
        self._timed = TimedStarts(self.store, self._starts)
        self._chained = ChainedStarts(self.store, self._starts)
        self._folders = FolderStarts(self.store, self._starts)
        self._started = StartedRuns(self.store, self._starts)
        self._book = ScheduleBook(config, self.store, self._starts, self._timed)

    def tick(self) -> None:
        """Start what is due, tell what was missed or is late.  One schedule that fails does not keep back others."""
        now = self._clock()
        known = self._workflows.look()
        self._book.follow(known, now=now)
        schedules = {schedule.name: schedule for schedule in self.store.all()}
        active = [schedule for schedule in schedules.values() if not schedule.paused]
        failed: Exception | None = None
        watched = set()
        for schedule in active:
            try:
                if self._fire(schedule, known, now) == "folder":
                    watched.add(schedule.name)
            except StoreError:
                raise
            except Exception as error:  # told by whoever ticks, when the others had their turn
                failed = error
        self._folders.forget(watched)
        self._started.look(schedules, known, now=now)
        if failed is not None:
            raise failed

    def follow(self) -> None:
        """Take over what people enabled or disabled, at once and not with the next tick."""
        self._book.follow(self._workflows.look(), now=self._clock())

    def pause(self, name: str, *, by: str) -> bool:
        """Nothing starts until it is resumed; False when it was paused.  UsageError for an unknown name."""
        return self._book.pause(self.store.get(name).name, by=by, now=self._clock())

    def resume(self, name: str, *, by: str) -> bool:
        """Starts from now on, nothing is made up for; False when it was not paused.  UsageError for an unknown name."""
        return self._book.resume(self.store.get(name).name, self._workflows.look(), by=by, now=self._clock())

    def fire(self, name: str, *, by: str, inputs: Mapping[str, Any] | None = None) -> str:
        """Start a schedule's run by hand, paused or not, and return its id; UsageError when it cannot be started."""
        return self._fire_now(self.store.get(name), by=by, inputs=inputs)

    def fire_webhook(self, name: str, token: str, body: bytes, *, delivery: str = "") -> str:
        """Start a run for a call from outside and return its id; the body's JSON object gives inputs.

        The same ``delivery`` (a caller's id of its message) starts one run.  PolicyRefused for a wrong token or an
        unknown name, UsageError when the inputs do not fit or the schedule is paused.
        """
        schedule = next((one for one in self.store.all() if one.name == name), None)
        webhook = None if schedule is None else ScheduleSpec.of(schedule).trigger.webhook
        admit(token, None if webhook is None else os.environ.get(webhook.token_env))
        assert schedule is not None, "an unknown one is not admitted"
        if schedule.paused:
            raise UsageError(f"The schedule {name!r} is paused.", hint="Call again later.", code="paused")
        inputs = inputs_of(body)
        self._starts.make_way(schedule)
        return self._fire_now(schedule, inputs=inputs, cause=f"delivery {delivery}" if delivery else "")

    def close(self) -> None:
        """Stop watching folders."""
        self._folders.forget(set())

    def _fire(self, schedule: Schedule, known: KnownWorkflows, now: datetime) -> str:
        trigger = ScheduleSpec.of(schedule).trigger
        if trigger.by_time:
            self._timed.fire(schedule, known, now=now)
        elif trigger.kind == "folder":
            self._folders.fire(schedule, known, now=now)
        elif trigger.kind == "after":
            self._chained.fire(schedule, known, now=now)
        return trigger.kind

    def _fire_now(
        self, schedule: Schedule, *, by: str = "", inputs: Mapping[str, Any] | None = None, cause: str = ""
    ) -> str:
        now, known = self._clock(), self._workflows.look()
        with self.store.database.write(durable=True) as connection:
            locked = self.store.locked_in(connection, schedule.name)
            if locked is None:
                raise UsageError(f"There is no schedule {schedule.name!r}.", hint="List them: clawdbot schedule list")
            if cause and (before := self.store.caused_in(connection, locked.name, [cause]).get(cause)):
                return before
            reach("schedule.before_fire")
            due = self.store.free_instant_in(connection, locked.name, now)
            start = Start(due=due, cause=cause, inputs=inputs, by_hand=by)
            in_the_way = self._starts.before_in(connection, locked.name)
            firing = self._starts.start_in(connection, locked, start, known=known, now=now, before=in_the_way)
        reach("schedule.after_fire")
        return _accepted(firing)


def _accepted(firing: Firing | None) -> str:
    """The run of a start, also of one that waits for its turn; UsageError when there is none."""
    assert firing is not None, "the instant was free"
    if firing.outcome == "waiting":
        return run_id_of(firing.schedule, datetime.fromisoformat(firing.due_at))
    if firing.run_id is None:
        raise UsageError(firing.note, hint=f"See: clawdbot schedule history {firing.schedule}", code=firing.outcome)
    return firing.run_id
