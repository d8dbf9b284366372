"""Whether a text tells a value: names however they are spaced, numbers rounded as far as they are shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

Value = str | int | float

_DATE = re.compile(r"\d{4}-\d{2}(-\d{2})?")
_SPACED_THOUSANDS = re.compile(r"(?<=\d)[\u2009\u202f\u00a0](?=\d{3})")
_NUMBER = re.compile(
    r"(?<![a-z0-9_.])(?P<sign>-?)(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<part>\d+))?"
    r"\s?(?P<unit>万|亿|千|(?:k|million|thousand|m)(?![a-z]))?",
    re.IGNORECASE,
)
_SCALE = {"万": 1e4, "亿": 1e8, "千": 1e3, "k": 1e3, "thousand": 1e3, "million": 1e6, "m": 1e6}
_DIGITS = 3
"""A rounded number must show at least so many digits."""
_BARELY = 0.505
"""Half a unit of the last digit shown, and a little for what floating point does to a tie."""


@dataclass(frozen=True, kw_only=True)
class _Number:
    value: float
    unit_in_last_place: float
    digits: int


def squash(text: str) -> str:
    """Letters and digits without accents, case, spaces and hyphens, so that line breaks do not matter."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in plain if not unicodedata.combining(c) and not c.isspace() and c not in "-\u2010\u00ad")


def missing(values: Iterable[Value], text: str) -> list[str]:
    """The values that the text does not tell."""
    flat = squash(text)
    numbers = _numbers(text)
    return [
        str(value)
        for value in values
        if not (squash(value) in flat if isinstance(value, str) else any(_means(n, value) for n in numbers))
    ]


def told_before(right: Iterable[str], others: Iterable[str], text: str) -> list[str]:
    """Other names that stand before the last of the right ones (or anywhere, when none of those is told)."""
    flat = squash(text)
    wanted = [squash(name) for name in right]
    end = max((flat.find(name) for name in wanted), default=-1)
    head = flat[:end] if end >= 0 else flat
    return [o for o in others if (s := squash(o)) in head and not any(s in name for name in wanted)]


def _numbers(text: str) -> list[_Number]:
    plain = _SPACED_THOUSANDS.sub("", unicodedata.normalize("NFKC", text))
    found = []
    for match in _NUMBER.finditer(_DATE.sub(" ", plain)):
        whole, part = match["whole"].replace(",", ""), match["part"] or ""
        scale = _SCALE.get((match["unit"] or "").lower(), 1.0)
        value = float(f"{match['sign']}{whole}.{part or 0}") * scale
        digits = len((whole + part).lstrip("0"))
        found.append(_Number(value=value, unit_in_last_place=scale * 10.0 ** -len(part), digits=digits))
    return found


def _means(number: _Number, value: float) -> bool:
    if abs(number.value - value) < 1e-9 * max(1.0, abs(value)):
        return True
    if isinstance(value, int) and number.unit_in_last_place <= 1:
        return False
    return number.digits >= _DIGITS and abs(number.value - value) <= _BARELY * number.unit_in_last_place
