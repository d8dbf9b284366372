"""Runs of the queue, on both stores: accepted, worked on, waiting, tried again, given up, told of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import update

from clawdbot.errors import ModelError, StoreError, UsageError
from clawdbot.store.database import now
from clawdbot.store.ledger import RunRecord
from clawdbot.store.queue import Claimed, NewRun
from clawdbot.store.tables import runs
from clawdbot.workflows.goals import Attendance
from clawdbot.workflows.result import RunResult
from tests.office import Office, query_step
from tests.workflows.mortal import GOAL, by_offer
from tests.workflows.shared_office import (
    TO_STRANGER,
    TO_STRANGER_ZH,
    OpenOffice,
    claimed,
    events,
    on_one_store,
    run_of,
)


def test_an_accepted_run_is_worked_on_by_whoever_claims_it(opened: OpenOffice) -> None:
    run_id = opened().app.engine.accept(GOAL, user="ann")
    worker = opened()
    assert run_of(worker).status == "queued"
    told: list[Mapping[str, Any]] = []
    result = worker.app.engine.work(claimed(worker), listener=told.append)
    assert (result.run_id, result.status, result.verdict) == (run_id, "done", "verified")
    assert run_of(worker).status == "done"
    kept = worker.app.ledger.events.read(run_id)
    assert [json.loads(json.dumps(event, default=str)) for event in told] == [dict(one.body) for one in kept]
    assert told[0]["resumed"] is False
    later = worker.app.ledger.events.read(run_id, after=4)
    assert [one.seq for one in later] == list(range(5, len(kept) + 1)), "it can be read from any point"
    assert worker.app.ledger.queue.claim("worker") is None


@on_one_store
def test_what_cannot_be_a_run_is_not_accepted(opened: OpenOffice) -> None:
    office = opened()
    with pytest.raises(UsageError, match="empty"):
        office.app.engine.accept("  ", user="ann")
    with pytest.raises(UsageError, match="nowhere"):
        office.app.engine.accept(GOAL, user="ann", model="nowhere")
    assert office.app.ledger.list_runs() == ()


@on_one_store
def test_a_run_keeps_to_the_model_that_was_asked_for(opened: OpenOffice) -> None:
    named = {"provider": "langchain", "model": "clawdbot.models.fake:ScriptedChatModel"}
    office = opened([], models={"mine": named, "scripted": named})
    office.app.engine.accept(GOAL, user="ann", model="mine")
    gone = office.app.engine.work(claimed(office))
    assert (gone.verdict, gone.stop_kind) == ("failed", "model")
    assert "'mine', which is not in [models]" in gone.missing[0]
    office = opened([by_offer] * 20, models={"scripted": named})
    office.app.engine.accept(GOAL, user="ann", model="scripted")
    assert office.app.engine.work(claimed(office)).verdict == "verified"
    attempts = office.app.ledger.attempts.of_run(office.app.ledger.list_runs()[0].id)
    assert {attempt.record["context"]["pinned"] for attempt in attempts} == {"scripted"}


@on_one_store
def test_a_question_to_documents_is_one_when_another_process_takes_it(opened: OpenOffice) -> None:
    opened().app.engine.accept("What is the notice period?", user="ann", ask=True)
    office = opened([])
    result = office.app.engine.work(claimed(office))
    (brief,) = (e.body["brief"] for e in office.app.ledger.events.read(result.run_id) if e.body["event"] == "brief")
    assert brief["documents"] == "only"


@pytest.mark.parametrize("decision", ["approved", "refused"])
def test_a_run_waits_in_the_ledger_and_goes_on_elsewhere_when_it_was_answered(
    opened: OpenOffice, decision: Any
) -> None:
    first = opened()
    first.app.engine.accept(TO_STRANGER, user="ann")
    waits = first.app.engine.work(claimed(first))
    assert (waits.status, run_of(first).status) == ("waiting", "waiting")
    assert waits.approval is not None
    first.app.close()

    clerk = opened()
    assert clerk.app.ledger.queue.claim("worker") is None, "nothing to do while it waits"
    (question,) = clerk.app.ledger.approvals.waiting(waits.run_id)
    clerk.app.ledger.approvals.decide(waits.run_id, question.payload_hash, decision, by="boss", wake=True)
    assert run_of(clerk).status == "queued"

    worker = opened()
    result = worker.app.engine.work(claimed(worker))
    assert result.status == "done"
    assert len(worker.postbox.mails()) == (decision == "approved")
    kinds = events(worker, waits.run_id)
    assert (kinds.count("approval"), kinds.count("run"), kinds[-1]) == (1, 2, "end")


@on_one_store
@pytest.mark.parametrize("goal", [GOAL, TO_STRANGER_ZH])
def test_a_run_that_takes_down_its_workers_has_failed(opened: OpenOffice, goal: str) -> None:
    office = opened([])
    office.app.engine.accept(goal, user="ann")
    office.app.ledger.queue.lease_s = 0.0
    for _ in range(2):  # claimed, and the worker died
        claimed(office)
    office.app.ledger.queue.lease_s = 30.0
    result = office.app.engine.work(claimed(office))
    assert (result.status, result.verdict, result.stop_kind) == ("done", "failed", "crashes")
    record = run_of(office)
    assert (record.status, record.verdict) == ("done", "failed")
    assert result.missing == (record.error,)
    assert ("连续 2 次" if goal == TO_STRANGER_ZH else "2 times in a row") in record.error
    assert office.model.calls == ()


def test_a_run_whose_work_goes_wrong_is_tried_again_later_and_given_up_in_the_end(opened: OpenOffice) -> None:
    office = opened([by_offer] * 20)
    run_id = office.app.engine.accept(GOAL, user="ann")

    def broken(event: Mapping[str, Any]) -> None:
        if event["event"] == "thinking":
            raise StoreError("The disk is full.")

    for attempt in (1, 2):
        with pytest.raises(StoreError):
            office.app.engine.work(claimed(office), listener=broken)
        record = run_of(office)
        assert (record.status, record.error) == ("queued", "The disk is full.")
        assert record.ready_at > now(), "not at once"
        assert record.attempts == (0 if attempt == 1 else 1), "the first had come a node further"
        assert office.app.ledger.queue.claim("worker") is None
        _make_ready(office, run_id)
    for _ in range(2):
        with pytest.raises(StoreError):
            office.app.engine.work(claimed(office), listener=broken)
        _make_ready(office, run_id)
        if run_of(office).attempts == 2:
            break
    assert office.app.engine.work(claimed(office)).stop_kind == "crashes"


def _make_ready(office: Office, run_id: str) -> None:
    """The pause is over."""
    with office.app.ledger.database.write() as connection:
        connection.execute(update(runs).where(runs.c.id == run_id).values(ready_at=now()))


@on_one_store
def test_a_bug_in_the_work_puts_the_run_back_too(opened: OpenOffice) -> None:
    def bug(claimed: Claimed, by: Attendance) -> RunResult:
        raise ZeroDivisionError("oh")

    office = opened()
    office.app.engine.serve("workflow", bug)
    office.app.ledger.queue.accept(NewRun(goal="g", language="en", user="ann", kind="workflow"))
    with pytest.raises(ZeroDivisionError):
        office.app.engine.work(claimed(office))
    assert (run_of(office).status, run_of(office).error) == ("queued", "ZeroDivisionError")


@on_one_store
def test_those_who_asked_are_told_of_runs_that_nobody_watches(opened: OpenOffice) -> None:
    office = opened()
    told: list[tuple[str, str, str]] = []
    office.app.engine.on_end(lambda run: told.append(("end", run.user, run.status)))
    office.app.engine.on_wait(lambda run: told.append(("wait", run.user, run.status)))
    office.app.engine.start(GOAL, user="watched")
    office.app.engine.start(TO_STRANGER, user="watched")
    assert told == []
    office.app.engine.accept(GOAL, user="ann")
    office.app.engine.work(claimed(office))
    office.app.engine.accept(TO_STRANGER, user="bob")
    office.app.engine.work(claimed(office))
    assert set(told) == {("end", "ann", "done"), ("wait", "bob", "running"), ("wait", "bob", "waiting")}


def test_who_cannot_be_told_of_the_end_leaves_the_run_unended(opened: OpenOffice) -> None:
    office = opened()

    def full(run: RunRecord) -> None:
        raise StoreError("No notice could be written.")

    office.app.engine.on_end(full)
    office.app.engine.accept(GOAL, user="ann")
    with pytest.raises(StoreError):
        office.app.engine.work(claimed(office))
    record = run_of(office)
    assert (record.status, record.verdict, record.result) == ("queued", None, None)
    assert "end" not in events(office, record.id)


@on_one_store
def test_a_step_of_a_workflow_is_not_resumed_by_itself(opened: OpenOffice) -> None:
    office = opened()
    parent = office.app.ledger.queue.begin(NewRun(goal="w", language="en", user="u", kind="workflow"), "worker")
    child = NewRun(goal=GOAL, language="en", user="u", parent=parent.lease.run_id)
    run_id = office.app.ledger.queue.accept(child)
    with pytest.raises(UsageError, match=f"is a step of the workflow run {parent.lease.run_id}"):
        office.app.engine.resume(run_id)
    assert [run.id for run in office.app.ledger.list_runs()] == [parent.lease.run_id]
    assert {run.id for run in office.app.ledger.list_runs(children=True)} == {parent.lease.run_id, run_id}


@on_one_store
def test_time_that_was_worked_counts_against_the_deadline_after_a_restart(opened: OpenOffice) -> None:
    def slow(messages: Any, schema: Any) -> dict[str, Any]:
        raise KeyboardInterrupt

    first = opened([query_step(), slow])
    with pytest.raises(KeyboardInterrupt):
        first.app.engine.start(GOAL, user="ann")
    second = opened([], planner={"deadline_s": 0.000_001, "free_sql": "choice"})
    result = second.app.engine.resume(run_of(second).id)
    assert (result.status, result.stop_kind) == ("done", "deadline")
    assert second.model.calls == ()


@on_one_store
def test_a_model_that_fails_ends_the_run_and_not_the_work(opened: OpenOffice) -> None:
    office = opened([ModelError("no")] * 20)
    office.app.engine.accept(GOAL, user="ann")
    assert office.app.engine.work(claimed(office)).verdict == "failed"
