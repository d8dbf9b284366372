"""Duties between two workers: one does them, and when it is gone the other does."""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import select

from clawdbot.store.database import sqlite_url
from clawdbot.store.durable_tables import duties
from clawdbot.store.ledger import RunLedger
from clawdbot.workflows.duty import Duty
from clawdbot.workflows.housekeeping import Housekeeping
from clawdbot.workflows.outage import Outage
from clawdbot.workflows.worker_events import untold
from tests.knowledge.loading.processes import until


def keeping(ledger: RunLedger, name: str, *tasks: Duty) -> Housekeeping:
    ledger.workers.register(name, label="", slots=1, version="1")
    return Housekeeping(tasks, ledger=ledger, name=name, outage=Outage(untold), tell=untold)


def test_one_worker_does_a_duty_and_the_next_one_when_it_has_ended(ledger: RunLedger) -> None:
    done: list[str] = []
    first, second = (
        keeping(ledger, name, Duty(name="sweeper", period_s=0.01, tick=lambda name=name: done.append(name)))  # type: ignore[misc]  # bound to this name
        for name in ("m#1/1/1", "m#1/2/2")
    )
    first.begin()
    until(lambda: len(done) >= 2)
    second.begin()
    until(lambda: len(done) >= 6)
    assert set(done) == {"m#1/1/1"}
    first.end(within_s=10.0)
    until(lambda: "m#1/2/2" in done)
    second.end(within_s=10.0)
    count = len(done)
    assert ledger.duties.holders() == {}
    assert len(done) == count, "nothing is done after the end"


def test_a_duty_that_takes_longer_than_its_lease_stays_with_its_worker(tmp_path: Path) -> None:
    go_on = threading.Event()
    done: list[str] = []

    def slow() -> None:
        done.append("slow")
        go_on.wait(30)

    with_slow = RunLedger(sqlite_url(tmp_path / "l.db"), lease_s=0.5)
    first = keeping(with_slow, "m#1/1/1", Duty(name="retention", period_s=1.0, tick=slow))
    second = keeping(with_slow, "m#1/2/2", Duty(name="retention", period_s=0.05, tick=lambda: done.append("other")))
    first.begin()
    until(lambda: done)
    second.begin()
    renewed: set[float] = set()

    def renewals() -> int:
        with with_slow.database.read() as connection:
            renewed.add(connection.scalars(select(duties.c.until)).one())
        return len(renewed)

    until(lambda: renewals() > 5)  # there are three in the time of a lease
    assert done == ["slow"]
    go_on.set()
    second.end(within_s=10.0)
    first.end(within_s=10.0)
    with_slow.close()
