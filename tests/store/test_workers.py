"""The rows of workers, and which of them has which duty."""

from __future__ import annotations

import threading

from sqlalchemy import update

from clawdbot.store.durable_tables import duties, workers
from clawdbot.store.ledger import RunLedger
from clawdbot.store.owner import has_ended, process_name, this_process


def silence(ledger: RunLedger, name: str, seconds: float) -> None:
    """Let the worker have been silent for so long."""
    with ledger.database.write() as connection:
        statement = update(workers).where(workers.c.name == name)
        connection.execute(statement.values(seen=workers.c.seen - seconds))


def test_a_worker_is_seen_from_its_beginning_to_its_end(ledger: RunLedger) -> None:
    ledger.workers.register("m#1/7/9", label="first", slots=3, version="1.0")
    (row,) = ledger.workers.all()
    assert (row.host, row.process, row.label, row.slots, row.version) == ("m", 7, "first", 3, "1.0")
    assert row.state == "active"
    assert row.alive(15.0)
    ledger.workers.drain(row.name)
    assert ledger.workers.all()[0].state == "draining"
    ledger.workers.end(row.name)
    (row,) = ledger.workers.all()
    assert row.state == "ended"
    assert not row.alive(15.0)


def test_a_silent_worker_counts_as_dead_after_three_leases_until_it_is_heard_again(ledger: RunLedger) -> None:
    ledger.workers.register("m#1/7/9", label="", slots=1, version="1")
    silence(ledger, "m#1/7/9", 25.0)
    (row,) = ledger.workers.all()
    assert 25.0 <= row.silent_s < 60.0
    assert row.alive(20.0)
    assert not row.alive(5.0)
    ledger.workers.beat(row.name)
    assert ledger.workers.all()[0].silent_s < 20.0


def test_workers_of_long_ago_are_forgotten_when_another_begins(ledger: RunLedger) -> None:
    for name in ("m#1/1/1", "m#1/2/2"):
        ledger.workers.register(name, label="", slots=1, version="1")
    silence(ledger, "m#1/1/1", 100_000.0)
    ledger.workers.register("m#1/3/3", label="", slots=1, version="1")
    assert [row.process for row in ledger.workers.all()] == [2, 3]


def test_a_duty_has_one_owner_until_its_lease_runs_out(ledger: RunLedger) -> None:
    assert ledger.duties.take("sweeper", "a")
    assert not ledger.duties.take("sweeper", "b")
    assert ledger.duties.take("sweeper", "a"), "renewed"
    assert ledger.duties.holders() == {"sweeper": "a"}
    with ledger.database.write() as connection:
        connection.execute(update(duties).values(until=duties.c.until - 100.0))
    assert ledger.duties.holders() == {}
    assert ledger.duties.take("sweeper", "b")
    assert not ledger.duties.take("sweeper", "a")


def test_duties_that_are_given_back_can_be_taken_at_once(ledger: RunLedger) -> None:
    for name in ("sweeper", "notifier"):
        assert ledger.duties.take(name, "a")
    assert ledger.duties.take("scheduler", "b")
    ledger.duties.release("a")
    assert ledger.duties.holders() == {"scheduler": "b"}
    assert ledger.duties.take("notifier", "b")


def test_of_many_at_once_one_gets_a_duty_that_nobody_ever_had(ledger: RunLedger) -> None:
    ready = threading.Barrier(6)
    got: list[str] = []

    def take(name: str) -> None:
        ready.wait()
        if ledger.duties.take("scheduler", name):
            got.append(name)

    threads = [threading.Thread(target=take, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    assert ledger.duties.holders() == {"scheduler": got[0]}


def test_a_process_that_is_not_there_has_ended() -> None:
    _, number, _ = this_process().rsplit("/", 2)
    assert process_name(int(number)) == this_process()
    assert not has_ended(process_name(int(number)))
    assert has_ended(process_name(2**22 + 1))
