"""What becomes of started runs, as far as their schedule needs to know: begun late, over, or still in the way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from clawdbot.store.schedules import OPEN, Following, Schedule, ScheduleStore, moment_text
from clawdbot.workflows.schedules.known import KnownWorkflows
from clawdbot.workflows.schedules.spec import ScheduleSpec
from clawdbot.workflows.schedules.starts import Starts, local_text
from clawdbot.workflows.schedules.wording import delay, say


class StartedRuns:
    """Follows the firings that something is still to come of."""

    def __init__(self, store: ScheduleStore, starts: Starts) -> None:
        self._store = store
        self._starts = starts

    def look(self, schedules: Mapping[str, Schedule], known: KnownWorkflows, *, now: datetime) -> None:
        """Note which runs began and ended, tell of those that began late, start what waited for its turn."""
        with self._store.database.read() as connection:
            following = self._store.following_in(connection)
        for one in following:
            if one.firing.outcome != "waiting" and (news := self._news(one, now)):
                self._note(one, news, schedules, known, now=now)
        by_schedule: dict[str, list[Following]] = {}
        for one in following:
            by_schedule.setdefault(one.firing.schedule, []).append(one)
        for name, group in by_schedule.items():
            waits = any(one.firing.outcome == "waiting" for one in group)
            if waits and name in schedules and not schedules[name].paused:
                if any(_in_the_way(one) and not one.cancelling for one in group):
                    self._starts.make_way(schedules[name])
                self._next_turn(schedules[name], known, now=now)

    def _news(self, one: Following, now: datetime) -> dict[str, Any]:
        """Columns of the firing that change."""
        news: dict[str, Any] = {}
        if one.begun_at is not None and one.firing.begun_at is None:
            news["begun_at"] = one.begun_at
        if one.status not in (*OPEN, "interrupted"):
            news["ended_at"] = one.changed_at or moment_text(now)
        began = one.begun_at or (moment_text(now) if one.status == "queued" else None)
        if one.firing.outcome == "started" and began is not None:
            late = datetime.fromisoformat(began) - datetime.fromisoformat(one.firing.ready_at)
            if late > self._starts.late:
                news["outcome"] = "late"
        return news

    def _note(
        self, one: Following, news: dict[str, Any], schedules: Mapping[str, Schedule], known: KnownWorkflows, *,
        now: datetime,
    ) -> None:  # fmt: skip
        firing = one.firing
        language = known.language(firing.schedule.partition("/")[0])
        ready = datetime.fromisoformat(firing.ready_at)
        with self._store.database.write() as connection:
            if "outcome" in news:
                began = datetime.fromisoformat(one.begun_at) if one.begun_at else now
                said = delay(language, (began - ready).total_seconds())
                news["note"] = "; ".join(filter(None, (firing.note, say(language, "queued_note", delay=said))))
                schedule = schedules.get(firing.schedule)
                first = local_text(ready, None if schedule is None else ScheduleSpec.of(schedule).zone)
                subject = say(language, "late", name=firing.schedule, delay=said)
                body = say(language, "queued_body", run=firing.run_id, first=first, delay=said)
                once = f"late {firing.run_id}"
                self._starts.tell_in(
                    connection, firing.schedule, "late", subject, body, run_id=firing.run_id, once=once
                )
            self._store.mark_in(connection, firing, **news)

    def _next_turn(self, schedule: Schedule, known: KnownWorkflows, *, now: datetime) -> None:
        """When nothing is in the way any more, the oldest start that waits has its turn."""
        with self._store.database.read() as connection:
            if any(_in_the_way(one) for one in self._store.following_in(connection, schedule.name)):
                return
        with self._store.database.write(durable=True) as connection:
            locked = self._store.locked_in(connection, schedule.name)
            if locked is None or locked.paused:
                return
            following = self._store.following_in(connection, schedule.name)
            if any(_in_the_way(one) for one in following):
                return
            waiting = [one.firing for one in following if one.firing.outcome == "waiting"]
            if waiting:
                self._starts.promote_in(connection, locked, waiting[0], known=known, now=now)


def _in_the_way(one: Following) -> bool:
    return one.firing.outcome != "waiting" and one.status in OPEN
