"""Kill a process that syncs the index, again and again, and hold what is left against the truth."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.index_scale.mortal import DIMENSION, NAME, SCOPES, history, open_index
from clawdbot.knowledge.index import Where
from clawdbot.knowledge.vectors.exact import ExactIndex

_ROOT = Path(__file__).resolve().parents[2]
STEPS = 1500
"""Changes in one attempt: enough for Chroma to write its graph to the disk at least once."""
STEPS_A_SECOND = 1500
"""About how fast an attempt goes: kills fall evenly between its beginning and its end."""
LOOKS_A_FOLDER = 6

Attempt = Callable[..., int]


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """What was found after some kills.  ``answered``: the first question, before anything was repaired, had its ten
    answers; ``rebuilt`` is why the index was built anew, empty when it was not; ``wrong`` is what differs in the end.
    """

    kills: int
    chunks: int
    answered: bool
    rebuilt: str
    seconds: float
    wrong: tuple[str, ...]


@contextmanager
def mortal() -> Iterator[Attempt]:
    """``attempt(folder, seed=, before=, steps=, moment=, seconds=)``: its exit code, -9 when it was killed."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.index_scale.mortal"],
        cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        told, heard = process.stdin, process.stdout
        assert told is not None and heard is not None  # both are pipes

        def attempt(folder: Path, *, seed: int, before: int, steps: int, moment: str, seconds: float) -> int:
            print(folder, seed, before, steps, moment, seconds, sep="\t", file=told, flush=True)
            return int(heard.readline())

        yield attempt
        told.close()


def kill(
    attempt: Attempt, folder: Path, *, seed: int, before: int, steps: int, most: int, chance: random.Random
) -> Aftermath:
    """One to three attempts in a row (``most`` at most) on top of ``before`` steps, then a look at what they left."""
    codes = []
    for _ in range(min(most, chance.choice((1, 1, 1, 2, 3)))):
        seconds = chance.uniform(0.02, steps / STEPS_A_SECOND)
        moment = chance.choice(("start", "open", "open", "open"))
        codes.append(attempt(folder, seed=seed, before=before, steps=steps, moment=moment, seconds=seconds))
    feed = history(seed, before + steps)
    exact = ExactIndex(feed, collection=NAME, dimension=DIMENSION)
    query = np.ones(DIMENSION, np.float32) / np.float32(DIMENSION**0.5)
    where = Where(scopes=frozenset(range(1, SCOPES // 2)))
    index = open_index(folder, feed)
    started = time.monotonic()
    try:
        answered = len(index.search(query, where, 10)) == 10
        index.sync()
        rebuilt, seconds = index.repaired, time.monotonic() - started
        found = [hit.chunk for hit in index.search(query, where, 10)]
        wrong = [*index.notes, *index.verify()]
        wrong.extend(f"an attempt ended by itself with {code}" for code in codes if code not in (0, -signal.SIGKILL))
        if found != [hit.chunk for hit in exact.search(query, where, 10)]:
            wrong.append("the answer differs from the exact one")
    finally:
        index.close()
    return Aftermath(
        kills=codes.count(-signal.SIGKILL), chunks=feed.live_count(), answered=answered, rebuilt=rebuilt,
        seconds=seconds, wrong=tuple(wrong),
    )  # fmt: skip


def series(times: int, folder: Path, *, seed: int, steps: int = STEPS) -> Iterator[Aftermath]:
    """At least ``times`` kills; every few looks begin a new folder, so that small and larger indexes are met."""
    chance, done, number = random.Random(seed), 0, 0
    with mortal() as attempt:
        while done < times:
            place = number // LOOKS_A_FOLDER
            found = kill(
                attempt, folder / f"{place:03d}", seed=seed + place, before=steps * (number % LOOKS_A_FOLDER),
                steps=steps, most=times - done, chance=chance,
            )  # fmt: skip
            number += 1
            done += found.kills
            yield found
