"""The packaged model in plain arithmetic, to hold the fast one against."""

from __future__ import annotations

import math

import numpy as np

from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.embedding.packed import HEADS, LAYERS, LONGEST, WIDTH, PackedModel


def embed(packed: PackedModel, ids: list[int]) -> Vectors:
    """The unit vector of these tokens (with the special ones), in single precision (Devlin et al. 2019)."""
    places = packed.vector("emb.pos").reshape(LONGEST, WIDTH)[: len(ids)]
    hidden = _normalised(packed, packed.words(ids) + places + packed.vector("emb.type")[:WIDTH], "emb.ln")
    for number in range(LAYERS):
        layer = f"l{number}"
        query, key, value = (_heads(_linear(packed, hidden, f"{layer}.{part}", WIDTH)) for part in "qkv")
        weights = query @ key.transpose(0, 2, 1) / math.sqrt(WIDTH // HEADS)
        weights = np.exp(weights - weights.max(axis=-1, keepdims=True))
        context = (weights / weights.sum(axis=-1, keepdims=True)) @ value
        joined = context.transpose(1, 0, 2).reshape(len(ids), WIDTH)
        hidden = _normalised(packed, hidden + _linear(packed, joined, f"{layer}.ao", WIDTH), f"{layer}.aln")
        inner = _linear(packed, hidden, f"{layer}.fi", 1536)
        inner = inner * (1 + np.vectorize(math.erf)(inner / math.sqrt(2))) / 2
        outer = _linear(packed, inner.astype(np.float32), f"{layer}.fo", WIDTH)
        hidden = _normalised(packed, hidden + outer, f"{layer}.oln")
    mean: Vectors = hidden.mean(axis=0)
    unit: Vectors = mean / np.linalg.norm(mean)
    return unit


def _heads(flat: Vectors) -> Vectors:
    return flat.reshape(len(flat), HEADS, WIDTH // HEADS).transpose(1, 0, 2)


def _linear(packed: PackedModel, source: Vectors, name: str, outputs: int) -> Vectors:
    found: Vectors = source @ packed.matrix(f"{name}.w", outputs).T + packed.vector(f"{name}.b")
    return found


def _normalised(packed: PackedModel, source: Vectors, name: str) -> Vectors:
    middle = source - source.mean(axis=-1, keepdims=True)
    scaled = middle / np.sqrt((middle**2).mean(axis=-1, keepdims=True) + 1e-12)
    found: Vectors = scaled * packed.vector(f"{name}.w") + packed.vector(f"{name}.b")
    return found
