"""The checks of the chaos benchmark find what they are for: a sound ledger passes, each doctored one does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, delete, insert, update

from benchmarks.chaos.checks import history, violations
from benchmarks.chaos.facts import Facts, read
from benchmarks.chaos.sink import Accepted
from benchmarks.chaos.watch import Witness
from clawdbot.store.database import now, sqlite_url
from clawdbot.store.durable_tables import events, firings, outbox, workflow_steps
from clawdbot.store.ledger import RunLedger
from clawdbot.store.queue import NewRun
from clawdbot.store.routing_tables import reservations, spending_totals
from clawdbot.store.spending import Place, SpendingLedger
from clawdbot.store.tables import approvals, effects, runs, steps

MAIL = Accepted(message_id="<a@example.com>", to=("finance@example.com",), subject="Sales", at=0.0)
RUN = "run-1"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[RunLedger]:
    """One run that asked, was approved, mailed once and is done."""
    opened = RunLedger(sqlite_url(tmp_path / "clawdbot.db"))
    claimed = opened.queue.begin(NewRun(id=RUN, goal="Sales, mail it.", language="en", user="u"), "host/1/1")
    with opened.queue.held(claimed.lease):
        opened.events.append(RUN, {"event": "run", "run_id": RUN})
        opened.add_step(RUN, 1, {"n": 1, "tool": "mail", "ms": 5})
        opened.effects.begin(key="key", run_id=RUN, step=1, tool="mail", effect="external", payload_hash="payload")
        opened.effects.done("key", {"message_id": MAIL.message_id})
        opened.events.append(RUN, {"event": "end", "run_id": RUN})
        opened.finish_run(RUN, verdict="verified", result={"run_id": RUN, "steps": [{"n": 1}]})
    money = SpendingLedger(opened.database)
    held = money.reserve(Place(run_id=RUN, step=1, user="u", day="2026-11-02"), model="m", usd=Decimal(1), limits={})
    assert isinstance(held, str)
    money.settle(held, spent=Decimal("0.25"))
    with opened.database.write() as connection:
        _put(connection, outbox, **_OUTBOX)
        _put(connection, approvals, **_APPROVAL)
        _put(connection, firings, **_FIRING)
    yield opened
    opened.close()


_OUTBOX = {
    "key": "key", "run_id": RUN, "message_id": MAIL.message_id, "sender": "bot@example.com",
    "recipients": ["finance@example.com"], "subject": "Sales", "content": b"", "state": "sent",
    "created_at": now(), "updated_at": now(),
}  # fmt: skip
_APPROVAL = {
    "run_id": RUN, "payload_hash": "hash", "tool": "mail", "payload": "a mail", "asked_at": now(),
    "decision": "approved", "decided_at": now(), "decided_by": "clerk",
}  # fmt: skip
_FIRING = {
    "schedule": "w/daily", "due_at": now(), "fired_at": now(), "outcome": "started", "run_id": RUN, "ready_at": now(),
}  # fmt: skip


def _put(connection: Connection, table: Table, **values: Any) -> None:
    connection.execute(insert(table).values(**values))


def _facts(ledger: RunLedger, *mails: Accepted) -> Facts:
    return read(ledger.database, mails or (MAIL,), heard=frozenset({RUN}), billed=Decimal("0.25"))


def test_a_sound_ledger_has_no_violations(ledger: RunLedger) -> None:
    facts = _facts(ledger)
    assert violations(facts) == []
    told = history(facts, RUN)
    assert told["accepted mails"] == ["<a@example.com> to finance@example.com"]
    assert [line.split()[-1] for line in told["events"]] == ["run", "end"]


_NEW_RUN = {
    "created_at": now(), "updated_at": now(), "user": "u", "goal": "g", "language": "en", "model": "", "error": "",
}  # fmt: skip

DOCTORED: dict[str, tuple[str, Callable[[Connection], object]]] = {
    "a run left running": ("every run ends", lambda c: c.execute(update(runs).values(status="running"))),
    "a run that waits for nothing": ("every run ends", lambda c: c.execute(update(runs).values(status="waiting"))),
    "cancelled by nobody": ("every run ends", lambda c: c.execute(update(runs).values(status="cancelled"))),
    "done without a verdict": ("verdicts are plausible", lambda c: c.execute(update(runs).values(verdict=None))),
    "verified in doubt": (
        "verdicts are plausible",
        lambda c: [c.execute(update(table).values(state="unknown")) for table in (effects, outbox)],
    ),
    "an intent left behind": ("effects say what happened", lambda c: c.execute(update(effects).values(state="intent"))),
    "failed, but it went": ("effects say what happened", lambda c: c.execute(update(effects).values(state="failed"))),
    "a mail left on its way": ("outbox and effects agree", lambda c: c.execute(update(outbox).values(state="sending"))),
    "an effect that happened twice": (
        "an effect happens once",
        lambda c: _put(
            c, effects, key="other", run_id=RUN, step=2, tool="post", effect="external", payload_hash="payload",
            state="done", begun_at=now(),
        ),
    ),
    "refused and done": (
        "a refused effect does not happen", lambda c: c.execute(update(approvals).values(decision="refused")),
    ),
    "an open reservation": ("budgets balance", lambda c: c.execute(update(reservations).values(state="reserved"))),
    "a total that is off": ("budgets balance", lambda c: c.execute(update(spending_totals).values(spent_usd="0.3"))),
    "a gap in the steps": ("steps have no gaps", lambda c: c.execute(update(steps).values(n=2))),
    "a step that is lost": ("steps have no gaps", lambda c: c.execute(delete(steps))),
    "a gap in the events": (
        "events have no gaps", lambda c: c.execute(update(events).where(events.c.seq == 2).values(seq=3)),
    ),
    "a zombie's event": (
        "one owner at a time", lambda c: c.execute(update(events).where(events.c.seq == 1).values(token=2)),
    ),
    "no end told": (
        "listeners hear the end", lambda c: c.execute(delete(events).where(events.c.seq == 2)),
    ),
    "two instants, one run": (
        "an instant fires once", lambda c: _put(c, firings, **{**_FIRING, "due_at": "2026-01-01T00:00:00+00:00"}),
    ),
    "a start without a run": (
        "an instant fires once", lambda c: c.execute(update(firings).values(run_id=None)),
    ),
    "a scheduled run without a firing": (
        "an instant fires once",
        lambda c: _put(
            c, runs, id="run-2", status="cancelled", cancel_by="u", spec={"schedule": "w/daily"}, **_NEW_RUN
        ),
    ),
    "a step of a workflow under way": (
        "workflows are whole",
        lambda c: _put(c, workflow_steps, run_id=RUN, position="a", state="running", began_at=now()),
    ),
    "a child that outlives its parent": (
        "workflows are whole", lambda c: _put(c, runs, id="run-2", status="queued", parent=RUN, **_NEW_RUN),
    ),
}  # fmt: skip
"""What was done to the ledger: the rule that must be found broken, and how."""


@pytest.mark.parametrize("name", DOCTORED)
def test_a_doctored_ledger_is_found_out(ledger: RunLedger, name: str) -> None:
    rule, doctor = DOCTORED[name]
    with ledger.database.write() as connection:
        doctor(connection)
    assert rule in {found.rule for found in violations(_facts(ledger))}


def test_what_the_world_saw_counts(ledger: RunLedger) -> None:
    facts = _facts(ledger)

    def rules(changed: Facts) -> set[str]:
        return {found.rule for found in violations(changed)}

    assert rules(replace(facts, mails=(MAIL, MAIL))) == {"a mail goes once", "effects say what happened"}
    assert rules(replace(facts, mails=())) == {"effects say what happened"}
    stray = replace(MAIL, message_id="<b@example.com>")
    assert rules(replace(facts, mails=(MAIL, stray))) == {"a mail goes once"}
    assert rules(replace(facts, heard=frozenset({"run-9"}))) == {"accepted runs are kept"}
    assert rules(replace(facts, billed=Decimal(1))) == {"budgets balance"}


def test_the_witness_sees_what_changes(ledger: RunLedger) -> None:
    witness = Witness(ledger.database, pause_s=0.01)
    witness.look()
    with ledger.database.write() as connection:
        connection.execute(update(steps).values(record={"n": 1, "tool": "mail", "ms": 7}))
    witness.look()
    assert witness.changes == []  # how long a step took is no part of what it was
    with ledger.database.write() as connection:
        connection.execute(update(steps).values(record={"n": 1, "tool": "sql", "ms": 7}))
        connection.execute(update(runs).values(token=0, verdict="failed"))
    with witness:
        pass
    kinds = sorted(said.split(" was ")[0].split(" fell ")[0][:10] for _, said in witness.changes)
    assert kinds == ["it had end", "its token", "step 1"]
    found = violations(replace(_facts(ledger), changes=witness.changes))
    assert [v.rule for v in found if v.rule == "records do not change"] == ["records do not change"] * 3
