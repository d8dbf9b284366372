"""Bootstrap intervals over tasks: policies played the same tasks, so the tasks are drawn again, not the policies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

RESAMPLES = 2000
_AT_ONCE = 50
"""Resamples drawn together: bounds the memory."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A figure and its 95 % interval (percentile bootstrap; Efron and Tibshirani 1993, chapter 13)."""

    value: float
    low: float
    high: float


def bootstrap(columns: Sequence[Sequence[float]], statistic: Callable[[Floats], Floats], *, seed: int = 1) -> Interval:
    """The interval of ``statistic``, a function of the columns' means.

    ``columns`` hold one number a task each, in the same order of tasks.  ``statistic`` gets means of shape
    (resamples, columns) and gives one number a resample.  Raises ValueError without tasks.
    """
    rows = np.asarray(columns, dtype=np.float64).T
    count = len(rows)
    if not count:
        raise ValueError("There are no tasks to draw from.")
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES // _AT_ONCE):
        picks = rng.integers(count, size=(_AT_ONCE, count))
        drawn.append(np.stack([rows[pick].mean(axis=0) for pick in picks]))
    low, high = np.percentile(statistic(np.concatenate(drawn)), [2.5, 97.5])
    value = statistic(rows.mean(axis=0, keepdims=True))[0]
    return Interval(value=float(value), low=float(low), high=float(high))


def difference(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """Mean of ``ours`` less mean of ``theirs``."""
    return bootstrap([ours, theirs], lambda means: means[:, 0] - means[:, 1])


def saved(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """Share of the sum of ``theirs`` that ``ours`` does not spend; 0 where nothing could be spent."""

    def share(means: Floats) -> Floats:
        whole = means[:, 1]
        return np.where(whole > 0, 1 - means[:, 0] / np.where(whole > 0, whole, 1), 0.0)

    return bootstrap([ours, theirs], share)
