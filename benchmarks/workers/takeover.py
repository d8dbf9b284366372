"""A worker that dies, or stands still past its lease: how soon its runs go on elsewhere, and what it does later."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Row, select

from benchmarks.chaos.calm import calm_down
from benchmarks.chaos.checks import violations
from benchmarks.chaos.crew import Crew, open_crew
from benchmarks.chaos.facts import Violation
from benchmarks.chaos.office import mailing
from benchmarks.chaos.processes import Process, has_begun, kill, send, tail
from benchmarks.chaos.watch import Witness
from clawdbot.errors import UsageError
from clawdbot.store.tables import runs

_LOOK_S = 0.02
_PATIENCE_S = 60.0
_CALM_S = 120.0
_LOCKED_LEASES = 8


@dataclass(frozen=True, kw_only=True)
class Takeovers:
    """Seconds from the death of a worker until each of its runs was another's, and what did not hold at the end."""

    lease_s: float
    killed_s: tuple[float, ...]
    stopped_s: tuple[float, ...]
    mails: int
    violations: tuple[Violation, ...]
    strange: str


def measure(folder: Path, ledger_url: str, *, times: int, lease_s: float, model_s: float) -> Takeovers:
    """Kill ``times`` workers and stop as many, each with runs under way, one of two at a time."""
    killed: list[float] = []
    stopped: list[float] = []
    with (
        open_crew(folder, ledger_url, lease_s=lease_s, model_s=model_s) as crew,
        Witness(crew.ledger.database) as witness,
    ):
        for number in range(times):
            killed += _once(crew, number, signal.SIGKILL)
            stopped += _once(crew, number, signal.SIGSTOP)
        calm = calm_down(crew, seconds=_CALM_S)
        facts = crew.facts(witness)
        return Takeovers(
            lease_s=lease_s, killed_s=tuple(killed), stopped_s=tuple(stopped), mails=len(facts.mails),
            violations=tuple(violations(facts)), strange=calm.strange,
        )  # fmt: skip


def _once(crew: Crew, number: int, how: signal.Signals) -> list[float]:
    """One worker begins two runs, another stands by, the first is hit; returns how long each run was nobody's."""
    wanted = [crew.accept(mailing(number)) for _ in range(2)]
    first = crew.worker()
    _await(crew, lambda: all(row.status == "running" for row in _rows(crew, wanted)), first)
    other = crew.worker()
    has_begun(other, seconds=_PATIENCE_S)
    time.sleep(crew.lease_s / 2)  # it has looked for work by now, and found none
    send(first, how)
    begun = time.monotonic()
    held = {row.id: row.token for row in _rows(crew, wanted) if row.status == "running"}
    taken: dict[str, float] = {}

    def gone_on() -> bool:
        nonlocal begun
        if how is signal.SIGSTOP and not taken and time.monotonic() - begun > _LOCKED_LEASES * crew.lease_s:
            # It stands still inside a transaction, which nobody but the database can take from it: stop it elsewhere.
            send(first, signal.SIGCONT)
            time.sleep(_LOOK_S)
            send(first, how)
            begun = time.monotonic()
        for row in _rows(crew, list(held)):
            if row.token > held[row.id]:
                taken.setdefault(row.id, time.monotonic() - begun)
        return len(taken) == len(held)

    _await(crew, gone_on, other)
    send(first, signal.SIGCONT)
    _await(crew, lambda: all(row.status == "done" for row in _rows(crew, wanted)), other)
    for worker in (first, other):
        kill(worker)
    return list(taken.values())


def _rows(crew: Crew, wanted: Sequence[str]) -> Sequence[Row[str, int, str]]:
    statement = select(runs.c.id, runs.c.token, runs.c.status).where(runs.c.id.in_(wanted))
    with crew.ledger.database.read() as connection:
        return connection.execute(statement).all()


def _await(crew: Crew, come: Callable[[], bool], worker: Process) -> None:
    """Until it has come; UsageError when it does not."""
    begun = time.monotonic()
    while not come():
        if time.monotonic() - begun > _PATIENCE_S:
            raise UsageError("A worker does not do what is waited for.", hint=f"It said: {tail(worker)}")
        time.sleep(_LOOK_S)
