"""Runs under one fault: what came of them, how long they took, and how often models were asked."""

from __future__ import annotations

import itertools
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args
from unittest.mock import patch

from benchmarks.faults.fault import Fault, Wire
from benchmarks.faults.office import DEADLINE_S, GOALS, RIGHT, clerk, office_config, write_office
from benchmarks.faults.server import FaultyServer
from clawdbot.app import App
from clawdbot.config import Config
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.models.calls.retry_budget import SAVED
from clawdbot.models.routing.attempt import Attempt
from clawdbot.models.selection import open_ladder
from clawdbot.workflows.result import RunResult

Setup = Literal["standby", "sometimes", "always"]
"""standby: the first model always has the fault, a second one is healthy; sometimes: one model, a quarter of its calls
have the fault; always: one model that always has it."""

SETUPS: tuple[Setup, ...] = get_args(Setup)
_GRACE_S = 2.0
"""What checking, writing and a busy machine may take beyond the deadline."""
_SEED = 20261121
_SOMETIMES = 0.25


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One run: its outcome, seconds, calls that came to the servers, and calls that repeated another."""

    outcome: Literal["right", "partial", "wrong", "late"]
    """partial: it says that it is not complete, and why; wrong: it says that it is, and is not; late: too long."""
    seconds: float
    calls: int
    repeats: int
    stopped: str = ""
    models: tuple[str, ...] = ()
    """Which model took each step."""

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """All runs under one fault in one setup."""

    fault: Fault
    wire: Wire
    setup: Setup
    runs: tuple[Ran, ...]
    most_repeats: float
    """What the budget of repeats allowed."""

    @property
    def honest(self) -> bool:
        """No run was wrong or late, and repeats stayed within their budget."""
        return all(r.outcome in ("right", "partial") for r in self.runs) and self.repeats <= self.most_repeats

    @property
    def repeats(self) -> int:
        return sum(r.repeats for r in self.runs)

    def count(self, outcome: str) -> int:
        """Runs with that outcome."""
        return sum(r.outcome == outcome for r in self.runs)

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {**asdict(self), "runs": [r.as_json() for r in self.runs]}


def run_cell(fault: Fault, wire: Wire, setup: Setup, *, runs: int) -> Cell:
    """Play the goals in turn through one App."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        write_office(home)
        servers = [stack.enter_context(FaultyServer(wire, clerk, fault, faulty=_faulty(setup)))]
        if setup == "standby":
            servers.append(stack.enter_context(FaultyServer(wire, clerk)))
        config = office_config(home, *servers)
        app = stack.enter_context(App(config, ladder=open_ladder(config), embedder=HashEmbedder()))
        if fault == "refused":
            servers[0].stop()  # only now: a model that is not there from the beginning is not even tried
        if fault == "clock_jump":
            stack.enter_context(_jumping_clock())
        found = tuple(_run(app, servers, GOALS[number % len(GOALS)]) for number in range(runs))
    return Cell(fault=fault, wire=wire, setup=setup, runs=found, most_repeats=_most_repeats(config, found))


def _run(app: App, servers: list[FaultyServer], goal: str) -> Ran:
    before = sum(len(server.asked) for server in servers)
    began = time.monotonic()
    result = app.engine.start(goal, user="benchmark")
    seconds = time.monotonic() - began
    kept = [Attempt.from_json(row.record) for row in app.ledger.attempts.of_run(result.run_id)]
    tries = [one.call.tries for one in kept if one.call is not None]
    return Ran(
        outcome=_outcome(result, seconds),
        seconds=seconds,
        calls=sum(len(server.asked) for server in servers) - before,
        repeats=sum(max(0, number - 1) for number in tries),
        stopped=result.stop_kind,
        models=tuple(str(step["model"]) for step in result.steps),
    )


def _outcome(result: RunResult, seconds: float) -> Literal["right", "partial", "wrong", "late"]:
    if seconds > DEADLINE_S + _GRACE_S:
        return "late"
    if result.verdict == "verified":
        return "right" if RIGHT in result.answer else "wrong"
    return "partial" if result.missing else "wrong"


def _faulty(setup: Setup) -> Any:
    chance = random.Random(_SEED)
    return (lambda number: chance.random() < _SOMETIMES) if setup == "sometimes" else (lambda number: True)


def _most_repeats(config: Config, runs: tuple[Ran, ...]) -> float:
    first = sum(r.calls - r.repeats for r in runs)
    return SAVED + config.router.retries.budget * max(first, len(runs))


@contextmanager
def _jumping_clock() -> Iterator[None]:
    """This process's wall clock goes back and forth by hours with every look at it."""
    real, jumps = time.time, itertools.cycle((7200.0, -7200.0, 0.0))
    with patch("time.time", lambda: real() + next(jumps)):
        yield
