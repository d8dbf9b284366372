"""What a schedule keeps: its trigger as it was reviewed, in which zone, since when, and as whom its runs go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from clawdbot.config import Config
from clawdbot.store import plain_json
from clawdbot.store.schedules import Schedule
from clawdbot.store.workflows import Reviewed
from clawdbot.workflows.schedules.trigger import Trigger
from clawdbot.workflows.schedules.zones import zone


class ScheduleSpec(BaseModel):
    """``timezone`` is the one that counts, also where the trigger leaves it to ``[app]``; ``since`` is in UTC."""

    model_config = ConfigDict(frozen=True)

    trigger: Trigger
    timezone: str
    since: datetime
    user: str

    @classmethod
    def of(cls, schedule: Schedule) -> ScheduleSpec:
        """What that schedule keeps."""
        return _read(plain_json.dumps(schedule.spec))

    @classmethod
    def made(cls, trigger: Trigger, reviewed: Reviewed, config: Config) -> ScheduleSpec:
        """For a trigger of a workflow that a person has enabled."""
        since = datetime.fromisoformat(reviewed.changed_at).astimezone(UTC)
        timezone = trigger.timezone or config.app.timezone
        return cls(trigger=trigger, timezone=timezone, since=since, user=reviewed.changed_by)

    def as_json(self) -> Mapping[str, Any]:
        """JSON values that :meth:`of` reads."""
        return {
            "trigger": self.trigger.model_dump(mode="json", exclude_defaults=True),
            "timezone": self.timezone,
            "since": self.since.isoformat(),
            "user": self.user,
        }

    def says_the_same(self, other: ScheduleSpec) -> bool:
        """It is due at the same instants, however often the workflow was enabled again."""
        return (self.trigger, self.timezone) == (other.trigger, other.timezone)

    def serves_as(self, wanted: ScheduleSpec) -> bool:
        """Nothing needs to change for it to be that one."""
        return self.says_the_same(wanted) and self.user == wanted.user

    @cached_property
    def zone(self) -> ZoneInfo:
        """WrongValue when the machine does not know the zone any more."""
        return zone(self.timezone)


@lru_cache(maxsize=1024)
def _read(body: str) -> ScheduleSpec:
    """Every schedule is looked at every second."""
    return ScheduleSpec.model_validate_json(body)
