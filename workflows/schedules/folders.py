"""Triggers by new and changed files of a folder."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from clawdbot.failpoints import reach
from clawdbot.store.schedules import Firing, Schedule, ScheduleStore, moment_text
from clawdbot.workflows.schedules.alarm import FolderAlarm
from clawdbot.workflows.schedules.folder import FileState, FolderSeen, Settling, content_of, scan
from clawdbot.workflows.schedules.known import KnownWorkflows
from clawdbot.workflows.schedules.spec import ScheduleSpec
from clawdbot.workflows.schedules.starts import Start, Starts, next_before
from clawdbot.workflows.schedules.trigger import FolderWatch
from clawdbot.workflows.schedules.wording import say

_LOOK_ANYWAY = timedelta(seconds=30)
"""A folder is looked at so often also when nothing rings: shares of other machines do not notify."""
_AT_ONCE = 200
"""Most files in one transaction."""


@dataclass(kw_only=True)
class _Watched:
    """What this process knows of a folder between two looks."""

    watch: FolderWatch
    alarm: FolderAlarm
    settling: Settling = field(default_factory=Settling)
    looked_at: datetime | None = None
    more: bool = False


class FolderStarts:
    """Fires one schedule for files of a folder; it keeps what is still changing, and the system's notifications."""

    def __init__(self, store: ScheduleStore, starts: Starts) -> None:
        self._store = store
        self._starts = starts
        self._watched: dict[str, _Watched] = {}

    def fire(self, schedule: Schedule, known: KnownWorkflows, *, now: datetime) -> None:
        """A start for each new or changed file that has settled."""
        watch = folder_of(schedule)
        watched = self._watching(schedule.name, watch)
        rang = watched.alarm.rang()
        waited = watched.looked_at is None or not timedelta(0) <= now - watched.looked_at < _LOOK_ANYWAY
        if not (rang or waited or watched.settling or watched.more):
            return
        watched.looked_at = now
        seen = FolderSeen.from_json(self._store.seen(schedule.name))
        try:
            found = scan(watch)
        except OSError as error:
            self._lost(schedule, seen, error.strerror or str(error), known, now=now)
            return
        new = watched.settling.settled(seen.new_in(found), found, now=now, for_s=watch.settle_s)
        watched.more = len(new) > _AT_ONCE
        root = Path(watch.path).expanduser().resolve()
        read = {name: content_of(root / name, found[name]) for name in new[:_AT_ONCE]}
        taken = {name: state for name, state in read.items() if state is not None}
        if seen.after(found, taken, now=now) is not seen:
            self._take(schedule, seen, found, taken, known, now=now)

    def forget(self, keep: set[str]) -> None:
        """Stop watching the folders of all other schedules."""
        for name in self._watched.keys() - keep:
            self._watched.pop(name).alarm.close()

    def _watching(self, name: str, watch: FolderWatch) -> _Watched:
        known = self._watched.get(name)
        if known is None or known.watch != watch:
            if known is not None:
                known.alarm.close()
            recursive = "**" in watch.glob or "/" in watch.glob
            alarm = FolderAlarm(Path(watch.path).expanduser(), recursive=recursive)
            known = self._watched[name] = _Watched(watch=watch, alarm=alarm)
        return known

    def _take(
        self, schedule: Schedule, seen: FolderSeen, found: dict[str, FileState], taken: dict[str, FileState],
        known: KnownWorkflows, *, now: datetime,
    ) -> None:  # fmt: skip
        changed = [name for name, state in taken.items() if _is_new(seen.files.get(name), state)]
        if changed:
            self._starts.make_way(schedule)
        watch = folder_of(schedule)
        root = Path(watch.path).expanduser().resolve()
        with self._store.database.write(durable=True) as connection:
            locked = self._store.locked_in(connection, schedule.name)
            # Another process may have looked at the same time: whoever writes second looks again.
            if locked is None or locked.paused or locked.spec != schedule.spec:
                return
            if FolderSeen.from_json(locked.seen).revision != seen.revision:
                return
            reach("schedule.before_fire")
            before = self._starts.before_in(connection, schedule.name) if changed else None
            for name in changed:
                due = self._store.free_instant_in(connection, schedule.name, now)
                path = str(root / name)
                start = Start(due=due, cause=path, inputs={watch.input: path})
                firing = self._starts.start_in(connection, locked, start, known=known, now=now, before=before)
                before = next_before(firing, before)
            self._store.change_in(connection, schedule.name, seen=seen.after(found, taken, now=now).as_json())
        reach("schedule.after_fire")

    def _lost(self, schedule: Schedule, seen: FolderSeen, why: str, known: KnownWorkflows, *, now: datetime) -> None:
        """A row and a notice the first time; it is not asked for notifications until it is back."""
        self._watched.pop(schedule.name).alarm.close()
        if seen.lost:
            return
        with self._store.database.write(durable=True) as connection:
            locked = self._store.locked_in(connection, schedule.name)
            if locked is None or FolderSeen.from_json(locked.seen).revision != seen.revision:
                return
            reason = say(known.language(schedule.workflow), "folder", path=folder_of(schedule).path, why=why)
            due, moment = self._store.free_instant_in(connection, schedule.name, now), moment_text(now)
            firing = Firing(
                schedule=schedule.name, due_at=moment_text(due), fired_at=moment, ready_at=moment, ended_at=moment,
                outcome="failed", note=reason,
            )  # fmt: skip
            self._starts.fail_in(connection, firing, known)
            lost = replace(seen, lost=why, revision=seen.revision + 1)
            self._store.change_in(connection, schedule.name, seen=lost.as_json())


def folder_of(schedule: Schedule) -> FolderWatch:
    """The folder that it watches."""
    folder = ScheduleSpec.of(schedule).trigger.folder
    assert folder is not None, "the scheduler asks the kind first"
    return folder


def first_look(watch: FolderWatch, *, before: datetime | None) -> FolderSeen:
    """What counts as seen when watching begins: all that is there, or what was there at that moment.

    A folder that cannot be read yet is empty; what is found in it later is new.
    """
    try:
        found = scan(watch)
    except OSError:
        return FolderSeen()
    latest = None if before is None else before.timestamp() * 1e9
    return FolderSeen(files={name: one for name, one in found.items() if latest is None or one.mtime_ns <= latest})


def _is_new(before: FileState | None, now: FileState) -> bool:
    """A file that was only touched is none; one that was gone meanwhile is."""
    return before is None or bool(before.gone_at) or before.sha256 != now.sha256
