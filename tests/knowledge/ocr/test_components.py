"""Connected areas, held against a flood fill."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clawdbot.knowledge.ocr.components import Component, Mask, components


def flood(mask: Mask) -> set[tuple[int, int, int, int, int]]:
    left = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    found = set()
    while left:
        area, edge = set(), [left.pop()]
        while edge:
            y, x = edge.pop()
            area.add((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            edge += near
        ys, xs = [y for y, _ in area], [x for _, x in area]
        found.add((min(xs), min(ys), max(xs) + 1, max(ys) + 1, len(area)))
    return found


def as_tuple(component: Component) -> tuple[int, int, int, int, int]:
    return component.left, component.top, component.right, component.bottom, component.area


@settings(deadline=None, max_examples=150)
@given(arrays(np.bool_, st.tuples(st.integers(1, 14), st.integers(1, 14))))
def test_every_area_is_found_once(mask: Mask) -> None:
    found = components(mask)
    assert {as_tuple(component) for component in found} == flood(mask)
    assert sum(component.area for component in found) == mask.sum()


def test_an_empty_page_has_none() -> None:
    assert components(np.zeros((5, 7), np.bool_)) == []
