"""A spreadsheet's values as its number formats show them (ECMA-376 part 1, 18.8.31)."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final

_PIECE = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|\[\$(?P<currency>[^\]-]*)(?:-[^\]]*)?\]|\[(?P<elapsed>[hms]+)\]|\[[^\]]*\]|'
    r"_.|\*.|(?P<half>AM/PM|A/P|上午/下午)|(?P<date>y+|m+|d+|h+|s+(?:\.0+)?|a{3,4})|"
    r"(?P<digits>[#0?](?:[#0?,.]| (?=[#0?]))*(?:E[+-]0+)?|\.[#0?]+)|"
    r"(?P<percent>%)|(?P<text>@)|(?P<literal>.)",
    re.I | re.S,
)
_SYSTEM_DATES: Final = {"mm-dd-yy": "yyyy-mm-dd", "m/d/yy h:mm": "yyyy-mm-dd h:mm"}
"""Formats that every system shows in its own order; the ISO order is understood everywhere."""
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CHINESE_DAYS = "一二三四五六日"
_MAX_FORMAT = 255

Value = str | bool | int | float | Decimal | datetime | date | time | timedelta | None
_Pieces = tuple[tuple[str, str], ...]


def shown(value: Value, form: str) -> str:
    """The value as a person sees it; what a format says of colours and widths is left out."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return value
    sections = _sections(_SYSTEM_DATES.get(form, form)[:_MAX_FORMAT])
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, (datetime, date, time)):
        return _moment(value, sections[0])
    return _number(Decimal(str(value)), sections)


@lru_cache(maxsize=512)
def _sections(form: str) -> tuple[_Pieces, ...]:
    """A format's parts for positive, negative and zero, as (kind, text) pieces."""
    sections: list[list[tuple[str, str]]] = [[]]
    if form.lower() == "general":
        return ((("general", ""),),)
    for found in _PIECE.finditer(form):
        kind = found.lastgroup
        if kind == "literal" and found.group() == ";":
            sections.append([])
        elif kind is not None:
            sections[-1].append((kind, found.group(kind)))
    return tuple(tuple(section) for section in sections)


def _number(value: Decimal, sections: tuple[_Pieces, ...]) -> str:
    section = sections[0]
    if value < 0 and len(sections) > 1:
        section, value = sections[1], -value
    elif value == 0 and len(sections) > 2:
        section = sections[2]
    kinds = [kind for kind, _ in section]
    if "general" in kinds or "text" in kinds or not section or (section and "digits" not in kinds and "date" in kinds):
        return _general(value)
    if ("literal", "/") in section and kinds.count("digits") > 1:  # a fraction: its value says as much
        return _general(value)
    scaled = value.scaleb(2 * kinds.count("percent"))
    parts: list[str] = []
    written = False
    for kind, text in section:
        if kind == "digits" and not written:
            number, written = _digits(scaled, text), True
            if number.startswith("-"):
                parts.insert(0, "-")
            parts.append(number.lstrip("-"))
        elif kind == "percent":
            parts.append("%")
        elif kind in ("quoted", "escaped", "currency", "literal", "date"):
            parts.append(text)
    return "".join(parts).strip()


def _general(value: Decimal) -> str:
    if value == value.to_integral_value() and abs(value) < 10**15:
        return str(int(value))
    return f"{float(value):.11g}"


def _digits(value: Decimal, pattern: str) -> str:
    scientific = re.search(r"E[+-](0+)", pattern, re.I)
    if scientific:
        precision = len(re.sub(r"[^0#?]", "", pattern[: scientific.start()].partition(".")[2]))
        return f"{value:.{precision}E}"
    pattern = pattern.rstrip()
    body = pattern.rstrip(",")
    value = value.scaleb(-3 * (len(pattern) - len(body)))
    whole, _, fraction = body.partition(".")
    places = re.sub(r"[^0#?]", "", fraction)
    rounded = value.quantize(Decimal(1).scaleb(-len(places)), rounding=ROUND_HALF_UP)
    text = f"{rounded:,f}" if "," in whole else f"{rounded:f}"
    integer, _, decimals = text.partition(".")
    least = places.rstrip("#?")
    while len(decimals) > len(least) and decimals.endswith("0"):
        decimals = decimals[:-1]
    zeros = whole.count("0")
    if "," not in whole and len(integer.lstrip("-")) < zeros:
        integer = ("-" if integer.startswith("-") else "") + integer.lstrip("-").rjust(zeros, "0")
    if rounded == 0:
        integer = integer.lstrip("-")
    return f"{integer}.{decimals}" if decimals else integer


def _duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    return f"{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def _moment(value: datetime | date | time, section: _Pieces) -> str:
    if not any(kind in ("date", "elapsed") for kind, _ in section):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    at = value if isinstance(value, datetime) else _as_datetime(value)
    halves = any(kind == "half" for kind, _ in section)
    parts: list[str] = []
    for place, (kind, text) in enumerate(section):
        if kind in ("date", "elapsed"):
            minutes = text[0] in "mM" and len(text) < 3 and _beside_time(section, place)
            parts.append(_field(at, text.lower(), minutes=minutes, halves=halves))
        elif kind == "half":
            chinese = text.startswith("上")
            parts.append(("下午" if chinese else "PM") if at.hour >= 12 else ("上午" if chinese else "AM"))
        elif kind in ("quoted", "escaped", "literal", "currency", "digits"):
            parts.append(text)
    return "".join(parts).strip()


def _as_datetime(value: date | time) -> datetime:
    if isinstance(value, time):
        return datetime.combine(date(1900, 1, 1), value)
    return datetime(value.year, value.month, value.day)


def _beside_time(section: _Pieces, place: int) -> bool:
    """'m' after hours or before seconds is minutes, elsewhere months."""
    fields = [(n, text.lower()) for n, (kind, text) in enumerate(section) if kind in ("date", "elapsed")]
    at = next(i for i, (n, _) in enumerate(fields) if n == place)
    before = fields[at - 1][1] if at else ""
    after = fields[at + 1][1] if at + 1 < len(fields) else ""
    return before.startswith("h") or after.startswith("s")


def _field(at: datetime, field: str, *, minutes: bool, halves: bool) -> str:
    wide = len(field) > 1
    letter = field[0]
    if letter == "y":
        return f"{at.year:04d}" if len(field) > 2 else f"{at.year % 100:02d}"
    if letter == "a":
        day = _CHINESE_DAYS[at.weekday()]
        return f"星期{day}" if len(field) > 3 else day
    if letter == "m" and not minutes and len(field) > 2:
        return _MONTHS[at.month - 1][: 3 if len(field) == 3 else None if len(field) == 4 else 1]
    if letter == "d" and len(field) > 2:
        return _DAYS[at.weekday()][: 3 if len(field) == 3 else None]
    if letter == "s":
        seconds = f"{at.second:02d}" if wide and field[1] == "s" else str(at.second)
        places = len(field.partition(".")[2])
        return seconds + (f".{at.microsecond:06d}"[: places + 1] if places else "")
    number = {"m": at.minute if minutes else at.month, "d": at.day, "h": at.hour}[letter]
    if letter == "h" and halves:
        number = number % 12 or 12
    return f"{number:02d}" if wide else str(number)
