"""How the queue stands, read from both databases."""

from __future__ import annotations

from sqlalchemy import update

from clawdbot.store.durable_tables import schedules
from clawdbot.store.ledger import RunLedger
from clawdbot.store.overview import overview
from clawdbot.store.queue import NewRun
from clawdbot.store.tables import approvals, effects, runs

AT = "2026-11-21T12:00:00.000000+00:00"


def accept(ledger: RunLedger, name: str, **more: str) -> str:
    return ledger.queue.accept(NewRun(goal=f"do {name}", language="en", user="anna", id=name, **more))  # type: ignore[arg-type]  # text fields alone


def test_an_empty_ledger_has_nothing(ledger: RunLedger) -> None:
    seen = overview(ledger.database)
    assert (seen.runs, seen.ready, seen.oldest_ready_s, seen.running) == ({}, 0, None, ())
    assert (seen.approvals, seen.unknown_effects, seen.schedules, seen.next_at) == (0, 0, 0, None)


def test_it_counts_what_waits_and_tells_what_is_worked_on(ledger: RunLedger) -> None:
    for name in ("first", "second", "asks", "ended"):
        accept(ledger, name)
    accept(ledger, "later", ready_at="2999-01-01T00:00:00.000000+00:00")
    accept(ledger, "its-step", parent="first")
    claimed = ledger.queue.claim("m#1/7/9")
    assert claimed is not None
    assert claimed.lease.run_id == "first"
    with ledger.database.write() as connection:
        for name, status in (("asks", "waiting"), ("ended", "done")):
            connection.execute(update(runs).where(runs.c.id == name).values(status=status))
            question = {"payload_hash": "h", "tool": "mail", "payload": "p", "asked_at": AT, "decided_by": ""}
            connection.execute(approvals.insert().values(run_id=name, **question))
        done = {"run_id": "ended", "step": 1, "tool": "mail", "effect": "external", "payload_hash": "h"}
        for key, state in (("a", "unknown"), ("b", "done")):
            connection.execute(effects.insert().values(key=key, state=state, begun_at=AT, **done))
        plan = {"workflow": "digest", "spec": {}, "changed_at": AT, "changed_by": "anna"}
        for name, paused, at in (("late", False, AT[:-1] + "1"), ("soon", False, AT), ("sooner", True, "2026-01-01")):
            connection.execute(schedules.insert().values(name=name, paused=paused, next_at=at, **plan))
    seen = overview(ledger.database)
    assert seen.runs == {"queued": 2, "running": 1, "waiting": 1, "done": 1}
    assert seen.ready == 1
    assert seen.oldest_ready_s is not None
    assert 0.0 <= seen.oldest_ready_s < 3600.0
    (run,) = seen.running
    assert (run.id, run.goal, run.user, run.owner) == ("first", "do first", "anna", "m#1/7/9")
    assert 0.0 < run.lease_s <= 15.0
    assert seen.approvals == 1, "the question of a run that ended is asked no more"
    assert (seen.unknown_effects, seen.schedules, seen.paused) == (1, 3, 1)
    assert (seen.next_schedule, seen.next_at) == ("soon", AT)
