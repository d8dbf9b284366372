"""The figures of retrieval, over rankings of documents.

nDCG as Järvelin and Kekäläinen (2002) have it, with a gain of one for each expected document.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence


def recall(hits: Sequence[bool], expected: int) -> float:
    """Share of ``expected`` (at least one) documents among the hits of a ranking."""
    return min(1.0, sum(hits) / expected)


def ndcg(hits: Sequence[bool], expected: int, *, at: int = 10) -> float:
    """Gain of the first ``at`` places, discounted by log2(place + 1), as a share of the best that was possible."""
    gain = sum(hit / math.log2(place + 1) for place, hit in enumerate(hits[:at], 1))
    best = sum(1 / math.log2(place + 1) for place in range(1, min(expected, at) + 1))
    return gain / best


def first(hits: Sequence[bool]) -> int:
    """Place of the first hit, counted from 1; 0 when there is none."""
    return next((place for place, hit in enumerate(hits, 1) if hit), 0)


def mean(values: Iterable[float]) -> float | None:
    """The arithmetic mean; None of nothing."""
    found = list(values)
    return sum(found) / len(found) if found else None


def percentile(values: Iterable[float], share: float) -> float | None:
    """The value below which ``share`` (0 to 1) of the values lie, interpolated; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
