"""Connected areas of a mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Component:
    """A connected area: its bounding rectangle, right and bottom excluded, and its pixels."""

    left: int
    top: int
    right: int
    bottom: int
    area: int


def components(mask: Mask) -> list[Component]:
    """Areas of set pixels that touch at sides or corners, by runs of rows and union-find."""
    rows, starts, ends = _runs(mask)
    parent = list(range(len(rows)))
    above = 0
    for run in range(len(rows)):
        while above < run and (rows[above] < rows[run] - 1 or (rows[above] < rows[run] and ends[above] < starts[run])):
            above += 1
        over = above
        while over < run and rows[over] < rows[run] and starts[over] <= ends[run]:
            _join(parent, over, run)
            over += 1
    found: dict[int, list[int]] = {}
    for run, (row, start, end) in enumerate(zip(rows, starts, ends, strict=True)):
        area = found.setdefault(_root(parent, run), [start, row, end, row + 1, 0])
        area[0], area[2], area[3] = min(area[0], start), max(area[2], end), row + 1
        area[4] += end - start
    return [Component(left=a[0], top=a[1], right=a[2], bottom=a[3], area=a[4]) for a in found.values()]


def _runs(mask: Mask) -> tuple[list[int], list[int], list[int]]:
    edged = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
    edged[:, 1:-1] = mask
    steps = np.diff(edged, axis=1)
    rows, starts = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    return rows.tolist(), starts.tolist(), ends.tolist()


def _root(parent: list[int], run: int) -> int:
    while parent[run] != run:
        parent[run] = parent[parent[run]]
        run = parent[run]
    return run


def _join(parent: list[int], one: int, other: int) -> None:
    one, other = _root(parent, one), _root(parent, other)
    if one != other:
        parent[max(one, other)] = min(one, other)
