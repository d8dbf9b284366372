"""Rows as they come from a driver, kept within limits of count, bytes and cell size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

CELL_CHARS = 20_000
"""A longer text cell is cut; the cut is told in the cell and in ``notes``."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Most rows, bytes (text and numbers as counted by :func:`collect`) and seconds of one query."""

    rows: int
    bytes: int
    seconds: float
    cell_chars: int = CELL_CHARS


@dataclass(frozen=True, kw_only=True)
class RawRows:
    """Result rows with plain Python values; ``truncated`` when more rows exist than were kept."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool
    notes: tuple[str, ...] = ()


def collect(columns: Sequence[str], source: Iterable[Sequence[Any]], limits: Limits) -> RawRows:
    """Read rows one by one until a limit is reached."""
    kept: list[tuple[Any, ...]] = []
    used, cut = 0, 0
    truncated = False
    notes: list[str] = []
    for row in source:
        if len(kept) >= limits.rows:
            truncated = True
            break
        cells = []
        for value in row:
            cell, size, was_cut = _bounded(value, limits.cell_chars)
            used += size
            cut += was_cut
            cells.append(cell)
        if used > limits.bytes and kept:
            truncated = True
            notes.append(f"stopped at {len(kept)} rows: the result is larger than {limits.bytes} bytes")
            break
        kept.append(tuple(cells))
    if cut:
        notes.append(f"{cut} cells longer than {limits.cell_chars} characters were cut")
    return RawRows(columns=_distinct(columns), rows=tuple(kept), truncated=truncated, notes=tuple(notes))


def _bounded(value: Any, chars: int) -> tuple[Any, int, int]:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value)} bytes>", 16, 0
    if isinstance(value, str):
        if len(value) > chars:
            return f"{value[:chars]}... [cut, {len(value)} characters]", chars, 1
        return value, len(value), 0
    return value, 8, 0


def _distinct(columns: Sequence[str]) -> tuple[str, ...]:
    """Column names made distinct, because ``SELECT *`` over a join repeats them."""
    seen: set[str] = set()
    names = []
    for position, column in enumerate(columns, 1):
        stem = column or f"column_{position}"
        name, number = stem, 2
        while name.lower() in seen:
            name, number = f"{stem}_{number}", number + 1
        seen.add(name.lower())
        names.append(name)
    return tuple(names)
