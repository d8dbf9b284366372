"""A schedule's instant becomes a run, or a row that says why not, in the transaction of whoever found it due."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from clawdbot.config import Config
from clawdbot.errors import ClawdbotError, UsageError
from clawdbot.store.ledger import RunLedger
from clawdbot.store.notices import NoticeBoard
from clawdbot.store.queue import SCHEDULED, NewRun
from clawdbot.store.schedules import OPEN, Firing, Following, Outcome, Schedule, ScheduleStore, moment_text, run_id_of
from clawdbot.workflows.schedules.jitter import ready_at
from clawdbot.workflows.schedules.known import KnownWorkflows
from clawdbot.workflows.schedules.spec import ScheduleSpec
from clawdbot.workflows.schedules.wording import delay, say, state
from clawdbot.workflows.starting import new_run

log = logging.getLogger(__name__)

MOST_LINKS = 10
"""How often workflows may start each other in a row."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """One instant that is to start a run; ``cause`` is the file or the run that made it due."""

    due: datetime
    late: bool = False
    cause: str = ""
    inputs: Mapping[str, Any] | None = None
    by_hand: str = ""
    """Who starts it now, whatever the policies say."""


@dataclass(frozen=True, kw_only=True)
class Before:
    """The start before, which is not over."""

    run_id: str
    status: str


class Starts:
    """Decides and writes what comes of starts."""

    def __init__(self, config: Config, ledger: RunLedger, store: ScheduleStore) -> None:
        self._config = config
        self._queue = ledger.queue
        self._store = store
        self._notices = NoticeBoard(ledger.database)
        self.late = timedelta(seconds=config.workflows.late_s)

    def before_in(self, connection: Connection, schedule: str) -> Before | None:
        """What is in the way of a start of that schedule: its oldest start that is not over."""
        return _first_open(self._store.following_in(connection, schedule))

    def make_way(self, schedule: Schedule) -> None:
        """With ``overlap = "cancel_old"`` ask the runs that are in the way to end.

        It comes before the transaction that starts the new one, so a kill in between leaves the new one due.
        """
        if ScheduleSpec.of(schedule).trigger.overlapping != "cancel_old":
            return
        with self._store.database.read() as connection:
            following = self._store.following_in(connection, schedule.name)
        for one in following:
            if one.firing.run_id is not None and one.status in OPEN and not one.cancelling:
                self._queue.cancel(one.firing.run_id, by=f"schedule {schedule.name}")

    def start_in(
        self, connection: Connection, schedule: Schedule, start: Start, *, known: KnownWorkflows, now: datetime,
        before: Before | None,
    ) -> Firing | None:  # fmt: skip
        """Write what comes of a start; None when that was written before."""
        spec = ScheduleSpec.of(schedule)
        language = known.language(schedule.workflow)
        ready = now if start.late or start.by_hand else ready_at(schedule.name, start.due, spec.trigger.jitter_s)
        base = Firing(
            schedule=schedule.name, due_at=moment_text(start.due), fired_at=moment_text(now), outcome="started",
            ready_at=moment_text(start.due if start.late else ready), cause=start.cause, inputs=start.inputs,
        )  # fmt: skip
        try:
            run = self._run_in(connection, schedule, start, known=known, ready=ready if ready > now else None)
        except ClawdbotError as error:
            return self.fail_in(connection, replace(base, note=str(error)), known)
        policy = "allow" if start.by_hand else spec.trigger.overlapping
        if before is None or policy == "allow":
            note = say(language, "by_hand", by=start.by_hand) if start.by_hand else ""
            if start.late:
                note = say(language, "late_note", delay=delay(language, (now - start.due).total_seconds()))
            outcome: Outcome = "late" if start.late else "started"
            firing = replace(base, outcome=outcome, run_id=run.id, note=note)
            return firing if self._store.fire_in(connection, firing, run) else None
        if policy == "skip":
            note = say(language, "overlap_note", run=before.run_id, status=state(language, before.status))
            firing = replace(base, outcome="overlap", note=note, ended_at=base.fired_at)
        else:
            if policy == "cancel_old":
                self._replace_in(connection, schedule.name, known)
            firing = replace(base, outcome="waiting", note=say(language, "wait_note", run=before.run_id))
        return firing if self._store.fire_in(connection, firing) else None

    def promote_in(
        self, connection: Connection, schedule: Schedule, firing: Firing, *, known: KnownWorkflows, now: datetime
    ) -> None:
        """The run before is over: what waited for it starts."""
        due = datetime.fromisoformat(firing.due_at)
        start = Start(due=due, cause=firing.cause, inputs=firing.inputs)
        language = known.language(schedule.workflow)
        moment = moment_text(now)
        try:
            run = self._run_in(connection, schedule, start, known=known, ready=None)
        except ClawdbotError as error:
            if self._store.settle_in(connection, firing, outcome="failed", note=str(error), ended_at=moment):
                self._tell_failed_in(connection, firing, known, str(error))
            return
        if now - datetime.fromisoformat(firing.ready_at) <= self.late:
            self._store.settle_in(connection, firing, run, outcome="started", note="", ready_at=moment)
            return
        said = delay(language, (now - due).total_seconds())
        note = say(language, "turn_note", delay=said)
        was_in_time = datetime.fromisoformat(firing.fired_at) - due <= self.late
        if self._store.settle_in(connection, firing, run, outcome="late", note=note, ready_at=moment) and was_in_time:
            zone = ScheduleSpec.of(schedule).zone
            body = say(language, "turn_body", run=run.id, first=local_text(due, zone), last=local_text(now, zone))
            subject = say(language, "late", name=schedule.name, delay=said)
            self.tell_in(connection, schedule.name, "late", subject, body, run_id=run.id, once=f"late {run.id}")

    def drop_waiting_in(
        self, connection: Connection, schedule: Schedule, known: KnownWorkflows, *, now: datetime
    ) -> None:
        """The schedule ends: what still waits for its turn is not started."""
        try:
            known.definition(schedule.workflow)
            reason = say(known.language(schedule.workflow), "changed_note")
        except UsageError as error:
            reason = error.message
        for one in self._store.following_in(connection, schedule.name):
            if one.firing.outcome == "waiting":
                self._store.settle_in(connection, one.firing, outcome="failed", note=reason, ended_at=moment_text(now))
                self._tell_failed_in(connection, one.firing, known, reason)

    def fail_in(self, connection: Connection, firing: Firing, known: KnownWorkflows) -> Firing | None:
        """Write that nothing was started, for the reason in the firing's note, and tell it; None: it was before."""
        firing = replace(firing, outcome="failed", ended_at=firing.fired_at)
        if not self._store.fire_in(connection, firing):
            return None
        self._tell_failed_in(connection, firing, known, firing.note)
        return firing

    def tell_in(
        self, connection: Connection, schedule: str, kind: Any, subject: str, body: str, *, run_id: str | None = None,
        once: str = "",
    ) -> None:  # fmt: skip
        """Post a notice about a schedule."""
        self._notices.post_in(
            connection, kind=kind, subject=subject, body=body, run_id=run_id, schedule=schedule, once=once
        )

    def _run_in(
        self, connection: Connection, schedule: Schedule, start: Start, *, known: KnownWorkflows, ready: datetime | None
    ) -> NewRun:
        spec = ScheduleSpec.of(schedule)
        definition = known.definition(schedule.workflow)
        links = 0
        if spec.trigger.after is not None and not start.by_hand:
            links = int(self._store.spec_of_run_in(connection, start.cause).get("links", 0)) + 1
            if links > MOST_LINKS:
                raise UsageError(say(known.language(schedule.workflow), "chain", most=MOST_LINKS))
        # Relative dates are seen from the day it was due, unless the configuration fixes one.
        day = None if self._config.app.today or start.by_hand else start.due.astimezone(spec.zone).date()
        try:
            return new_run(
                definition, {**spec.trigger.inputs, **(start.inputs or {})}, config=self._config, user=spec.user,
                priority=SCHEDULED, ready_at="" if ready is None else moment_text(ready),
                run_id=run_id_of(schedule.name, start.due), day=day, schedule=schedule.name,
                extra={"due_at": moment_text(start.due), "links": links},
            )  # fmt: skip
        except ClawdbotError:
            raise
        except Exception as error:  # our bug: it must not be silent, nor stop this schedule for ever
            log.exception("Schedule %s could not be started.", schedule.name)
            raise UsageError(f"{type(error).__name__}: {error}") from error

    def _tell_failed_in(self, connection: Connection, firing: Firing, known: KnownWorkflows, reason: str) -> None:
        language = known.language(firing.schedule.partition("/")[0])
        first = local_text(datetime.fromisoformat(firing.due_at), None)
        subject = say(language, "failed", name=firing.schedule)
        body = say(language, "failed_body", first=first, reason=reason, name=firing.schedule)
        once = f"failed {firing.schedule} {firing.due_at[:10]} {reason}"
        self.tell_in(connection, firing.schedule, "failed", subject, body, once=once)

    def _replace_in(self, connection: Connection, schedule: str, known: KnownWorkflows) -> None:
        language = known.language(schedule.partition("/")[0])
        for one in self._store.following_in(connection, schedule):
            if one.firing.outcome == "waiting":
                note, ended = say(language, "replaced_note"), one.firing.fired_at
                self._store.settle_in(connection, one.firing, outcome="overlap", note=note, ended_at=ended)


def next_before(firing: Firing | None, before: Before | None) -> Before | None:
    """What is in the way of the start after this one."""
    if before is not None or firing is None or firing.ended_at is not None:
        return before
    return Before(run_id=firing.run_id or run_id_of(firing.schedule, datetime.fromisoformat(firing.due_at)),
                  status="queued")  # fmt: skip


def _first_open(following: tuple[Following, ...]) -> Before | None:
    for one in following:
        if one.firing.outcome == "waiting":
            due = datetime.fromisoformat(one.firing.due_at)
            return Before(run_id=run_id_of(one.firing.schedule, due), status="waiting")
        if one.firing.run_id is not None and one.status in OPEN:
            return Before(run_id=one.firing.run_id, status=str(one.status))
    return None


def local_text(moment: datetime, zone: ZoneInfo | None) -> str:
    """The moment on the clocks of that zone, or in UTC."""
    return moment.astimezone(zone or UTC).strftime("%Y-%m-%d %H:%M %Z")
