"""What a line says: PaddleOCR's recogniser (a CTC network over the line's width)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from clawdbot.knowledge.ocr.network import Network

_HEIGHT = 48
_MOST_WIDTH = 4096
"""Pixels of a line as the network sees it; longer ones are narrowed."""
_BLANK = 0


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A line's text and how sure the network was, from 0 to 1, over its characters."""

    text: str
    confidence: float


class TextRecogniser:
    """Reads pictures of single lines."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._classes = network.classes

    def read(self, line: Image.Image) -> Reading:
        """The text of an upright line (RGB)."""
        width = min(max(8, round(line.width * _HEIGHT / line.height)), _MOST_WIDTH)
        pixels = np.asarray(line.resize((width, _HEIGHT), Image.Resampling.BICUBIC), np.float32)[:, :, ::-1]
        chances = self._network.run(pixels)
        best = chances.argmax(axis=1)
        # CTC: a character that lasts over several columns is one; the blank parts equal neighbours.
        fresh = np.flatnonzero((best != _BLANK) & np.append(True, best[1:] != best[:-1]))
        text = "".join(self._classes[c] for c in best[fresh])
        return Reading(
            text=" ".join(text.split()), confidence=float(chances[fresh, best[fresh]].mean()) if fresh.size else 0.0
        )
