"""Triggers by time: cron, intervals and single moments become starts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from clawdbot.failpoints import reach
from clawdbot.store.schedules import Firing, Schedule, ScheduleStore, moment_text
from clawdbot.workflows.schedules.due import first_after, up_to
from clawdbot.workflows.schedules.known import KnownWorkflows
from clawdbot.workflows.schedules.missed import Planned, plan
from clawdbot.workflows.schedules.spec import ScheduleSpec
from clawdbot.workflows.schedules.starts import Start, Starts, local_text, next_before
from clawdbot.workflows.schedules.wording import delay, say

_AT_ONCE = 500
"""Most instants in one transaction; the rest of a long absence follows with the next ticks."""


class TimedStarts:
    """Fires what is due of one schedule by time."""

    def __init__(self, store: ScheduleStore, starts: Starts) -> None:
        self._store = store
        self._starts = starts

    def fire(self, schedule: Schedule, known: KnownWorkflows, *, now: datetime) -> None:
        """Write what comes of the instants that are due now, and when the schedule is due next."""
        if schedule.next_at is None or schedule.next_at > moment_text(now):
            return
        if any(one.what != "missed" for one in self._planned(schedule, now)[0]):
            self._starts.make_way(schedule)
        with self._store.database.write(durable=True) as connection:
            locked = self._store.locked_in(connection, schedule.name)
            if locked is None or locked.paused or locked.next_at is None or locked.next_at > moment_text(now):
                return
            reach("schedule.before_fire")
            planned, following = self._planned(locked, now)
            started = self._start_in(connection, locked, planned, known=known, now=now)
            missed = [one.due for one in planned if one.what == "missed"]
            self._missed_in(connection, locked, missed, known=known, now=now)
            self._tell_late_in(connection, locked, started, known=known, now=now)
            more = following is not None and following <= now
            seen = self._tell_missed_in(connection, locked, missed, known=known, more=more)
            next_at = None if following is None else moment_text(following)
            self._store.change_in(connection, locked.name, next_at=next_at, seen=seen)
        reach("schedule.after_fire")

    def give_up_in(
        self, connection: Connection, schedule: Schedule, known: KnownWorkflows, *, before: datetime, now: datetime
    ) -> None:
        """The schedule changes or ends: rows for instants before that moment which were never started."""
        if schedule.paused or schedule.next_at is None:
            return
        spec = ScheduleSpec.of(schedule)
        first = datetime.fromisoformat(schedule.next_at)
        due, _ = up_to(spec.trigger, zone=spec.zone, since=spec.since, first=first, now=before, most=_AT_ONCE)
        self._missed_in(connection, schedule, due, known=known, now=now, note="changed_note")

    def too_late_in(self, connection: Connection, schedule: Schedule, known: KnownWorkflows, *, now: datetime) -> None:
        """A row for a single moment that had passed when its workflow was enabled."""
        spec = ScheduleSpec.of(schedule)
        always = datetime.min.replace(tzinfo=UTC)
        due = first_after(spec.trigger, zone=spec.zone, since=spec.since, after=always)
        assert due is not None, "it is one moment"
        self._missed_in(connection, schedule, [due], known=known, now=now, note="passed_note")

    def _planned(self, schedule: Schedule, now: datetime) -> tuple[Sequence[Planned], datetime | None]:
        spec = ScheduleSpec.of(schedule)
        assert schedule.next_at is not None, "the caller looked"
        first = datetime.fromisoformat(schedule.next_at)
        due, following = up_to(spec.trigger, zone=spec.zone, since=spec.since, first=first, now=now, most=_AT_ONCE)
        more = following is not None and following <= now
        return plan(due, spec.trigger, now=now, late=self._starts.late, more=more), following

    def _start_in(
        self, connection: Connection, schedule: Schedule, planned: Sequence[Planned], *, known: KnownWorkflows,
        now: datetime,
    ) -> list[Firing]:  # fmt: skip
        wanted = [one for one in planned if one.what != "missed"]
        before = self._starts.before_in(connection, schedule.name) if wanted else None
        started = []
        for one in wanted:
            start = Start(due=one.due, late=one.what == "late")
            firing = self._starts.start_in(connection, schedule, start, known=known, now=now, before=before)
            before = next_before(firing, before)
            if firing is not None and start.late and firing.outcome in ("late", "waiting"):
                started.append(firing)
        return started

    def _missed_in(
        self, connection: Connection, schedule: Schedule, missed: Sequence[datetime], *, known: KnownWorkflows,
        now: datetime, note: str = "missed_note",
    ) -> None:  # fmt: skip
        said, moment = say(known.language(schedule.workflow), note), moment_text(now)
        for due in missed:
            firing = Firing(
                schedule=schedule.name, due_at=moment_text(due), fired_at=moment, outcome="missed", note=said,
                ready_at=moment_text(due), ended_at=moment,
            )  # fmt: skip
            self._store.fire_in(connection, firing)

    def _tell_late_in(
        self, connection: Connection, schedule: Schedule, late: Sequence[Firing], *, known: KnownWorkflows,
        now: datetime,
    ) -> None:  # fmt: skip
        """One notice for all of them."""
        if not late:
            return
        language, zone = known.language(schedule.workflow), ScheduleSpec.of(schedule).zone
        first = datetime.fromisoformat(late[0].due_at)
        said = delay(language, (now - first).total_seconds())
        subject = say(language, "late", name=schedule.name, delay=said)
        if len(late) > 1:
            subject = say(language, "late_some", name=schedule.name, count=len(late))
        body = say(
            language, "late_body", first=local_text(first, zone), last=local_text(now, zone), count=len(late)
        )  # fmt: skip
        run_id = late[-1].run_id if len(late) == 1 else None
        once = f"late {schedule.name} {late[0].due_at}"
        self._starts.tell_in(connection, schedule.name, "late", subject, body, run_id=run_id, once=once)

    def _tell_missed_in(
        self, connection: Connection, schedule: Schedule, missed: Sequence[datetime], *, known: KnownWorkflows,
        more: bool,
    ) -> Mapping[str, Any] | None:  # fmt: skip
        """One notice that counts them; while more of them follow, the count is what the schedule remembers."""
        seen = schedule.seen or {}
        count = len(missed) + int(seen.get("missed", 0))
        if not count:
            return None
        first = seen.get("first") or moment_text(missed[0])
        last = moment_text(missed[-1]) if missed else seen["last"]
        if more:
            return {"missed": count, "first": first, "last": last}
        language, spec = known.language(schedule.workflow), ScheduleSpec.of(schedule)
        name = "missed" if count > 1 else "missed_one"
        body = say(
            language, "missed_body", count=count, policy=_policy(spec),
            first=local_text(datetime.fromisoformat(first), spec.zone),
            last=local_text(datetime.fromisoformat(last), spec.zone),
        )  # fmt: skip
        subject = say(language, name, name=schedule.name, count=count)
        once = f"missed {schedule.name} {first}"
        self._starts.tell_in(connection, schedule.name, "missed", subject, body, once=once)
        return None


def _policy(spec: ScheduleSpec) -> str:
    """As it stands in the workflow's file."""
    missed = spec.trigger.missed
    return json.dumps(missed) if isinstance(missed, str) else f'{{ within = "{missed.within}" }}'
