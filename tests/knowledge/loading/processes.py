"""Looking at processes, and waiting for what must come."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

_MOST_S = 30.0


def alive(pid: int) -> bool:
    """Whether a process with this number runs (one that ended and was not waited for does not)."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        os.kill(pid, 0)
        return True


def until(condition: Callable[[], object], *, most_s: float = _MOST_S) -> None:
    """Wait until it holds; AssertionError when it does not within half a minute, or ``most_s`` seconds."""
    end = time.monotonic() + most_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
