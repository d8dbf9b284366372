"""What both planners do in a run of ten tool calls: the goal, the tools' common body, which notes its time."""

from __future__ import annotations

import itertools
import resource
import time

NAMES = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet")
"""Ten tools, one call each; tool ``note_alpha`` and so on."""

GOAL = f"Note {', '.join(NAMES)}."

MARKS: list[float] = []
"""Times of the calls of the current run, seconds."""


def mark(text: str) -> str:
    """Note the time and give an observation."""
    MARKS.append(time.perf_counter())
    return f"Noted {text}."


def intervals_ms() -> list[float]:
    """Milliseconds between one call and the next: all that the framework does in one step.  Clears the marks."""
    found = [(after - before) * 1000 for before, after in itertools.pairwise(MARKS)]
    MARKS.clear()
    return found


def peak_mib() -> float:
    """The most memory that this process has held, MiB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
