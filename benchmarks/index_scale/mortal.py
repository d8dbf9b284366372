"""A process that syncs the vector index until it is killed: each line of its input is one attempt in a forked process.

An attempt is ``FOLDER SEED BEFORE STEPS FROM SECONDS``: of the history SEED, BEFORE steps have happened; STEPS more
happen while the index is kept in sync, a handful at a time.  It kills itself SECONDS after FROM: its ``start``, or when
the index is ``open`` and up to date.  The exit code comes back as a line: -9, or 0 when it came to an end before.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import chromadb  # noqa: F401 - imported once here, not in each forked process

from benchmarks.index_scale.history import History
from clawdbot.knowledge.vectors.shared import SharedIndex

NAME = "history-16"
DIMENSION = 16
SCOPES = 8
HANDFUL = 60


def history(seed: int, steps: int) -> History:
    """What happened in the first steps."""
    made = History(seed=seed, dimension=DIMENSION, scopes=SCOPES)
    made.grow(steps)
    return made


def open_index(folder: Path, feed: History) -> SharedIndex:
    """The index of the attempts, never exact by choice."""
    return SharedIndex(folder, feed, collection=NAME, dimension=DIMENSION, exact_up_to=0)


def work(folder: Path, feed: History, steps: int, moment: str, seconds: float) -> None:
    """One attempt in this process."""
    index = open_index(folder, feed)
    death = threading.Thread(target=_die_after, args=(seconds,), daemon=True)
    if moment == "start":
        death.start()
    index.sync()
    if moment == "open":
        death.start()
    for _ in range(0, steps, HANDFUL):
        feed.grow(HANDFUL)
        index.sync()
    index.close()


def _die_after(seconds: float) -> None:
    time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Fork for each attempt."""
    for line in sys.stdin:
        folder, seed, before, steps, moment, seconds = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                work(Path(folder), history(int(seed), int(before)), int(steps), moment, float(seconds))
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
