"""Schedules for people: each with its times in its own zone and on the clock of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from clawdbot.cli.schedules import Known, Past
from clawdbot.cli.session import Session
from clawdbot.cli.streams import clean
from clawdbot.cli.terminal import output
from clawdbot.store.schedules import Schedule
from clawdbot.workflows.schedules.spec import ScheduleSpec
from clawdbot.workflows.schedules.zones import zone

_STYLES = {"missed": "red", "failed": "red", "late": "yellow", "overlap": "yellow", "waiting": "yellow"}


class ScheduleView:
    """Prints schedules in the language of the session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._words = session.words
        self._console = output()

    def print_all(self, found: Sequence[Known], *, working: bool) -> None:
        """Three lines each: what it is, when it is next, what came of it last."""
        if not found:
            self._line(self._words("schedule.none"))
            self._line(self._words("schedule.none_hint", command=self._session.command("workflow enable NAME")))
            return
        for one in found:
            self._console.print(Text(clean(one.schedule.name), style="bold"))
            self._line(f"  {self._when(one.spec)}")
            self._line(f"  {self._next(one)}")
            if one.last is not None:
                self._console.print(Text(f"  {self._last(one.last)}", style=_style(one.last)), soft_wrap=True)
        if not working:
            self._console.print()
            self._line(self._words("schedule.nobody", command=self._session.command("start --workers 1")))

    def print_next(self, schedule: Schedule, found: Sequence[datetime]) -> None:
        """One line for each."""
        spec = ScheduleSpec.of(schedule)
        if schedule.paused:
            self._line(self._words("schedule.paused", by=schedule.changed_by, since=self._moment(schedule.changed_at)))
        if not found:
            self._line(self._words("schedule.never" if spec.trigger.by_time else "schedule.by_event"))
            self._line(f"  {self._when(spec)}")
        for moment in found:
            self._line(self._both(moment, spec))

    def print_history(self, found: Sequence[Past]) -> None:
        """Newest first; the second line says more."""
        if not found:
            self._line(self._words("schedule.no_history"))
            return
        for one in found:
            firing = one.firing
            due = _in_zone(datetime.fromisoformat(firing.due_at), one.timezone)
            outcome = self._words(f"schedule.outcome_{firing.outcome}")
            self._console.print(Text(clean(f"{due}  {firing.schedule}  {outcome}"), style=_style(one)), soft_wrap=True)
            run = self._words("schedule.run", run=firing.run_id) if firing.run_id else ""
            more = [text for text in (run, self._end(one), firing.note, firing.cause) if text]
            if more:
                self._line(f"  {self._words.separator.join(more)}")

    def _when(self, spec: ScheduleSpec) -> str:
        trigger = spec.trigger
        if trigger.folder is not None:
            return self._words("schedule.folder", path=f"{trigger.folder.path}/{trigger.folder.glob}")
        if trigger.after is not None:
            said = "schedule.after_" + trigger.after.outcome
            return self._words(said, workflow=trigger.after.workflow)
        if trigger.webhook is not None:
            return self._words("schedule.webhook", variable=trigger.webhook.token_env)
        value = getattr(trigger, trigger.kind)
        return self._words(f"schedule.{trigger.kind}", value=value, zone=spec.timezone)

    def _next(self, one: Known) -> str:
        schedule = one.schedule
        if schedule.paused:
            since = self._moment(schedule.changed_at)
            return self._words("schedule.paused", by=clean(schedule.changed_by), since=since)
        if not one.spec.trigger.by_time:
            return self._words("schedule.by_event")
        if schedule.next_at is None:
            return self._words("schedule.never")
        return self._words("schedule.next", when=self._both(datetime.fromisoformat(schedule.next_at), one.spec))

    def _last(self, past: Past) -> str:
        firing = past.firing
        due = _in_zone(datetime.fromisoformat(firing.due_at), past.timezone)
        said = [self._words(f"schedule.outcome_{firing.outcome}"), self._end(past), clean(firing.note)]
        return self._words("schedule.last", due=due, said=self._words.separator.join(part for part in said if part))

    def _end(self, past: Past) -> str:
        if past.verdict:
            return self._words(f"verdict.{past.verdict}")
        return self._words(f"status.{past.status}") if past.status else ""

    def _both(self, moment: datetime, spec: ScheduleSpec) -> str:
        """In the schedule's zone, and here where clocks show something else."""
        there, here = _in_zone(moment, spec.timezone), _in_zone(moment, "local")
        if there[:16] == here[:16]:
            return there
        return self._words("schedule.here", there=there, here=here)

    def _moment(self, moment: str) -> str:
        return _in_zone(datetime.fromisoformat(moment), "local")

    def _line(self, text: str) -> None:
        self._console.print(Text(clean(text)), soft_wrap=True)


def _in_zone(moment: datetime, timezone: str) -> str:
    shown = "%Y-%m-%d %H:%M:%S %Z" if moment.second else "%Y-%m-%d %H:%M %Z"
    return moment.astimezone(zone(timezone)).strftime(shown)


def _style(past: Past) -> str:
    return _STYLES.get(past.firing.outcome, "")
