"""Tables on paper: column widths from content, pages that repeat the header, wide tables turned or split.

Lengths are in em of the table's font size: a Chinese character is 1, a Latin one about a half.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from clawdbot.tools.report.cells import FormattedColumn

MAX_ROWS = 200
"""Rows of a table that are printed; the sources say how many there are."""
PORTRAIT_MM = 170.0
LANDSCAPE_MM = 250.0
GAP_EM = 1.0
"""Space between two columns."""
_MM_PER_POINT = 0.3515
_SIZES = (9.0, 8.0, 7.0)
_MIN_TEXT = 5.0
_MAX_TEXT = 26.0
_MAX_HEADER = 12.0
_COMFORT = 0.6
_BOLD = 1.1
_AIR = 0.3


@dataclass(frozen=True, kw_only=True)
class Block:
    """A part of a table that fits a page in width: columns by position, widths in em, size in points."""

    columns: tuple[int, ...]
    widths: tuple[float, ...]
    size: float
    landscape: bool


def lay_out(columns: Sequence[FormattedColumn]) -> tuple[Block, ...]:
    """How a table stands on A4: smaller type first, then turned, then split with its first column repeated."""
    if not columns:
        return ()
    least, natural = [_least(c) for c in columns], [_natural(c) for c in columns]
    for comfort in (_COMFORT, 0.0):
        for landscape, page in ((False, PORTRAIT_MM), (True, LANDSCAPE_MM)):
            for size in _SIZES:
                widths = _fit(natural, least, _room(page, size, len(columns)))
                if widths and min(w / n for w, n in zip(widths, natural, strict=True)) >= comfort:
                    return (Block(columns=tuple(range(len(columns))), widths=widths, size=size, landscape=landscape),)
    return _split(natural, least)


def _split(natural: list[float], least: list[float]) -> tuple[Block, ...]:
    size = _SIZES[-1]
    blocks: list[Block] = []
    group = [0]
    for i in range(1, len(natural)):
        trial = [*group, i]
        if len(group) > 1 and sum(least[j] for j in trial) > _room(LANDSCAPE_MM, size, len(trial)):
            blocks.append(_block(group, natural, least, size))
            trial = [0, i]
        group = trial
    return (*blocks, _block(group, natural, least, size))


def _block(group: list[int], natural: list[float], least: list[float], size: float) -> Block:
    room = _room(LANDSCAPE_MM, size, len(group))
    wide, small = [natural[i] for i in group], [least[i] for i in group]
    widths = _fit(wide, small, room) or tuple(room * w / sum(small) for w in small)
    return Block(columns=tuple(group), widths=widths, size=size, landscape=True)


def _room(page_mm: float, size: float, count: int) -> float:
    return page_mm / (_MM_PER_POINT * size) - GAP_EM * max(0, count - 1)


def _fit(natural: list[float], least: list[float], room: float) -> tuple[float, ...] | None:
    """Widths that fill no more than the room: only the widest give way; None when even the least do not fit."""
    if sum(least) > room:
        return None
    low, high = 0.0, max(natural)
    for _ in range(40):
        cap = (low + high) / 2
        if sum(_capped(natural, least, cap)) <= room:
            low = cap
        else:
            high = cap
    return tuple(natural if sum(natural) <= room else _capped(natural, least, low))


def _capped(natural: list[float], least: list[float], cap: float) -> list[float]:
    return [max(small, min(wide, cap)) for small, wide in zip(least, natural, strict=True)]


def _natural(column: FormattedColumn) -> float:
    """The width that shows every cell and the header in one line, within reason."""
    return max(_least(column), min(_cells(column), _MAX_TEXT), min(text_width(column.name) * _BOLD, _MAX_HEADER)) + _AIR


def _least(column: FormattedColumn) -> float:
    """The width below which it cannot be read: numbers and dates never wrap, headers only at their joints."""
    words = re.split(r"[\s_]+", column.name)
    header = min(max(text_width(w + "_") for w in words) * _BOLD, _MAX_HEADER)
    cells = _cells(column)
    return (
        max(
            header if len(words) > 1 or column.wraps else min(header, _MIN_TEXT),
            2.0,
            min(cells, _MIN_TEXT) if column.wraps else cells,
        )
        + _AIR
    )


def _cells(column: FormattedColumn) -> float:
    return max((text_width(c) for c in column.cells), default=0.0)


def text_width(text: str) -> float:
    """Estimated width in em."""
    total = 0.0
    for char in text[:200]:
        if unicodedata.east_asian_width(char) in "WF":
            total += 1.0
        elif char in ".,:;'|!il ":
            total += 0.29
        else:
            total += 0.66 if char.isupper() or char in "mw%@" else 0.54
    return total
