"""How a measure's numbers are written: thousands separators, k/M or 万/亿, currency and percent by column name."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Language = Literal["zh", "en"]

_UNITS: dict[Language, tuple[tuple[float, str], ...]] = {
    "en": ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e5, "k")),
    "zh": ((1e12, "万亿"), (1e8, "亿"), (1e5, "万")),
}
_SCALES = {"k": 1e3, "万": 1e4}
_CURRENCY = (
    (re.compile(r"\$|(?<![a-z])usd(?![a-z])|dollar|美元|美金", re.I), "$"),
    (re.compile(r"[¥￥]|(?<![a-z])(?:cny|rmb)(?![a-z])|yuan|人民币|（元）|\(元\)|万元", re.I), "¥"),
    (re.compile(r"€|(?<![a-z])eur(?![a-z])|euros?(?![a-z])|欧元", re.I), "€"),
    (re.compile(r"£|(?<![a-z])gbp(?![a-z])|英镑", re.I), "£"),
)
_PERCENT = re.compile(r"%|％|percent|(?<![a-z])pct(?![a-z])|百分比|百分率", re.I)
_SHARE = re.compile(r"(?<![a-z])(?:share|ratio|rate|margin|proportion)(?![a-z])|占比|比例|份额|[^汇速频概效]率", re.I)
_NOT_ADDITIVE = re.compile(
    r"(?<![a-z])(?:avg|average|mean|median|min|max|price|rate|ratio|share|percent|pct|margin|score|age|temperature)"
    r"(?![a-z])|%|率|平均|均值|均价|单价|价格|占比|比例|最大|最小|最高|最低|中位|年龄|温度",
    re.I,
)


def additive(name: str) -> bool:
    """A sum of this column's values has a meaning; averages, prices and rates have none."""
    return not _NOT_ADDITIVE.search(name)


@dataclass(frozen=True, kw_only=True)
class Amount:
    """One way of writing for all numbers of an axis: ``prefix + value / scale + suffix``."""

    scale: float = 1.0
    prefix: str = ""
    suffix: str = ""
    decimals: int = 0

    def text(self, value: float, *, decimals: int | None = None) -> str:
        """The value as people read it; huge and tiny ones in powers of ten."""
        scaled = value / self.scale
        if not scaled:
            return f"{self.prefix}0{self.suffix if self.suffix == '%' else ''}"
        if abs(scaled) < 1e-4 and abs(value) >= 1:
            return f"{'−' if value < 0 else ''}{self.prefix}{abs(value):,.0f}"
        if not 1e-4 <= abs(scaled) < 1e9:
            return f"{'−' if value < 0 else ''}{self.prefix}{abs(scaled):.3g}{self.suffix}"
        places = self.decimals if decimals is None else decimals
        digits = f"{abs(scaled):,.{places}f}"
        sign = "−" if value < 0 and any(c in "123456789" for c in digits) else ""
        return f"{sign}{self.prefix}{digits}{self.suffix}"

    def ticks(self, values: list[float]) -> list[str]:
        """Texts for an axis' ticks, with just the decimals that tell neighbours apart."""
        gaps = [abs(b - a) / self.scale for a, b in pairwise(values) if b != a]
        step = min(gaps, default=1.0)
        places = 0
        while places < 4 and abs(round(step, places) - step) > step * 1e-3:
            places += 1
        return [self.text(value, decimals=places) for value in values]


def amount_of(name: str, values: Iterable[float], *, language: Language) -> Amount:
    """The way of writing that suits a column, from its name and its finite values."""
    sizes = [abs(v) for v in values if math.isfinite(v)]
    largest = max(sizes, default=0.0)
    if _PERCENT.search(name) or (_SHARE.search(name) and largest <= 1):
        scale = 0.01 if largest <= 1 else 1.0
        exact = (p for p in (0, 1, 2) if all(abs(round(v / scale, p) - v / scale) < 1e-9 for v in sizes))
        return Amount(scale=scale, suffix="%", decimals=next(exact, 1))
    prefix = next((sign for pattern, sign in _CURRENCY if pattern.search(name)), "")
    scale, suffix = 1.0, ""
    for threshold, unit in _UNITS[language]:
        if threshold <= largest < 1e17:
            scale, suffix = _SCALES.get(unit, threshold), unit
            break
    whole = scale == 1 and all(v == int(v) for v in sizes if v < 1e15)
    top = largest / scale
    return Amount(
        scale=scale, prefix=prefix, suffix=suffix, decimals=0 if whole or top >= 1000 else 1 if top >= 100 else 2
    )


PLAIN = Amount()
"""Whole numbers as they are."""
