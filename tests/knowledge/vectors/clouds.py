"""Vectors in clouds, as texts on a handful of subjects have them."""

from __future__ import annotations

import numpy as np

from clawdbot.knowledge.embedding.embedder import Vectors
from tests.knowledge.feed import MemoryFeed

DIMENSION = 16


def clouds(count: int, *, seed: int = 0, dimension: int = DIMENSION, subjects: int = 20) -> Vectors:
    """Unit vectors around common centres; those of one seed and dimension share their centres with every count."""
    chance = np.random.default_rng(seed)
    centres = chance.standard_normal((subjects, dimension))
    made = centres[chance.integers(0, subjects, count)] + 0.6 * chance.standard_normal((count, dimension))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def fill(feed: MemoryFeed, count: int, *, scopes: int = 4, seed: int = 0) -> Vectors:
    """Add chunks with scopes 1 to ``scopes`` in turn and a day for each; their vectors."""
    made = clouds(count, seed=seed)
    for number, vector in enumerate(made):
        feed.add(scope=number % scopes + 1, day=number, vector=vector)
    return made
