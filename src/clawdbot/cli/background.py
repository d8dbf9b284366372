"""Workers in the background of this machine: started, told apart, scaled and stopped through their supervisor."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from clawdbot.cli.amounts import Amounts
from clawdbot.cli.session import Session
from clawdbot.cli.streams import say
from clawdbot.cli.supervising import patience_s, python, slots_option
from clawdbot.config import Config
from clawdbot.errors import StoreError, UsageError
from clawdbot.store.ledger import RunLedger
from clawdbot.store.owner import has_ended, process_name
from clawdbot.store.workers import Workers
from clawdbot.workflows.supervision import Supervision, SupervisorState

_LOOK_S = 0.2
_START_S = 120.0
"""Longest wait for workers to come up, or to become more or fewer."""


class Background:
    """The commands on the workers of one configuration on this machine."""

    def __init__(self, session: Session, config: Config) -> None:
        self._session = session
        self._config = config
        self._words = session.words
        self._logs = config.app.home / "log"
        self._supervision = Supervision(config.app.home)
        self._patience_s = patience_s(config)

    def refuse_second(self) -> None:
        """UsageError when a supervisor is running."""
        state = self._supervision.state()
        if state is not None and state.alive:
            command = self._session.command("scale --workers N")
            raise UsageError(
                self._words("supervisor.running", count=state.wanted),
                hint=self._words("supervisor.running_hint", command=command),
            )

    def start(self, workers: int, *, slots: int) -> None:
        """Start a supervisor without a terminal, and wait until its workers are up; UsageError when one cannot."""
        self._logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = self._supervision.state()
        restarts = {worker.label: worker.restarts for worker in before.workers} if before else {}
        with closing(RunLedger.open(self._config)) as ledger:
            supervisor = self._detach(workers, slots=slots)
            up = self._await(lambda: self._up(supervisor, workers, ledger.workers, restarts))
        said = "supervisor.started" if up else "supervisor.starting"
        say(self._words(said, count=workers, path=self._logs))
        say(self._words("supervisor.see", command=self._session.command("status --detail")))

    def _detach(self, workers: int, *, slots: int) -> str:
        """Start the supervisor's process; returns its name."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        options = ("--foreground", "--workers", str(workers), *slots_option(slots))
        command = python(self._session.config_path, "start", *options)
        process = os.posix_spawn(
            command[0], command, dict(os.environ), setsid=True,  # the terminal may be closed
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(self._supervisor_log), flags, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
        )  # fmt: skip
        return process_name(process)

    def stop(self, *, at_once: bool) -> None:
        """Let the supervisor end with its workers; also workers that a killed supervisor left."""
        state = self._supervision.state()
        names = self._living(state)
        if not names:
            return say(self._words("supervisor.none"))
        if not at_once:
            duration = Amounts(self._words).duration(self._config.worker.drain_s)
            say(self._words("supervisor.stopping", duration=duration))
        ended = self._end(state, names, at_once=at_once)
        if at_once:
            self._mark_ended(names)
        slow = self._words("supervisor.slow", command=self._session.command("status --detail"))
        say(self._words("supervisor.stopped") if ended else slow)

    def _mark_ended(self, names: Sequence[str]) -> None:
        """Killed workers cannot say themselves that they are gone."""
        with suppress(StoreError), closing(RunLedger.open(self._config)) as ledger:
            for name in names:
                ledger.workers.end(name)

    def scale(self, workers: int) -> None:
        """Tell the running supervisor how many workers are wanted; UsageError when there is none."""
        state = self._supervision.state()
        if state is None or not state.alive:
            command = self._session.command(f"start --workers {max(workers, 1)}")
            raise UsageError(self._words("supervisor.none"), hint=self._words("supervisor.none_hint", command=command))
        self._supervision.want(workers)
        done = self._await(lambda: self._staying() == workers, within_s=10.0)
        command = self._session.command("status --detail")
        say(self._words("supervisor.scaled" if done else "supervisor.scaling", count=workers, command=command))
        now = self._supervision.state()
        ending = sum(worker.ending for worker in now.workers) if now else 0
        if ending:
            say(self._words("supervisor.ending", count=ending))

    def _end(self, state: SupervisorState | None, names: Sequence[str], *, at_once: bool) -> bool:
        """Signal the supervisor, which passes it on, or workers that have none; True when all have ended in time."""
        led = state is not None and state.alive
        for name in names[:1] if led else names:
            number = signal.SIGTERM if not at_once else signal.SIGQUIT if led else signal.SIGKILL
            _send(name, number)
        return self._await(lambda: not self._living(state), within_s=self._patience_s + 5.0)

    @property
    def _supervisor_log(self) -> Path:
        return self._logs / "supervisor.log"

    def _up(self, supervisor: str, workers: int, registered: Workers, restarts: Mapping[str, int]) -> bool:
        """All are up; UsageError when the supervisor or a worker ended instead, which ``restarts`` is from before."""
        state = self._supervision.state()
        led = () if state is None or state.name != supervisor else state.workers
        failed = [worker.label for worker in led if worker.restarts > restarts.get(worker.label, 0)]
        if has_ended(supervisor) or failed:
            log = self._supervisor_log
            if failed:
                log = self._logs / f"{failed[0]}.log"
                self._end(state, self._living(state), at_once=True)
            raise UsageError(
                self._words("supervisor.failed", text=_last_line(log)),
                hint=self._words("supervisor.failed_hint", path=log),
            )
        known = {worker.name for worker in registered.all() if worker.state == "active"}
        return len(led) >= workers and all(worker.name in known for worker in led)

    def _living(self, state: SupervisorState | None) -> list[str]:
        """The supervisor, when it lives, before its workers that do."""
        if state is None:
            return []
        now = self._supervision.state() or state
        workers = {worker.name for worker in (*state.workers, *now.workers) if worker.alive}
        return [state.name, *sorted(workers)] if state.alive else sorted(workers)

    def _staying(self) -> int:
        state = self._supervision.state()
        return sum(worker.alive and not worker.ending for worker in state.workers) if state else 0

    def _await(self, happened: Callable[[], bool], *, within_s: float = _START_S) -> bool:
        until = time.monotonic() + within_s
        while not happened():
            if time.monotonic() > until:
                return False
            time.sleep(_LOOK_S)
        return True


def _send(name: str, number: signal.Signals) -> None:
    """To that process, unless it has ended."""
    if not has_ended(name):
        os.kill(int(name.rsplit("/", 2)[1]), number)


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
