"""What is to be drawn: values only, no pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from clawdbot.tools.chart.amounts import PLAIN, Amount, Language

Kind = Literal["bar", "line", "area", "pie", "scatter", "histogram", "heatmap"]
Sort = Literal["auto", "value", "label", "none"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """How the caller wants it shown."""

    title: str = ""
    sort: Sort = "auto"
    top: int | None = None
    language: Language = "en"


@dataclass(frozen=True, kw_only=True)
class Series:
    """One group of marks: ``values[i]`` stands at category i (NaN is a gap), or at ``xs[i]`` in a scatter chart."""

    name: str
    values: tuple[float, ...]
    xs: tuple[float, ...] = ()
    rest: bool = False
    """Sum of what was folded away; drawn in grey."""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A chart before it is drawn; texts are clean and in the goal's language."""

    kind: Kind
    title: str
    subtitle: str
    x_label: str
    y_label: str
    categories: tuple[str, ...] = ()
    positions: tuple[float, ...] = ()
    """Of the categories on their time scale, in buckets from the first; empty for an unordered axis."""
    series: tuple[Series, ...] = ()
    stacked: bool = False
    amount: Amount = PLAIN
    x_amount: Amount = PLAIN
    rest: str = ""
    """Category that holds what was folded away; empty when nothing was."""
    notes: tuple[str, ...] = ()
    language: Language = "en"

    @property
    def points(self) -> int:
        """Marks with a value."""
        return sum(v == v for series in self.series for v in series.values)
