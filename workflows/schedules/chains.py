"""Triggers by the end of another workflow's runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from clawdbot.failpoints import reach
from clawdbot.store.schedules import EndedRun, Schedule, ScheduleStore, moment_text
from clawdbot.workflows.schedules.known import KnownWorkflows
from clawdbot.workflows.schedules.spec import ScheduleSpec
from clawdbot.workflows.schedules.starts import Start, Starts, next_before
from clawdbot.workflows.schedules.trigger import AfterWorkflow, Outcome

_LOOK_BACK = timedelta(minutes=10)
"""Ends are written with the clocks of several machines, and not in the order of their times."""


class ChainedStarts:
    """Fires one schedule for the runs of another workflow that ended."""

    def __init__(self, store: ScheduleStore, starts: Starts) -> None:
        self._store = store
        self._starts = starts

    def fire(self, schedule: Schedule, known: KnownWorkflows, *, now: datetime) -> None:
        """A start for each run that ended as the trigger says, and was not answered before."""
        schedule = replace(schedule, seen=self._store.seen(schedule.name))
        with self._store.database.read() as connection:
            if schedule.seen is None or not self._new_in(connection, schedule):
                return
        self._starts.make_way(schedule)
        with self._store.database.write(durable=True) as connection:
            locked = self._store.locked_in(connection, schedule.name)
            if locked is None or locked.paused:
                return
            reach("schedule.before_fire")
            wanted = _wanted(locked)
            ended = self._new_in(connection, locked)
            before = self._starts.before_in(connection, locked.name)
            for run in ended:
                due = self._store.free_instant_in(connection, locked.name, now)
                inputs = {wanted.input: run.run_id} if wanted.input else None
                start = Start(due=due, cause=run.run_id, inputs=inputs)
                firing = self._starts.start_in(connection, locked, start, known=known, now=now, before=before)
                before = next_before(firing, before)
            if ended:
                self._store.change_in(connection, locked.name, seen=_seen(locked, ended[-1]))
        reach("schedule.after_fire")

    def _new_in(self, connection: Connection, schedule: Schedule) -> tuple[EndedRun, ...]:
        wanted, seen = _wanted(schedule), schedule.seen or {}
        runs = self._store.ended_runs_in(connection, wanted.workflow, since=seen["since"])
        fitting = [run for run in runs if ended_as(run, wanted.outcome)]
        answered = self._store.caused_in(connection, schedule.name, [run.run_id for run in fitting]) if fitting else {}
        return tuple(run for run in fitting if run.run_id not in answered)


def seen_from(moment: datetime) -> dict[str, str]:
    """What such a schedule remembers when it begins: runs that end from then on count."""
    return {"from": moment_text(moment), "since": moment_text(moment)}


def ended_as(run: EndedRun, outcome: Outcome) -> bool:
    """The run's end is one that is waited for; a person's cancelling is an end, but no failure."""
    if outcome == "ended":
        return True
    if run.status != "done":
        return False
    return (run.verdict == "verified") == (outcome == "verified")


def _wanted(schedule: Schedule) -> AfterWorkflow:
    after = ScheduleSpec.of(schedule).trigger.after
    assert after is not None, "the scheduler asks the kind first"
    return after


def _seen(schedule: Schedule, last: EndedRun) -> dict[str, str]:
    beginning = (schedule.seen or {})["from"]
    since = moment_text(datetime.fromisoformat(last.changed_at) - _LOOK_BACK)
    return {"from": beginning, "since": max(beginning, since)}
