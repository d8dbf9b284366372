"""Reading order: columns before rows where text runs in columns, rows before cells in a table."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from clawdbot.knowledge.ocr.box import Box

Row = tuple[Box, ...]
"""Boxes side by side, from left to right; text that a reader reads as one line."""

_SPANNING = 0.6
"""A box that is wider than this share of the block belongs to no column of it."""
_FULL = 0.55
"""Running text fills its column to this share at least in most lines; a table's cells do not."""
_LEAST_LINES = 3
_LEAST_WORDS = 6.0
"""A column's lines are this many times wider than high at least."""
_SAME_ROW = 0.5


def rows(boxes: Sequence[Box]) -> list[Row]:
    """All boxes in the order in which they are read."""
    if not boxes:
        return []
    left, right = min(box.left for box in boxes), max(box.right for box in boxes)
    wide = sorted((box for box in boxes if box.width > _SPANNING * (right - left)), key=lambda box: box.middle)
    narrow = [box for box in boxes if box.width <= _SPANNING * (right - left)]
    if not narrow:
        return _rows(boxes)
    found: list[Row] = []
    pending: list[Box] = []
    edges = [box.middle for box in wide] + [float("inf")]
    for number, edge in enumerate(edges):
        above = edges[number - 1] if number else float("-inf")
        between = [box for box in narrow if above <= box.middle < edge]
        if columns := _columns(between):
            found += _rows(pending)
            pending = []
            found += [row for column in columns for row in rows(column)]
        else:
            pending += between
        pending += wide[number : number + 1]
    return found + _rows(pending)


def _columns(boxes: Sequence[Box]) -> list[list[Box]]:
    """The block cut at its gutters, when that gives columns of running text; nothing otherwise."""
    if len(boxes) < 2 * _LEAST_LINES:
        return []
    gap = median(box.height for box in boxes) / 2
    columns: list[list[Box]] = []
    reach = float("-inf")
    for box in sorted(boxes, key=lambda box: box.left):
        if box.left > reach + gap:
            columns.append([])
        columns[-1].append(box)
        reach = max(reach, box.right)
    return columns if len(columns) > 1 and all(map(_running, columns)) else []


def _running(column: Sequence[Box]) -> bool:
    width = max(box.right for box in column) - min(box.left for box in column)
    typical = median(box.width for box in column)
    high = median(box.height for box in column)
    return len(column) >= _LEAST_LINES and typical >= _FULL * width and typical >= _LEAST_WORDS * high


def _rows(boxes: Sequence[Box]) -> list[Row]:
    found: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: box.middle):
        if found and _beside(found[-1], box):
            found[-1].append(box)
        else:
            found.append([box])
    return [tuple(sorted(row, key=lambda box: box.left)) for row in found]


def _beside(row: Sequence[Box], box: Box) -> bool:
    other = row[-1]
    shared = min(box.bottom, other.bottom) - max(box.top, other.top)
    return shared > _SAME_ROW * min(box.height, other.height) and all(
        box.left >= each.right - each.height / 2 or box.right <= each.left + each.height / 2 for each in row
    )
