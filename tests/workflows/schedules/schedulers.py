"""Processes that look at the same schedules at once, until one is killed: each line of the input is one round.

A round is ``URL HOME MINUTES FAILPOINT FAILPOINT``: two forked processes tick once for each minute, each by its own
simulated clock, and each with its order to fail ('-' is none).  Their exit codes come back as a line.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clawdbot.config import AppConfig, Config, StoreConfig
from clawdbot.failpoints import VARIABLE
from clawdbot.store.ledger import RunLedger
from clawdbot.workflows.schedules.scheduler import Scheduler

START = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


def config(url: str, home: Path) -> Config:
    """The settings of all of them."""
    return Config(app=AppConfig(home=home, timezone="UTC", language="en"), store=StoreConfig(url=url))


def look(url: str, home: Path, minutes: int) -> None:
    """One process."""
    now = START
    ledger = RunLedger.open(config(url, home))
    scheduler = Scheduler(config(url, home), ledger, clock=lambda: now)
    for minute in range(minutes + 1):
        now = START + timedelta(minutes=minute, seconds=5)
        scheduler.tick()
    scheduler.close()
    ledger.close()


def fork(url: str, home: Path, minutes: int, order: str) -> int:
    """The child's process id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        if order != "-":
            os.environ[VARIABLE] = order
        look(url, home, minutes)
        code = 0
    finally:
        os._exit(code)


def main() -> None:
    """Everything is imported once."""
    for line in sys.stdin:
        url, home, minutes, *orders = line.rstrip("\n").split("\t")
        children = [fork(url, Path(home), int(minutes), order) for order in orders]
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(*codes, flush=True)


if __name__ == "__main__":
    main()
