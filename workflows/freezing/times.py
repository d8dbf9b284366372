"""Periods of a goal as inputs: what was said, what it meant, and where it stands in calls and texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from clawdbot.agents.brief import Brief
from clawdbot.agents.periods import Period, find_periods
from clawdbot.text.language import Language

_LATER = timedelta(days=1000)
_MOMENT = re.compile(r"^(\d{4}-\d\d-\d\d)([T ].*)$")


@dataclass(frozen=True, kw_only=True)
class TimeInput:
    """An input of type period: ``default`` is the goal's own words when they are relative to the day, else a name of
    the time."""

    name: str
    period: Period
    default: str
    relative: bool
    """On another day the default is another time."""
    today: date
    """The day that the goal was asked on."""

    def is_of(self, start: str | None, end: str | None) -> bool:
        """The period has these bounds, as ISO dates."""
        return (_iso(self.period.start), _iso(self.period.end)) == (start, end)

    def spoken(self, language: Language) -> str:
        """A template that says the time in plain words, whatever label it has."""
        if self.period.start is None or self.period.end is None:
            return self.of("label")
        between = "至" if language == "zh" else " to "
        return f"{self.of('start')}{between}{self.of('last')}"

    def of(self, part: str) -> str:
        """The template of a part of it: start, end, last, label."""
        return f"{{{{ inputs.{self.name}.{part} }}}}"

    @property
    def value(self) -> dict[str, Any]:
        """What the run was of, as templates see it."""
        return {"start": _iso(self.period.start), "end": _iso(self.period.end), "label": self.period.label}


def time_inputs(brief: Brief) -> tuple[TimeInput, ...]:
    """One input for each period that the goal names."""
    found: dict[tuple[date | None, date | None], Period] = {}
    for part in brief.parts:
        for period in part.periods:
            found.setdefault((period.start, period.end), period)
    made = []
    for number, period in enumerate(found.values(), start=1):
        name = "period" if number == 1 else f"period_{number}"
        said = next(s for s in _names(period) if s == period.label or _means(s, period, brief.today))
        relative = not _means(said, period, brief.today + _LATER)
        made.append(TimeInput(name=name, period=period, default=said, relative=relative, today=brief.today))
    return tuple(made)


def _names(period: Period) -> tuple[str, ...]:
    """The goal's own words first: what was said relative to the day stays so."""
    return period.mention, f"{_iso(period.start)} to {_last(period)}", period.label


def _means(said: str, period: Period, day: date) -> bool:
    found = find_periods(said, day)
    return len(found) == 1 and (found[0].start, found[0].end) == (period.start, period.end)


def place_of(text: str, times: Iterable[TimeInput]) -> tuple[str, str] | None:
    """For a literal of a statement the name of the parameter that it stands for, and the parameter's template."""
    for given in times:
        for name, value, template in _literals(given):
            if text == value:
                return f"{given.name}_{name}", template
            moment = _MOMENT.match(text)
            if moment and moment[1] == value and name in ("start", "end", "last"):
                return f"{given.name}_{name}_time", f"{template}{moment[2]}"
    return None


def _literals(given: TimeInput) -> Iterator[tuple[str, str, str]]:
    """Names, values and templates of what a statement may say of a period."""
    period = given.period
    yield "start", _iso(period.start) or "-", given.of("start")
    yield "end", _iso(period.end) or "-", given.of("end")
    if period.end is not None:
        yield "last", _last(period), given.of("last")
    if period.start is not None and period.end is not None:
        days = (period.end - period.start).days
        if 28 <= days <= 31:
            yield "month", period.start.isoformat()[:7], f"{{{{ inputs.{given.name}.start[:7] }}}}"
        if 365 <= days <= 366:
            yield "year", str(period.start.year), f"{{{{ inputs.{given.name}.start[:4] }}}}"


def time_part(word: str, value: object, times: Iterable[TimeInput]) -> str | None:
    """A template for a year, quarter or month that is kept or computed as a number, when it is that of a period's
    start; ``word`` holds its name."""
    for given in times:
        start = given.period.start
        if start is None:
            continue
        read = f"inputs.{given.name}.start"
        parts = (
            (("year", "年"), start.year, f"{{{{ {read}[:4] | int }}}}"),
            (("quarter", "季"), (start.month + 2) // 3, f"{{{{ ({read}[5:7] | int + 2) // 3 }}}}"),
            (("month", "月"), start.month, f"{{{{ {read}[5:7] | int }}}}"),
        )
        for names, is_now, template in parts:
            if any(name in word.lower() for name in names) and value == is_now:
                return template
    return None


def without_times(text: str, times: Iterable[TimeInput], stand_in: str) -> str:
    """The text with every mention of the periods replaced, in whatever words it says them."""
    for given in times:
        said = {given.period.mention, given.period.label}
        said |= {p.mention for p in find_periods(text, given.today) if given.is_of(_iso(p.start), _iso(p.end))}
        for mention in sorted(said - {""}, key=len, reverse=True):
            text = re.sub(re.escape(mention), lambda _: stand_in, text, flags=re.IGNORECASE)
    return text


def _last(period: Period) -> str:
    return "-" if period.end is None else (period.end - timedelta(days=1)).isoformat()


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
