"""Each named place in turn: a process is killed exactly there, or stopped there past its lease and continued."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.chaos.crew import Crew
from benchmarks.chaos.office import Order, orders
from benchmarks.chaos.processes import Process, has_begun, is_stopped, kill, send, wait
from clawdbot.failpoints import FAILPOINTS, Failpoint

_LIFE_S = 30.0
"""A worker that did not come to its place by then never will."""
_DRAIN_S = 20.0
_PLENTY = 20

STOPPED: tuple[Failpoint, ...] = (
    "run.claimed", "checkpoint.before", "run.before_end", "run.before_wait", "effect.intent", "outbox.queued",
    "outbox.sending", "mail.accepted", "effect.done",
)  # fmt: skip
"""Where a worker that stands still past its lease could do harm when it goes on."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """What came of a place; ``how`` is killed or stopped, ``hit`` that the process really came there."""

    point: Failpoint
    how: str
    hit: bool
    seconds: float


def hit_all(crew: Crew, points: Sequence[Failpoint] = FAILPOINTS, *, stops: bool = True) -> Iterator[Hit]:
    """Kill somebody at each of these places, then with ``stops`` stop workers at those where it matters."""
    for point in points:
        yield _timed(crew, point, "killed", _KILLED.get(point, _kill_worker))
    for point in STOPPED:
        if stops and point in points:
            yield _timed(crew, point, "stopped", _stop_worker)


def _timed(crew: Crew, point: Failpoint, how: str, work: Callable[[Crew, Failpoint], bool]) -> Hit:
    begun = time.monotonic()
    hit = work(crew, point)
    return Hit(point=point, how=how, hit=hit, seconds=time.monotonic() - begun)


def _kill_worker(crew: Crew, point: Failpoint) -> bool:
    """Fresh work of every kind, and a worker that dies there; another goes on meanwhile when it does not come there."""
    _supply(crew)
    return _died(crew, crew.worker(failpoint=f"{point}:1"))


def _kill_acceptor(crew: Crew, point: Failpoint) -> bool:
    (order,) = orders(1)
    return _counted(crew, crew.accept_by_command(order, failpoint=f"{point}:1"))


def _kill_clerk(crew: Crew, point: Failpoint) -> bool:
    """The person's command dies; a worker runs, so that there is a question."""
    crew.accept(_asking())
    worker = crew.worker()
    until = time.monotonic() + _LIFE_S
    hit = False
    while not hit and time.monotonic() < until:
        for question in crew.questions():
            hit = hit or _died(crew, crew.answer(question, failpoint=f"{point}:1"))
        time.sleep(0.05)
    kill(worker)
    crew.killed += 1
    return hit


def _kill_drained(crew: Crew, point: Failpoint) -> bool:
    """A worker that was told to drain dies on its way out."""
    _supply(crew)
    worker = crew.worker(failpoint=f"{point}:1")
    has_begun(worker, seconds=_LIFE_S)
    time.sleep(0.5)
    send(worker, signal.SIGTERM)
    return _died(crew, worker, seconds=_DRAIN_S)


def _stop_worker(crew: Crew, point: Failpoint) -> bool:
    """A worker stands still there while another takes its runs; then it goes on, believing that they are its own."""
    _supply(crew)
    zombie = crew.worker(failpoint=f"{point}:1:STOP")
    until = time.monotonic() + _LIFE_S
    while not (hit := is_stopped(zombie)) and time.monotonic() < until and zombie.code() is None:
        time.sleep(0.01)
    other = crew.worker()
    time.sleep(crew.lease_s * 2.5)
    send(zombie, signal.SIGCONT)
    time.sleep(1.0)
    for worker in (zombie, other):
        kill(worker)
        crew.killed += 1
    return hit


_KILLED: dict[Failpoint, Callable[[Crew, Failpoint], bool]] = {
    "run.accepted": _kill_acceptor,
    "approval.decided": _kill_clerk,
    "worker.drained": _kill_drained,
    "worker.before_exit": _kill_drained,
}


def _supply(crew: Crew) -> None:
    """Work of every kind, unless there is plenty."""
    if crew.open_runs() < _PLENTY:
        for order in orders(5):
            crew.accept(order)


def _asking() -> Order:
    return next(order for order in orders(10) if order.kind == "approve")


def _died(crew: Crew, process: Process, *, seconds: float = _LIFE_S) -> bool:
    """True when it killed itself; what still runs is killed."""
    code = wait(process, seconds=seconds)
    if code is None:
        kill(process)
        crew.killed += 1
        return False
    return _counted(crew, code)


def _counted(crew: Crew, code: int | None) -> bool:
    hit = code == -signal.SIGKILL
    crew.killed += hit
    return hit
