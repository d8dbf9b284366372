"""What is known of the supervisor of this machine's workers: its lock, its state, and how many workers are wanted.

The files lie in ``workers`` of [app] home and carry the machine's name, so that machines that share a home have one
supervisor each.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from clawdbot.errors import UsageError
from clawdbot.store.owner import has_ended


@dataclass(frozen=True, kw_only=True)
class WorkerProcess:
    """A worker that the supervisor started.  ``name`` is its process (``store/owner.py``), ``restarts`` how often one
    with this label ended unasked, ``ending`` that it was told to end.  One that has ended is about to be started
    again."""

    label: str
    name: str
    restarts: int = 0
    ending: bool = False

    @property
    def process(self) -> int:
        return int(self.name.rsplit("/", 2)[1])

    @property
    def alive(self) -> bool:
        return not has_ended(self.name)


@dataclass(frozen=True, kw_only=True)
class SupervisorState:
    """What the supervisor wrote last; ``name`` is its process."""

    name: str
    wanted: int
    workers: tuple[WorkerProcess, ...]

    @property
    def process(self) -> int:
        return int(self.name.rsplit("/", 2)[1])

    @property
    def alive(self) -> bool:
        return not has_ended(self.name)


class Supervision:
    """The files of this machine's supervisor.  OSError when they cannot be written."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "workers"
        self._host = socket.gethostname().replace("/", "-") or "localhost"

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """While inside, this process is the only supervisor; UsageError when another one is.

        The kernel drops the lock with the process, so that nothing is left behind by one that was killed.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self._file("lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UsageError(
                    "Workers of this installation run on this machine already.",
                    hint="Change how many with: clawdbot scale --workers N",
                ) from None
            yield
        finally:
            os.close(lock)

    def state(self) -> SupervisorState | None:
        """What the supervisor wrote last, also one that runs no more; None when there never was one."""
        found = self._read("json")
        if found is None:
            return None
        workers = tuple(WorkerProcess(**worker) for worker in found["workers"])
        return SupervisorState(name=found["name"], wanted=found["wanted"], workers=workers)

    def tell(self, state: SupervisorState) -> None:
        """Write the state; the supervisor alone does."""
        self._write("json", asdict(state))

    def wanted(self) -> int | None:
        """How many workers a person wants; None when nobody has said."""
        found = self._read("wanted")
        return None if found is None else int(found["workers"])

    def want(self, workers: int) -> None:
        """Say how many workers there are to be."""
        self._write("wanted", {"workers": workers})

    def _file(self, end: str) -> Path:
        return self.folder / f"{self._host}.{end}"

    def _read(self, end: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(self._file(end).read_text("utf-8"))
        except FileNotFoundError:
            return None
        return found

    def _write(self, end: str, value: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self._file(f"{end}.{secrets.token_hex(4)}")
        fresh.write_text(json.dumps(value), "utf-8")
        fresh.replace(self._file(end))  # whoever reads sees all of it or the one before
