"""Who holds something in the ledger: a process, told apart from a later one that was given its number."""

from __future__ import annotations

import os
import socket
import subprocess
from functools import lru_cache
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc")
_ENDED = "ZX"
"""States in which a process runs no more code, although its parent has not looked yet (proc(5))."""


def this_process() -> str:
    """Name of this process, at most 64 characters: host and its boot, process id, start of the process."""
    return _own(os.getpid())


def process_name(process: int) -> str:
    """The same for another process of this machine, as it is now."""
    return f"{_host()}/{process}/{_start(process) or '-'}"


def has_ended(owner: str) -> bool:
    """The process surely runs no more.  False for one of another host, of which nothing can be known here, and for a
    name that is no process's."""
    if owner.count("/") != 2:
        return False
    host, number, start = owner.split("/")
    name, _, boot = host.partition("#")
    own_name, _, own_boot = _host().partition("#")
    if name != own_name:
        return False
    return boot != own_boot or _start(int(number)) != start


@lru_cache(maxsize=4)
def _own(process: int) -> str:
    return process_name(process)  # of this process, whose start does not change; by its number, as it may fork


@lru_cache(maxsize=1)
def _host() -> str:
    boot = _BOOT.read_text()[:8] if _BOOT.exists() else ""
    return f"{socket.gethostname()[:24].replace('/', '-').replace('#', '-')}#{boot}"


def _start(process: int) -> str | None:
    """When it was started, in whatever unit the system tells; None when there is no such process."""
    if not (_PROCESSES / "self").exists():
        return _start_by_ps(process)
    try:
        told = (_PROCESSES / str(process) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = told.rpartition(")")[2].split()  # the name in parentheses may hold blanks
    return None if fields[0] in _ENDED else fields[19]


def _start_by_ps(process: int) -> str | None:
    """For systems without /proc, such as macOS; ps is in POSIX, its column ``lstart`` in every one of them."""
    command = ["ps", "-o", "stat=,lstart=", "-p", str(process)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    state, _, start = told.stdout.strip().partition(" ")
    return None if not state or state[0] in _ENDED else "".join(start.split())[:24]
