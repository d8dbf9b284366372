"""An embedding model without weights, for tests: texts with the same letters in the same order are near."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np

from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.text.language import normalise

_TOKEN = re.compile(r"[^\W_\u2e80-\uffff]{1,4}|\S")  # four letters of a word, or one character of anything else
_SIZES = (1, 2, 3)


class HashEmbedder:
    """Hashed character n-grams; the same in every process."""

    def __init__(self, dimension: int = 64) -> None:
        self._dimension = dimension

    @property
    def collection(self) -> str:
        return f"hash-{self._dimension}"

    @property
    def dimension(self) -> int:
        return self._dimension

    def passages(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self.query(text) for text in texts]) if texts else np.empty((0, self._dimension), np.float32)

    def query(self, text: str) -> Vectors:
        marked = normalise(text).lower() + "\x00"
        vector = np.zeros(self._dimension, np.float32)
        vector[0] = 0.5  # all else is whole numbers, so that no text is without a direction
        for size in _SIZES:
            for start in range(len(marked) - size + 1):
                number = zlib.crc32(marked[start : start + size].encode("utf-8", "surrogatepass"))
                vector[number % self._dimension] += size if number & 0x10000 else -size
        unit: Vectors = vector / np.linalg.norm(vector)
        return unit

    def tokens(self, text: str) -> int:
        return sum(1 for _ in _TOKEN.finditer(text))
