"""A worker on a real ledger: what it takes, when it stops, and what cannot stop it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from clawdbot.config import WorkerConfig
from clawdbot.errors import LeaseLost, UsageError
from clawdbot.store.database import sqlite_url
from clawdbot.store.ledger import RunLedger
from clawdbot.store.queue import Claimed, NewRun
from clawdbot.workflows.duty import Duty
from clawdbot.workflows.result import RunResult, Status
from clawdbot.workflows.stop import Stop
from clawdbot.workflows.worker import Until, Work, Worker
from clawdbot.workflows.worker_events import WorkerEvent
from tests.knowledge.loading.processes import until


class Told:
    """What a worker told, in order."""

    def __init__(self) -> None:
        self.events: list[WorkerEvent] = []

    def __call__(self, event: WorkerEvent) -> None:
        self.events.append(event)

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def of(self, kind: str) -> list[WorkerEvent]:
        return [event for event in self.events if event.kind == kind]


def result(claimed: Claimed, status: Status = "done") -> RunResult:
    """An outcome without anything in it."""
    return RunResult(
        run_id=claimed.lease.run_id, goal=claimed.goal, status=status, verdict="verified" if status == "done" else None,
        answer="", missing=(), artifacts=(), receipts=(), citations=(), steps=(), usage={},
    )  # fmt: skip


def ends(ledger: RunLedger, meanwhile: Callable[[Claimed, Stop], object] = lambda claimed, stop: None) -> Work:
    """Work that does something under the run's lease and then ends the run."""

    def work(claimed: Claimed, stop: Stop) -> RunResult:
        with ledger.queue.held(claimed.lease):
            meanwhile(claimed, stop)
            ledger.finish_run(claimed.lease.run_id, verdict="verified", result={})
        return result(claimed)

    return work


def accept(ledger: RunLedger, *goals: str, user: str = "anna") -> list[str]:
    return [ledger.queue.accept(NewRun(goal=goal, language="en", user=user, id=goal)) for goal in goals]


def worker(ledger: RunLedger, work: Work, told: Told, *, duties: Sequence[Duty] = (), **settings: Any) -> Worker:
    chosen = WorkerConfig.model_validate({"poll_s": 0.02, **settings})
    return Worker(work, ledger=ledger, settings=chosen, duties=duties, label="one", tell=told)


@contextmanager
def running(working: Worker, *, until_: Until = "told") -> Iterator[list[int]]:
    """The worker in a thread; afterwards it has drained and the list holds what ``run`` returned."""
    left: list[int] = []
    thread = threading.Thread(target=lambda: left.append(working.run(until=until_)))
    thread.start()
    try:
        yield left
    finally:
        working.drain()
        thread.join(30)
        assert not thread.is_alive()


def test_every_run_is_worked_on_once_and_never_more_at_once_than_there_are_slots(ledger: RunLedger) -> None:
    seen: list[str] = []
    now: set[str] = set()
    most = 0
    both = threading.Barrier(2)

    def meet(claimed: Claimed, _: Stop) -> None:
        nonlocal most
        now.add(claimed.lease.run_id)
        most = max(most, len(now))
        both.wait(20)  # passes only when two are worked on at once
        seen.append(claimed.lease.run_id)
        now.discard(claimed.lease.run_id)

    told, wanted = Told(), accept(ledger, *(f"g{n}" for n in range(6)))
    assert worker(ledger, ends(ledger, meet), told, slots=2).run(until="empty") == 0
    assert sorted(seen) == wanted
    assert most == 2
    assert ledger.queue.depth() == {"done": 6}
    assert [e.verdict for e in told.of("ended")] == ["verified"] * 6
    assert (told.kinds()[0], told.kinds()[-1]) == ("up", "down")
    (row,) = ledger.workers.all()
    assert (row.state, row.label, row.slots) == ("ended", "one", 2)


def test_once_is_one_run(ledger: RunLedger) -> None:
    accept(ledger, "first", "second")
    worker(ledger, ends(ledger), Told(), slots=2).run(until="one")
    assert ledger.queue.depth() == {"done": 1, "queued": 1}
    assert ledger.get_run("first").status == "done"


def test_a_user_has_no_more_runs_at_once_than_allowed(ledger: RunLedger) -> None:
    now: list[str] = []
    crowded: list[list[str]] = []

    def note(claimed: Claimed, _: Stop) -> None:
        now.append(claimed.user)
        crowded.append([user for user in now if now.count(user) > 1])
        now.remove(claimed.user)

    accept(ledger, "a1", "a2", "a3")
    accept(ledger, "b1", "b2", user="li")
    with running(worker(ledger, ends(ledger, note), Told(), slots=4, per_user=1)):
        until(lambda: ledger.queue.depth() == {"done": 5})
    assert not any(crowded)


@pytest.mark.parametrize("error", [ValueError("a bug"), UsageError("wrong"), SystemExit(3)])
def test_what_a_run_raises_ends_neither_the_worker_nor_other_runs(tmp_path: Path, error: BaseException) -> None:
    def fail(claimed: Claimed, _: Stop) -> None:
        if claimed.goal == "bad":
            raise error

    told = Told()
    with closing(RunLedger(sqlite_url(tmp_path / "l.db"))) as ledger:
        accept(ledger, "bad", "good")
        worker(ledger, ends(ledger, fail), told, slots=1).run(until="empty")
        assert ledger.get_run("good").status == "done"
    (failed,) = told.of("failed")
    assert failed.run_id == "bad"
    assert str(error) in failed.text
    assert ("Traceback" in failed.trace) is not isinstance(error, UsageError)


def test_a_lost_run_is_told_as_that(ledger: RunLedger) -> None:
    def lose(claimed: Claimed, _: Stop) -> None:
        raise LeaseLost(claimed.lease.run_id)

    told = Told()
    accept(ledger, "one")
    worker(ledger, ends(ledger, lose), told).run(until="empty")
    assert [event.run_id for event in told.of("lost")] == ["one"]
    assert told.of("failed") == []


def test_a_ledger_that_is_away_is_waited_for_and_told_once(tmp_path: Path) -> None:
    file = tmp_path / "l.db"
    told = Told()
    with closing(RunLedger(sqlite_url(file), busy_timeout_s=0.02)) as ledger:
        accept(ledger, "one")
        working = worker(ledger, ends(ledger), told)
        register = ledger.workers.register

        def locked(*args: Any, **kwargs: Any) -> None:
            register(*args, **kwargs)
            other.execute("BEGIN IMMEDIATE")

        with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
            ledger.workers.register = locked  # type: ignore[method-assign]  # the lock comes after it has begun
            with running(working):
                until(lambda: told.of("store_away"))
                assert ledger.get_run("one").status == "queued"
                other.execute("ROLLBACK")
                until(lambda: told.of("store_back"))
                until(lambda: ledger.get_run("one").status == "done")
    assert len(told.of("store_away")) == 1
    assert "in use" in told.of("store_away")[0].text


def test_drained_it_takes_nothing_more_and_lets_runs_end(ledger: RunLedger) -> None:
    may_end = threading.Event()
    told = Told()
    accept(ledger, "one", "two")
    working = worker(ledger, ends(ledger, lambda claimed, stop: may_end.wait(30)), told, slots=1, drain_s=30)
    with running(working) as left:
        until(lambda: told.of("began"))
        working.drain()
        until(lambda: told.of("draining"))
        assert [row.state for row in ledger.workers.all()] == ["draining"]
        may_end.set()
    assert left == [0]
    assert ledger.queue.depth() == {"done": 1, "queued": 1}
    assert told.of("stopping") == []


def test_a_run_that_does_not_end_in_time_is_told_to_stop(ledger: RunLedger) -> None:
    def work(claimed: Claimed, stop: Stop) -> RunResult:
        until(lambda: stop.reason)
        assert stop.reason == "drain"
        ledger.queue.requeue(claimed.lease.run_id, lease=claimed.lease)
        return result(claimed, "queued")

    told = Told()
    accept(ledger, "one")
    with running(worker(ledger, work, told, drain_s=0)) as left:
        until(lambda: told.of("began"))
    assert left == [0]
    assert ledger.queue.depth() == {"queued": 1}
    assert told.kinds()[-4:] == ["draining", "stopping", "ended", "down"]


def test_a_run_that_never_stops_does_not_hold_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clawdbot.workflows.worker.GRACE_S", 0.05)
    free = threading.Event()
    told = Told()
    with closing(RunLedger(sqlite_url(tmp_path / "l.db"))) as ledger:
        accept(ledger, "stuck")
        with running(worker(ledger, ends(ledger, lambda claimed, stop: free.wait(30)), told, drain_s=0)) as left:
            until(lambda: told.of("began"))
        assert left == [1]
        assert [event.run_id for event in told.of("left")] == ["stuck"]
        free.set()
        until(lambda: told.of("ended"))


def test_a_duty_goes_on_after_it_failed_and_the_same_failure_is_told_once(ledger: RunLedger) -> None:
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        raise ValueError("the same")

    told = Told()
    duty = Duty(name="broken", period_s=0.01, tick=tick)
    with running(worker(ledger, ends(ledger), told, duties=[duty])):
        until(lambda: ticks >= 2)
    (failed,) = told.of("duty_failed")
    assert (failed.name, failed.text) == ("broken", "the same")
    assert ledger.duties.holders() == {}, "given back when the worker ended"
