"""The list of schedules: follows the workflows that people enable, and is paused and resumed by them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from clawdbot.config import Config, WrongValue
from clawdbot.errors import ConfigError
from clawdbot.store.schedules import Firing, Schedule, ScheduleStore, moment_text
from clawdbot.workflows.schedules.chains import seen_from
from clawdbot.workflows.schedules.due import first_after, up_to
from clawdbot.workflows.schedules.folder import FolderSeen, scan
from clawdbot.workflows.schedules.folders import first_look, folder_of
from clawdbot.workflows.schedules.known import KnownWorkflows
from clawdbot.workflows.schedules.spec import ScheduleSpec
from clawdbot.workflows.schedules.starts import Starts, local_text
from clawdbot.workflows.schedules.timed import TimedStarts
from clawdbot.workflows.schedules.wording import say

_COUNTED = 100_000
"""Most instants of a pause that are counted."""


class ScheduleBook:
    """Which schedules there are, and which are paused."""

    def __init__(self, config: Config, store: ScheduleStore, starts: Starts, timed: TimedStarts) -> None:
        self._config = config
        self._store = store
        self._starts = starts
        self._timed = timed

    def follow(self, known: KnownWorkflows, *, now: datetime) -> None:
        """Add, change and remove schedules as the enabled workflows say.

        What stays the same keeps its next instant; what is new begins when its workflow was enabled, however much
        later this is called.
        """
        wanted = self._wanted(known)
        present = {schedule.name: schedule for schedule in self._store.all()}
        for name, (workflow, spec) in wanted.items():
            if name not in present:
                self._add(name, workflow, spec, known, now=now)
            elif not ScheduleSpec.of(present[name]).serves_as(spec):
                self._change(name, spec, known, now=now)
        for name, schedule in present.items():
            if name not in wanted and not known.is_broken(schedule.workflow):  # what is broken fails when it is due
                self._remove(name, known, now=now)

    def pause(self, name: str, *, by: str, now: datetime) -> bool:
        """Nothing starts until it is resumed; False when it was paused before."""
        with self._store.database.write(durable=True) as connection:
            locked = self._store.locked_in(connection, name)
            if locked is None or locked.paused:
                return False
            self._store.change_in(connection, name, paused=True, changed_at=moment_text(now), changed_by=by)
            return True

    def resume(self, name: str, known: KnownWorkflows, *, by: str, now: datetime) -> bool:
        """Starts from now on; a row counts what fell into the pause.  False when it was not paused."""
        with self._store.database.write(durable=True) as connection:
            locked = self._store.locked_in(connection, name)
            if locked is None or not locked.paused:
                return False
            spec = ScheduleSpec.of(locked)
            values: dict[str, Any] = {"paused": False, "changed_at": moment_text(now), "changed_by": by}
            first, count = None, 0
            if spec.trigger.by_time:
                first, count, values["next_at"] = _in_pause(locked, spec, now)
            elif spec.trigger.after is not None:
                values["seen"] = seen_from(now)
            elif spec.trigger.folder is not None:
                before = FolderSeen.from_json(locked.seen)
                values["seen"], count = _folder_now(locked, before, now)
                first = now if count else None
            if first is not None:
                self._paused_in(connection, locked, known, first=first, count=count, now=now)
            self._store.change_in(connection, name, **values)
            return True

    def _wanted(self, known: KnownWorkflows) -> dict[str, tuple[str, ScheduleSpec]]:
        wanted = {}
        try:
            for workflow, definition in known.definitions.items():
                reviewed = known.reviewed[workflow]
                for trigger in definition.trigger if reviewed.enabled else ():
                    if trigger.enabled:
                        spec = ScheduleSpec.made(trigger, reviewed, self._config)
                        wanted[f"{workflow}/{trigger.name}"] = (workflow, spec)
        except WrongValue as error:
            raise ConfigError(f"[app] timezone: {error}.", hint=error.hint) from None
        return wanted

    def _add(self, name: str, workflow: str, spec: ScheduleSpec, known: KnownWorkflows, *, now: datetime) -> None:
        since = min(spec.since, now)
        next_at, seen = _beginning(spec, since)
        schedule = Schedule(
            name=name, workflow=workflow, spec=spec.as_json(), next_at=next_at, seen=seen,
            changed_at=moment_text(now), changed_by=spec.user,
        )  # fmt: skip
        with self._store.database.write(durable=True) as connection:
            if self._store.add_in(connection, schedule) and spec.trigger.kind == "at" and next_at is None:
                self._timed.too_late_in(connection, schedule, known, now=now)

    def _change(self, name: str, spec: ScheduleSpec, known: KnownWorkflows, *, now: datetime) -> None:
        with self._store.database.write(durable=True) as connection:
            locked = self._store.locked_in(connection, name)
            if locked is None:
                return
            before = ScheduleSpec.of(locked)
            if before.says_the_same(spec):
                kept = spec.model_copy(update={"since": before.since})
                self._store.change_in(connection, name, spec=kept.as_json())
                return
            since = min(spec.since, now)
            self._timed.give_up_in(connection, locked, known, before=since, now=now)
            next_at, seen = _beginning(spec, since)
            self._store.change_in(connection, name, spec=spec.as_json(), next_at=next_at, seen=seen)

    def _remove(self, name: str, known: KnownWorkflows, *, now: datetime) -> None:
        with self._store.database.write(durable=True) as connection:
            locked = self._store.locked_in(connection, name)
            if locked is None:
                return
            reviewed = known.reviewed.get(locked.workflow)
            if reviewed is None:
                self._gone_in(connection, locked, known, now=now)
            else:
                ended = min(datetime.fromisoformat(reviewed.changed_at), now)
                self._timed.give_up_in(connection, locked, known, before=ended, now=now)
            self._starts.drop_waiting_in(connection, locked, known, now=now)
            self._store.remove_in(connection, name)

    def _gone_in(self, connection: Connection, schedule: Schedule, known: KnownWorkflows, *, now: datetime) -> None:
        """Nobody disabled it: its snapshot was removed from the ledger."""
        due, moment = schedule.next_at or moment_text(now), moment_text(now)
        note = say(known.language(schedule.workflow), "gone", workflow=schedule.workflow)
        firing = Firing(schedule=schedule.name, due_at=due, fired_at=moment, outcome="failed", note=note, ready_at=due)
        self._starts.fail_in(connection, firing, known)

    def _paused_in(
        self, connection: Connection, schedule: Schedule, known: KnownWorkflows, *, first: datetime, count: int,
        now: datetime,
    ) -> None:  # fmt: skip
        language = known.language(schedule.workflow)
        since = local_text(datetime.fromisoformat(schedule.changed_at), ScheduleSpec.of(schedule).zone)
        note = say(language, "paused_note", by=schedule.changed_by, since=since, count=count)
        due = moment_text(self._store.free_instant_in(connection, schedule.name, first))
        moment = moment_text(now)
        firing = Firing(
            schedule=schedule.name, due_at=due, fired_at=moment, outcome="paused", note=note, ready_at=due,
            ended_at=moment,
        )  # fmt: skip
        self._store.fire_in(connection, firing)


def _beginning(spec: ScheduleSpec, since: datetime) -> tuple[str | None, Mapping[str, Any] | None]:
    """The first instant, and what counts as seen."""
    if spec.trigger.by_time:
        first = first_after(spec.trigger, zone=spec.zone, since=spec.since, after=since)
        return None if first is None else moment_text(first), None
    if spec.trigger.folder is not None:
        return None, first_look(spec.trigger.folder, before=since).as_json()
    return None, seen_from(since) if spec.trigger.after is not None else None


def _in_pause(schedule: Schedule, spec: ScheduleSpec, now: datetime) -> tuple[datetime | None, int, str | None]:
    """The first instant that fell into the pause, how many did, and the next one."""
    if schedule.next_at is None:
        return None, 0, None
    first = datetime.fromisoformat(schedule.next_at)
    due, _ = up_to(spec.trigger, zone=spec.zone, since=spec.since, first=first, now=now, most=_COUNTED)
    following = first if not due else first_after(spec.trigger, zone=spec.zone, since=spec.since, after=now)
    return (due[0] if due else None), len(due), None if following is None else moment_text(following)


def _folder_now(schedule: Schedule, before: FolderSeen, now: datetime) -> tuple[dict[str, Any], int]:
    """What counts as seen from now on, and how many files came during the pause."""
    watch = folder_of(schedule)
    try:
        found = scan(watch)
    except OSError:  # found missing by the next look
        return before.as_json(), 0
    new = before.new_in(found)
    came = {name: found[name] for name in new}
    return before.after(found, came, now=now).as_json(), len(new)
