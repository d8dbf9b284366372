"""What the index knows of an embedding model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into unit vectors.  Loading is lazy: a constructed embedder has read no weights yet."""

    @property
    def collection(self) -> str:
        """Name of the vectors that this model makes: model, revision and dimension, for example 'e5-small-int8-384'.

        Vectors of different collections are never compared.  At most 63 characters of ``[a-zA-Z0-9._-]``.
        """

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts to be found, shape ``(len(texts), dimension)``, rows of length one; EmbeddingError."""

    def query(self, text: str) -> Vectors:
        """The vector of a question, shape ``(dimension,)``, of length one; EmbeddingError."""

    def tokens(self, text: str) -> int:
        """How many tokens the model sees in ``text``, without special ones."""
