"""Runs in processes of their own, all on one day's budget, some killed at random moments and started again."""

from __future__ import annotations

import os
import random
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from benchmarks.budgets.counters import Counter
from benchmarks.budgets.world import World
from clawdbot.errors import BudgetExceeded, StoreError

_KILLS_A_CALL = 2
"""Processes killed, on the mean, while a call takes place."""
_GIVE_UP_AFTER = 3
"""Refusals in a row after which a run stops: its next call might be cheaper, but not for ever."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What the runs do.  Prices in US dollars, times in seconds."""

    runs: int
    calls: int
    """Most calls of one run."""
    kills: int
    seed: int
    call_s: float
    """Mean time of a call."""
    worst_usd: tuple[float, float] = (0.002, 0.02)


def play(load: Load, open_counter: Callable[[], Counter], world: Path) -> int:
    """Let all runs end; returns how many processes were killed."""
    chance = random.Random(load.seed)
    running = {_start(load, number, open_counter, world): number for number in range(load.runs)}
    killed = 0
    while running:
        if killed < load.kills:
            time.sleep(chance.expovariate(_KILLS_A_CALL / load.call_s))
            victim = chance.choice(sorted(running))
            os.kill(victim, signal.SIGKILL)
        ended, status = os.wait()
        number = running.pop(ended)
        if os.WIFSIGNALED(status):
            killed += 1
            running[_start(load, number + load.runs * killed, open_counter, world)] = number
        elif status:
            raise RuntimeError(f"run {number} failed, see above")
    return killed


def _start(load: Load, number: int, open_counter: Callable[[], Counter], world: Path) -> int:
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        _spend(load, number, open_counter(), World(world))
        status = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(status)  # nothing of the parent's is this process's to clean up


def _spend(load: Load, number: int, counter: Counter, world: World) -> None:
    chance = random.Random(load.seed * 1000 + number)
    refused = 0
    for step in range(load.calls):
        worst = Decimal(f"{chance.uniform(*load.worst_usd):.6f}")
        try:
            with world.timed("reserve"):
                reservation = counter.reserve(f"run-{number}", step, worst)
        except BudgetExceeded:
            world.tell("refused")
            refused += 1
            if refused == _GIVE_UP_AFTER:
                return
            continue
        except StoreError as error:
            world.tell("busy", error)
            continue
        refused = 0
        _call(load, chance, counter, world, reservation, worst)


def _call(load: Load, chance: random.Random, counter: Counter, world: World, reservation: str, worst: Decimal) -> None:
    if chance.random() < 0.1:  # the server refused the connection
        counter.release(reservation)
        return
    spent = (worst * Decimal(f"{chance.uniform(0.2, 1.0):.3f}")).quantize(Decimal("1E-9"))
    world.tell("billed", spent)  # the provider counts from the first moment
    time.sleep(chance.expovariate(1 / load.call_s))
    try:
        with world.timed("settle"):
            counter.settle(reservation, spent)
    except StoreError as error:
        world.tell("busy", error)
