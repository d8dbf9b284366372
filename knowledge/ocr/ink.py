"""What the detector passed over: ink outside its boxes that is laid out like lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np
from PIL import Image

from clawdbot.knowledge.ocr.box import Box
from clawdbot.knowledge.ocr.components import components

_SIDE = 1200
_DARKER = 25
"""Ink is darker than the paper around it by as much, of 255."""
_HEIGHTS = (0.4, 1.6)
"""A line's height against the typical one of the page."""
_LEAST_LENGTH = 3.0
"""In heights of a line: shorter marks are specks, bullets and page ornaments."""
_FILL = (0.15, 0.9)
"""Ink in a line's rectangle: rules and bars have more, scratches less."""


def passed_over(page: Image.Image, boxes: Sequence[Box]) -> list[Box]:
    """Where ink beside ``boxes`` looks like lines of their height; nothing on a page without boxes."""
    if not boxes:
        return []
    scale = min(1.0, _SIDE / max(page.size))
    size = (max(1, round(page.width * scale)), max(1, round(page.height * scale)))
    grey = page.convert("L").resize(size, Image.Resampling.BOX)
    coarse = (max(1, size[0] // 50), max(1, size[1] // 50))
    paper = grey.resize(coarse, Image.Resampling.BOX).resize(size, Image.Resampling.BILINEAR)
    ink = np.asarray(paper, np.int16) - np.asarray(grey, np.int16) > _DARKER
    high = median(min(box.height, box.width) for box in boxes) * scale
    for box in boxes:
        top, bottom = int(box.top * scale), int(box.bottom * scale) + 1
        ink[
            max(0, top - 1) : bottom + 1, max(0, int(box.left * scale - high / 2)) : int(box.right * scale + high / 2)
        ] = 0
    joined, reach = ink.copy(), max(1, round(high * 0.7) - 1)
    for shift in range(1, reach + 1):
        joined[:, shift:] |= ink[:, :-shift]
    found: list[Box] = []
    for area in components(joined):
        left, top, right, bottom = area.left, area.top, area.right - reach, area.bottom
        if (
            _HEIGHTS[0] * high <= bottom - top <= _HEIGHTS[1] * high
            and right - left >= _LEAST_LENGTH * high
            and _FILL[0] < ink[top:bottom, left:right].mean() < _FILL[1]
        ):
            found.append(Box(left=left / scale, top=top / scale, right=right / scale, bottom=bottom / scale))
    return found
