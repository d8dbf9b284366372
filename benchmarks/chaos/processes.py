"""Starting ``clawdbot`` commands as processes that can be killed: forked from a warm one, or executed anew."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Protocol

from clawdbot.failpoints import VARIABLE

_ROOT = Path(__file__).resolve().parents[2]
_POLL_S = 0.005


class Process(Protocol):
    """A process of the office."""

    pid: int
    log: Path

    def code(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""


def wait(process: Process, *, seconds: float) -> int | None:
    """Its exit code, None when it still runs after so many seconds."""
    until = time.monotonic() + seconds
    while (code := process.code()) is None and time.monotonic() < until:
        time.sleep(_POLL_S)
    return code


def send(process: Process, number: signal.Signals) -> None:
    """Send it a signal; nothing happens when it has ended."""
    if process.code() is None:
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return


def kill(process: Process, *, seconds: float = 30.0) -> int | None:
    """SIGKILL, and wait until it is gone; returns the exit code."""
    send(process, signal.SIGKILL)
    return wait(process, seconds=seconds)


def has_begun(process: Process, *, seconds: float) -> bool:
    """It said something, or ended, within so many seconds: by then it heeds signals in its own way."""
    until = time.monotonic() + seconds
    while not process.log.exists() or not process.log.stat().st_size:
        if process.code() is not None or time.monotonic() > until:
            return process.code() is not None
        time.sleep(_POLL_S)
    return True


def tail(process: Process) -> str:
    """The end of what it said."""
    return process.log.read_text("utf-8", errors="replace").strip()[-600:]


def is_stopped(process: Process) -> bool:
    """It stands still by SIGSTOP (proc(5): state T)."""
    try:
        told = Path(f"/proc/{process.pid}/stat").read_text("utf-8", errors="replace")
    except OSError:
        return False
    return told.rpartition(")")[2].split()[0] == "T"


class Starter:
    """Starts commands; ``manner`` is how.  ``environment`` is added to every one's."""

    def __init__(self, folder: Path, *, manner: Literal["fork", "exec"], environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._manner = manner
        self._environment = {**environment, "LANGSMITH_TRACING": "false", "OPENBLAS_NUM_THREADS": "1"}
        self._numbers = itertools.count(1)
        self._nursery: Nursery | None = None

    def start(self, argv: Sequence[str], *, failpoint: str = "") -> Process:
        """Start ``clawdbot ARGV``, told to fail at that place."""
        log = self._folder / f"{next(self._numbers):05}-{argv[0]}.log"
        env = {**self._environment, VARIABLE: failpoint}
        if self._nursery is not None:
            return self._nursery.start(argv, env, log)
        return Executed(argv, env, log)

    @contextmanager
    def opened(self, *, like: Sequence[Sequence[str]]) -> Iterator[Starter]:
        """Ready to start; ``like`` are commands to learn from what to import."""
        if self._manner == "exec":
            yield self
            return
        with Nursery.opened(like, self._environment, self._folder) as self._nursery:
            yield self
        self._nursery = None


class Executed:
    """A process with a Python of its own."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.log = log
        command = [sys.executable, "-m", "clawdbot", *argv]
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=_ROOT, start_new_session=True,
                env={**os.environ, **env},
            )  # fmt: skip
        self.pid = self._process.pid

    def code(self) -> int | None:
        return self._process.poll()


class Forked:
    """A process that the nursery forked."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.pid = 0
        self.born = threading.Event()
        self.ended: int | None = None

    def code(self) -> int | None:
        return self.ended


class Nursery:
    """The harness's side of ``nursery.py``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None and process.stdout is not None, "both are pipes"
        self._process = process
        self._input = process.stdin
        self._output = process.stdout
        self._children: dict[int, Forked] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._listen, daemon=True, name="nursery")

    @classmethod
    @contextmanager
    def opened(cls, like: Sequence[Sequence[str]], environment: Mapping[str, str], folder: Path) -> Iterator[Nursery]:
        """Ready to fork while the block runs; what still runs at its end is killed."""
        command = [sys.executable, "-m", "benchmarks.chaos.nursery", *(json.dumps(list(argv)) for argv in like)]
        with (folder / "nursery.log").open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=_ROOT,
                env={**os.environ, **environment},
            )  # fmt: skip
        nursery = cls(process)
        if not nursery._output.readline():
            raise RuntimeError(f"The nursery did not start: {(folder / 'nursery.log').read_text()[-2000:]}")
        nursery._thread.start()
        try:
            yield nursery
        finally:
            nursery._input.close()
            process.wait()
            nursery._thread.join()
            nursery._output.close()

    def start(self, argv: Sequence[str], env: Mapping[str, str], log: Path) -> Forked:
        """Fork one that runs ``clawdbot ARGV``; returns when it has a process id."""
        child = Forked(log)
        with self._lock:
            number = next(self._numbers)
            self._children[number] = child
            order = {"id": number, "argv": list(argv), "env": dict(env), "log": str(log)}
            self._input.write(json.dumps(order) + "\n")
            self._input.flush()
        if not child.born.wait(60):
            raise RuntimeError("The nursery does not answer.")
        return child

    def _listen(self) -> None:
        for line in self._output:
            told = json.loads(line)
            child = self._children[told["id"]]
            if "pid" in told:
                child.pid = told["pid"]
                child.born.set()
            else:
                child.ended = told["code"]
