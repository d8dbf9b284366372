"""The storm: workers that are killed, stopped, drained and started again at random, while work keeps coming."""

from __future__ import annotations

import itertools
import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from benchmarks.chaos.crew import Crew
from benchmarks.chaos.office import orders
from benchmarks.chaos.processes import Process, has_begun, kill, send, tail, wait
from clawdbot.failpoints import FAILPOINTS, Failpoint

Fate = Literal["killed", "killed at a place", "stopped past its lease", "drained"]

_FATES: tuple[tuple[Fate, float], ...] = (
    ("killed", 0.65), ("killed at a place", 0.2), ("stopped past its lease", 0.08), ("drained", 0.07),
)  # fmt: skip
_LIFE_S = (0.05, 2.0)
"""Shortest and longest life of a worker."""
_DRAIN_S = 30.0
_SUPPLY_S = 0.2
_ELSEWHERE = ("run.accepted", "approval.decided", "worker.drained", "worker.before_exit")
"""Places to which a worker does not come while it works."""
_AT_WORK: tuple[Failpoint, ...] = tuple(point for point in FAILPOINTS if point not in _ELSEWHERE)


@dataclass(frozen=True, kw_only=True)
class Weather:
    """How hard it blows: kills in all, workers at once, runs that wait for one of them, seconds at most."""

    kills: int
    workers: int
    backlog: int
    seconds: float
    seed: int


class Storm:
    """Kills until enough are killed; ``fates`` counts what happened to workers, ``strange`` tells of those that ended
    in another way than they should: by themselves, or not within the bound when they were told to drain."""

    def __init__(self, crew: Crew, weather: Weather) -> None:
        self.fates: Counter[Fate] = Counter()
        self.strange: list[str] = []
        self._crew = crew
        self._weather = weather
        self._until = time.monotonic() + weather.seconds
        self._lock = threading.Lock()

    @property
    def kills(self) -> int:
        """Workers that ended by SIGKILL."""
        return sum(count for fate, count in self.fates.items() if fate != "drained")

    @property
    def over(self) -> bool:
        """Enough were killed, or the time is up."""
        return self.kills >= self._weather.kills or time.monotonic() > self._until

    def blow(self) -> None:
        """Until it is over."""
        seats = [
            threading.Thread(target=self._seat, args=(random.Random(self._weather.seed * 1000 + number),))
            for number in range(self._weather.workers)
        ]
        for seat in seats:
            seat.start()
        coming = itertools.cycle(orders(65)[5:])  # the places have seen the first ones
        while not self.over:
            for _ in range(self._weather.backlog - self._crew.open_runs()):
                self._crew.accept(next(coming))
            time.sleep(_SUPPLY_S)
        for seat in seats:
            seat.join()

    def _seat(self, chance: random.Random) -> None:
        """One worker after the other."""
        names, weights = zip(*_FATES, strict=True)
        while not self.over:
            (fate,) = chance.choices(names, weights)
            life = chance.uniform(*_LIFE_S)
            place = f"{chance.choice(_AT_WORK)}:{chance.randint(1, 4)}" if fate == "killed at a place" else ""
            worker = self._crew.worker(failpoint=place)
            wait(worker, seconds=life * (2 if place else 1))
            if fate == "stopped past its lease":
                self._stopped(worker, chance)
            if fate == "drained":
                has_begun(worker, seconds=_DRAIN_S)
                send(worker, signal.SIGTERM)
                wait(worker, seconds=_DRAIN_S)
            code = kill(worker)
            with self._lock:
                self.fates[fate] += 1
                if code != (0 if fate == "drained" else -signal.SIGKILL):
                    self.strange.append(f"a worker that was to be {fate} ended with {code}: {tail(worker)}")

    def _stopped(self, worker: Process, chance: random.Random) -> None:
        send(worker, signal.SIGSTOP)
        time.sleep(self._crew.lease_s * chance.uniform(1.2, 2.5))
        send(worker, signal.SIGCONT)
        time.sleep(chance.uniform(0.0, 1.0))
