"""What ``clawdbot schedule`` tells, read from the ledger; models and tools are not loaded for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from clawdbot.errors import StoreError, UsageError
from clawdbot.store.ledger import RunLedger
from clawdbot.store.schedules import Firing, Schedule, ScheduleStore
from clawdbot.workflows.schedules.due import instants
from clawdbot.workflows.schedules.spec import ScheduleSpec


@dataclass(frozen=True, kw_only=True)
class Past:
    """What came of one instant, and how its run ended; ``timezone`` is the schedule's, UTC when it is gone."""

    firing: Firing
    status: str | None
    verdict: str | None
    timezone: str

    def as_json(self) -> dict[str, Any]:
        """JSON values; times in UTC."""
        return {**asdict(self.firing), "status": self.status, "verdict": self.verdict}


@dataclass(frozen=True, kw_only=True)
class Known:
    """A schedule with what it says and what came of it last."""

    schedule: Schedule
    spec: ScheduleSpec
    last: Past | None

    def as_json(self) -> dict[str, Any]:
        """JSON values; times in UTC, ``next_local`` in the schedule's zone."""
        one, trigger = self.schedule, self.spec.trigger
        upcoming = None if one.next_at is None or one.paused else datetime.fromisoformat(one.next_at)
        return {
            "name": one.name, "workflow": one.workflow, "kind": trigger.kind, "timezone": self.spec.timezone,
            "trigger": trigger.model_dump(mode="json", exclude_defaults=True), "user": self.spec.user,
            "paused": one.paused, "changed_at": one.changed_at, "changed_by": one.changed_by,
            "next_at": None if upcoming is None else upcoming.isoformat(),
            "next_local": None if upcoming is None else upcoming.astimezone(self.spec.zone).isoformat(),
            "last": None if self.last is None else self.last.as_json(),
        }  # fmt: skip


def known_schedules(ledger: RunLedger) -> tuple[Known, ...]:
    """Every schedule by name."""
    store = ScheduleStore(ledger.database, ledger.queue)
    found = []
    for schedule in store.all():
        spec = ScheduleSpec.of(schedule)
        last = [_past(ledger, firing, spec.timezone) for firing in store.history(schedule.name, limit=1)]
        found.append(Known(schedule=schedule, spec=spec, last=last[0] if last else None))
    return tuple(found)


def coming(schedule: Schedule, *, now: datetime, count: int) -> tuple[datetime, ...]:
    """The next instants of a schedule by time, in UTC, as if it were not paused; none for another one."""
    spec = ScheduleSpec.of(schedule)
    return tuple(islice(instants(spec.trigger, zone=spec.zone, since=spec.since, after=now.astimezone(UTC)), count))


def past(ledger: RunLedger, name: str | None, *, limit: int) -> tuple[Past, ...]:
    """What came of the last instants, newest first: of one schedule, also one that is gone, or of all."""
    store = ScheduleStore(ledger.database, ledger.queue)
    zones = {schedule.name: ScheduleSpec.of(schedule).timezone for schedule in store.all()}
    if name is not None and not (found := store.history(name, limit=limit)):
        found = store.history(store.get(name).name, limit=limit)
    elif name is None:
        found = store.history(limit=limit)
    return tuple(_past(ledger, firing, zones.get(firing.schedule, "UTC")) for firing in found)


def _past(ledger: RunLedger, firing: Firing, timezone: str) -> Past:
    status = verdict = None
    if firing.run_id is not None:
        try:
            run = ledger.get_run(firing.run_id)
            status, verdict = run.status, run.verdict
        except StoreError:
            raise
        except UsageError:  # removed meanwhile
            status = None
    return Past(firing=firing, status=status, verdict=verdict, timezone=timezone)
