"""Questions and answers: each answered once, whoever is first, and no answer lost between asking and waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, update

from clawdbot.errors import LeaseLost, UsageError
from clawdbot.store.answers import Answer, Edited
from clawdbot.store.approvals import Approval
from clawdbot.store.ledger import RunLedger
from clawdbot.store.queue import NewRun
from clawdbot.store.tables import approvals, runs

EDITED = Edited(args={"letter": "bye"}, payload="Letter: bye", payload_hash="e1")


def a_run(ledger: RunLedger, *, parent: str | None = None, waits: bool = True) -> str:
    """A run that a worker had and that waits."""
    claimed = ledger.queue.begin(NewRun(goal="g", language="en", user="ana", parent=parent), "w")
    if waits:
        ledger.set_status(claimed.lease.run_id, "waiting")
    return claimed.lease.run_id


def asked(ledger: RunLedger, run: str, hash_: str = "h1", *, expire_s: float = 0.0) -> None:
    ledger.approvals.ask(run, hash_, payload="Letter: hi", tool="post", args={"letter": "hi"}, expire_s=expire_s)


def its_time_is_over(ledger: RunLedger, run: str) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=5)).isoformat(timespec="microseconds")
    with ledger.database.write() as connection:
        connection.execute(update(approvals).where(approvals.c.run_id == run).values(expires_at=past))


def at_once(*deeds: Callable[[], object]) -> list[object]:
    """What each gave, or the error that it raised, all begun at one moment."""
    gate = threading.Barrier(len(deeds))

    def do(deed: Callable[[], object]) -> object:
        gate.wait()
        try:
            return deed()
        except UsageError as error:
            return error

    with ThreadPoolExecutor(len(deeds)) as threads:
        return list(threads.map(do, deeds))


def test_the_same_answer_twice_acts_once_and_another_is_refused(ledger: RunLedger) -> None:
    run = a_run(ledger)
    asked(ledger, run)
    say = ledger.approvals.decide
    assert say(run, "h1", "refused", by="ana", reason="wrong month", wake=True)
    assert ledger.get_run(run).status == "queued"
    ledger.set_status(run, "done")
    assert not say(run, "h1", "refused", by="bob")
    with pytest.raises(UsageError, match="was refused by ana"):
        say(run, "h1", "approved", by="bob")
    assert ledger.get_run(run).status == "done"
    assert ledger.approvals.answer(run, "h1") == Answer(decision="refused", by="ana", reason="wrong month")
    assert ledger.approvals.granted(run) == frozenset()


def test_what_is_granted_is_the_changed_call_and_not_the_one_that_was_asked(ledger: RunLedger) -> None:
    run = a_run(ledger)
    asked(ledger, run)
    assert ledger.approvals.decide(run, "h1", "approved", by="ana", edited=EDITED)
    assert ledger.approvals.granted(run) == {"e1"}
    found = ledger.approvals.answer(run, "h1")
    assert found is not None and found.edited == EDITED
    assert Answer.from_json(found.as_json()) == found
    assert not ledger.approvals.decide(run, "h1", "approved", by="bob", edited=EDITED)
    with pytest.raises(UsageError, match="approved with changed arguments by ana"):
        ledger.approvals.decide(run, "h1", "approved", by="bob")


def test_after_its_time_a_question_has_expired_whoever_answers(ledger: RunLedger) -> None:
    run = a_run(ledger)
    asked(ledger, run, expire_s=3600)
    its_time_is_over(ledger, run)
    with pytest.raises(UsageError, match="expired and counts as refused"):
        ledger.approvals.decide(run, "h1", "approved", by="ana")
    assert ledger.approvals.granted(run) == frozenset()
    assert ledger.get_run(run).status == "queued", "the run goes on without"
    assert ledger.approvals.expire_due() == ()


def test_the_clock_answers_once_and_tells_in_the_same_transaction(ledger: RunLedger) -> None:
    run, later, never = a_run(ledger), a_run(ledger), a_run(ledger)
    for one, expire_s in ((run, 3600.0), (later, 3600.0), (never, 0.0)):
        asked(ledger, one, expire_s=expire_s)
    its_time_is_over(ledger, run)

    def fail(connection: Connection, expired: Approval) -> None:
        raise UsageError("nobody can be told")

    with pytest.raises(UsageError, match="nobody can be told"):
        ledger.approvals.expire_due(fail)
    assert ledger.approvals.answer(run, "h1") is None
    assert ledger.get_run(run).status == "waiting"
    told: list[Approval] = []
    expired = ledger.approvals.expire_due(lambda connection, one: told.append(one))
    assert [(one.run_id, one.decision) for one in expired] == [(run, "expired")]
    assert tuple(told) == expired
    assert [ledger.get_run(one).status for one in (run, later, never)] == ["queued", "waiting", "waiting"]


def test_of_many_who_answer_at_once_one_wins(ledger: RunLedger) -> None:
    for _ in range(5):
        run = a_run(ledger)
        asked(ledger, run)
        outcomes = at_once(
            partial(ledger.approvals.decide, run, "h1", "approved", by="ana", wake=True),
            partial(ledger.approvals.decide, run, "h1", "refused", by="bob", wake=True),
            partial(ledger.approvals.decide, run, "h1", "approved", by="eve", edited=EDITED, wake=True),
        )
        assert sum(outcome is True for outcome in outcomes) == 1
        assert sum(isinstance(outcome, UsageError) for outcome in outcomes) == 2
        assert ledger.get_run(run).status == "queued"


def test_of_the_clock_and_a_person_one_wins(ledger: RunLedger) -> None:
    for _ in range(5):
        run = a_run(ledger)
        asked(ledger, run, expire_s=3600)
        its_time_is_over(ledger, run)
        person, clock = at_once(
            partial(ledger.approvals.decide, run, "h1", "approved", by="ana"), ledger.approvals.expire_due
        )
        assert isinstance(person, UsageError), "the time was over for both"
        answer = ledger.approvals.answer(run, "h1")
        assert answer is not None and answer.decision == "expired"
        assert ledger.get_run(run).status == "queued"
        assert isinstance(clock, tuple) and len(clock) <= 1


def test_an_answer_never_falls_between_asking_and_waiting(ledger: RunLedger) -> None:
    """Either the run sees the answer before it waits, or the answer finds it waiting and wakes it."""
    for _ in range(12):
        run = a_run(ledger, waits=False)
        asked(ledger, run)
        waits, ours = at_once(
            partial(ledger.approvals.wait_for, run, [(run, "h1")]),
            partial(ledger.approvals.decide, run, "h1", "approved", by="ana", wake=True),
        )
        assert ours is True
        assert ledger.get_run(run).status == ("queued" if waits else "running")


def test_a_run_does_not_wait_for_what_is_answered_or_over(ledger: RunLedger) -> None:
    run = a_run(ledger, waits=False)
    asked(ledger, run, "h1")
    asked(ledger, run, "h2", expire_s=3600)
    assert not ledger.approvals.wait_for(run, [])
    assert not ledger.approvals.wait_for(run, [(run, "never asked")])
    assert ledger.get_run(run).status == "running"
    its_time_is_over(ledger, run)
    assert not ledger.approvals.wait_for(run, [(run, "h2")])
    answer = ledger.approvals.answer(run, "h2")
    assert answer is not None and answer.decision == "expired"


def test_whoever_lost_a_run_neither_asks_nor_waits(ledger: RunLedger) -> None:
    claimed = ledger.queue.begin(NewRun(goal="g", language="en", user="ana"), "w")
    run = claimed.lease.run_id
    asked(ledger, run)
    with ledger.queue.held(claimed.lease):
        with ledger.database.write() as connection:
            connection.execute(update(runs).where(runs.c.id == run).values(token=7))
        with pytest.raises(LeaseLost):
            asked(ledger, run, "h2")
        with pytest.raises(LeaseLost):
            ledger.approvals.wait_for(run, [(run, "h1")])
    assert [question.payload_hash for question in ledger.approvals.of_run(run)] == ["h1"]


def test_the_questions_of_a_workflow_are_those_of_its_steps_and_wake_it(ledger: RunLedger) -> None:
    workflow = a_run(ledger)
    first, second = (a_run(ledger, parent=workflow) for _ in range(2))
    alone = a_run(ledger)
    for run in (first, second, alone):
        asked(ledger, run)
    assert {question.run_id for question in ledger.approvals.waiting(workflow)} == {first, second}
    newest = ledger.approvals.pending()
    assert [(one.question.run_id, one.parent, one.family) for one in newest] == [
        (alone, None, alone), (second, workflow, workflow), (first, workflow, workflow)
    ]  # fmt: skip
    assert ledger.approvals.decide(second, "h1", "approved", by="ana", wake=True)
    assert [ledger.get_run(run).status for run in (workflow, second)] == ["queued", "waiting"]
    ledger.queue.cancel(workflow, by="ana")
    assert [one.family for one in ledger.approvals.pending()] == [alone]
    with pytest.raises(UsageError, match="has ended; nothing was recorded"):
        ledger.approvals.decide(first, "h1", "approved", by="ana")
    assert ledger.approvals.answer(first, "h1") is None


def test_a_run_whose_answer_was_forgotten_goes_on(ledger: RunLedger) -> None:
    """Somebody answered in a terminal that was killed before it went on with the run."""
    answered, partly, workflow = a_run(ledger), a_run(ledger), a_run(ledger)
    child = a_run(ledger, parent=workflow)
    for run in (answered, partly, child):
        asked(ledger, run)
        ledger.approvals.decide(run, "h1", "approved", by="ana")
    asked(ledger, partly, "h2")
    assert ledger.approvals.wake_forgotten(after_s=60) == (), "whoever answered may just be about to go on"
    assert set(ledger.approvals.wake_forgotten(after_s=0)) == {answered, workflow}
    assert ledger.approvals.wake_forgotten(after_s=0) == ()
    assert ledger.get_run(partly).status == "waiting"
