"""Where text stands: PaddleOCR's detector, one box a line.

Differentiable binarisation (Liao et al., 2020, arXiv:1911.08947): the network gives, for each pixel, how surely it
belongs to the core of a line; connected cores are grown back to the line's size.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from clawdbot.knowledge.ocr.box import Box
from clawdbot.knowledge.ocr.components import Component, components
from clawdbot.knowledge.ocr.network import Network, Pixels

_SURE = 0.3
_CORE = 0.5
"""A pixel above the first belongs to a core; a core's best pixels must reach the second."""
_GROW = 1.6
"""A core is the line shrunk by area x ratio / perimeter; the same formula grows it back (DB, section 3.4)."""
_LEAST_CORE = 3
_SIDE = 1536
"""Pixels of the longer side at which a page is looked at first."""
_MOST_SIDE = 6144
_MOST_SCALE = 2.0
_FINE_CORE = 5.0
"""Cores less high than this, in pixels, are too fine to be kept apart: the page is looked at larger."""
_GOOD_CORE = 9.0
_BAND = 1024
_OVERLAP = 128
"""A large page goes through in bands of these many rows, so that memory stays bounded."""


class TextDetector:
    """Finds lines of text on an upright page."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def boxes(self, page: Image.Image) -> list[Box]:
        """The lines of ``page`` (RGB), unordered; small print is looked at again enlarged."""
        scale = min(_SIDE / max(page.size), 1.0)
        found = self._cores(page, scale)
        if (larger := _better_scale(found, scale, max(page.size))) > 1.2 * scale:
            scale, found = larger, self._cores(page, larger)
        return [_grown(core, page.size, _seen_size(page.size, scale)) for core in found]

    def _cores(self, page: Image.Image, scale: float) -> list[Component]:
        sure = self._surety(page, scale)
        return [
            core
            for core in components(sure > _SURE)
            if min(core.right - core.left, core.bottom - core.top) >= _LEAST_CORE
            and sure[core.top : core.bottom, core.left : core.right].max() > _CORE
        ]

    def _surety(self, page: Image.Image, scale: float) -> Pixels:
        width, height = _seen_size(page.size, scale)
        # Reducing with antialiasing matters: without it thin strokes of a crisp page break up.
        pixels = np.asarray(page.resize((width, height), Image.Resampling.BICUBIC), np.float32)[:, :, ::-1]
        sure = np.zeros((height, width), np.float32)
        for top in range(0, height, _BAND - _OVERLAP):
            bottom = min(top + _BAND, height)
            sure[top:bottom] = np.maximum(sure[top:bottom], self._network.run(pixels[top:bottom])[0])
            if bottom == height:
                break
        return sure


def _better_scale(cores: list[Component], scale: float, side: int) -> float:
    """The scale at which the cores have a good height; for a small picture without any, the largest."""
    if not cores:
        return _MOST_SCALE if side * _MOST_SCALE <= _SIDE else scale
    height = float(np.median([min(core.bottom - core.top, core.right - core.left) for core in cores]))
    return min(scale * _GOOD_CORE / height, _MOST_SIDE / side, _MOST_SCALE) if height < _FINE_CORE else scale


def _seen_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Width and height as the network takes them: multiples of 32."""
    width, height = (max(32, 32 * round(side * scale / 32)) for side in size)
    return width, height


def _grown(core: Component, size: tuple[int, int], seen: tuple[int, int]) -> Box:
    width, height = core.right - core.left, core.bottom - core.top
    by = width * height * _GROW / (2 * (width + height))
    across, down = size[0] / seen[0], size[1] / seen[1]
    return Box(
        left=max(0.0, (core.left - by) * across),
        top=max(0.0, (core.top - by) * down),
        right=min(float(size[0]), (core.right + by) * across),
        bottom=min(float(size[1]), (core.bottom + by) * down),
    )
