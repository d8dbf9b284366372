"""Runs of the queue, on both stores: accepted, worked on, waiting, cancelled, drained, given up, told of."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from clawdbot.app import App
from clawdbot.errors import LeaseLost, ModelError, StoreError, UsageError
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.models.fake import Scripted
from clawdbot.models.selection import open_ladder
from clawdbot.store.database import now
from clawdbot.store.ledger import RunRecord
from clawdbot.store.queue import Claimed, NewRun
from clawdbot.store.tables import runs
from clawdbot.workflows.goals import Attendance
from clawdbot.workflows.result import RunResult
from clawdbot.workflows.stop import Stop, StopReason
from tests.models.conftest import Handler, Listening, listen
from tests.office import Office, Postbox, office_config, open_office, query_step, step, write_shop
from tests.workflows.mortal import GOAL, TOOLS, by_offer

TO_STRANGER = "Sales by region for Q3 2026, mail it to stranger@elsewhere.example."
TO_STRANGER_ZH = "把2026年第三季度各地区的销售额发邮件到stranger@elsewhere.example"

OpenOffice = Callable[..., Office]

on_one_store = pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
"""For what the database has no part in."""


@pytest.fixture
def opened(tmp_path: Path, mail: tuple[Postbox, int], ledger_url: str) -> Iterator[OpenOffice]:
    """``opened(script, **sections)``: an office on one ledger, as often as it is called; closed after the test."""
    postbox, port = mail
    write_shop(tmp_path / "shop.sqlite")
    offices: list[Office] = []

    def make(script: Sequence[Scripted] | None = None, **sections: dict[str, Any]) -> Office:
        sections = {"tools": TOOLS, "worker": {"lease_s": 30.0, "crashes": 2}, **sections}
        config = office_config(tmp_path, port=port, store={"url": ledger_url}, **sections)
        offices.append(open_office(config, postbox, [by_offer] * 20 if script is None else script))
        return offices[-1]

    yield make
    for office in offices:
        office.app.close()


def claimed(office: Office, owner: str = "worker") -> Claimed:
    found = office.app.ledger.queue.claim(owner)
    assert found is not None
    return found


def run_of(office: Office) -> RunRecord:
    (found,) = office.app.ledger.list_runs()
    return found


def events(office: Office, run_id: str) -> list[str]:
    return [str(one.body["event"]) for one in office.app.ledger.events.read(run_id)]


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


def test_a_queued_or_waiting_run_is_cancelled_at_once(opened: OpenOffice) -> None:
    office = opened()
    queued = office.app.engine.accept(GOAL, user="ann")
    assert office.app.ledger.queue.cancel(queued, by="ann") == "cancelled"
    assert office.app.ledger.queue.claim("worker") is None
    office.app.engine.accept(TO_STRANGER, user="ann")
    waits = office.app.engine.work(claimed(office))
    assert office.app.ledger.queue.cancel(waits.run_id, by="ann") == "cancelled"
    record = office.app.ledger.get_run(waits.run_id)
    assert (record.status, record.cancel_by) == ("cancelled", "ann")
    with pytest.raises(UsageError, match="has ended"):
        office.app.engine.resume(waits.run_id)
    assert office.postbox.mails() == []


def test_a_run_that_was_cancelled_while_its_worker_died_ends_when_it_is_taken(opened: OpenOffice) -> None:
    office = opened()
    office.app.engine.accept(GOAL, user="ann")
    dead = claimed(office)
    assert office.app.ledger.queue.cancel(dead.lease.run_id, by="ann") == "asked"
    office.app.ledger.queue.requeue(dead.lease.run_id, lease=dead.lease)
    result = office.app.engine.work(claimed(office))
    assert (result.status, result.verdict) == ("cancelled", None)
    assert run_of(office).status == "cancelled"
    assert events(office, result.run_id) == ["run", "end"]
    assert office.model.calls == ()


@on_one_store
def test_what_a_cancelled_run_had_done_is_in_its_result(opened: OpenOffice) -> None:
    stop = Stop()

    def cancels(messages: Any, schema: Any) -> dict[str, Any]:
        stop.ask("cancelled")
        return step("mail", subject="Sales Q3 2026", body="North sold 5,500.25.")

    office = opened([query_step(), cancels])
    office.app.engine.accept(GOAL, user="ann")
    result = office.app.engine.work(claimed(office), stop=stop)
    assert (result.status, result.verdict) == ("cancelled", None)
    assert [step["tool"] for step in result.steps] == ["sql"]
    assert result.receipts[0]["table"] == "sales"
    record = run_of(office)
    assert (record.status, record.verdict) == ("cancelled", None)
    assert record.result == json.loads(json.dumps(result.as_json()))
    assert office.postbox.mails() == []


def endless(handler: Handler, body: dict[str, Any]) -> None:
    """An answer that never ends; says when nobody reads it any more."""
    piece = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    line = json.dumps({**piece, "choices": [{"index": 0, "delta": {"content": " "}, "finish_reason": None}]})

    def lines() -> Iterator[str]:
        while True:
            time.sleep(0.01)
            yield f"data: {line}\n\n"

    try:
        handler.lines("text/event-stream", lines())
    except OSError:
        handler.listening.gone.set()


@pytest.fixture
def talkative() -> Iterator[Listening]:
    yield from listen({"/v1/chat/completions": endless})


@on_one_store
def test_a_model_call_in_flight_ends_when_the_run_is_cancelled_elsewhere(
    tmp_path: Path, mail: tuple[Postbox, int], ledger_url: str, talkative: Listening
) -> None:
    write_shop(tmp_path / "shop.sqlite")
    model = {"provider": "openai", "model": "m", "base_url": f"{talkative.url}/v1"}
    config = office_config(
        tmp_path, port=mail[1], tools=TOOLS, store={"url": ledger_url}, worker={"lease_s": 0.9}, models={"m": model}
    )
    with App(config, ladder=open_ladder(config), embedder=HashEmbedder()) as app:
        run_id = app.engine.accept(GOAL, user="ann")
        found = app.ledger.queue.claim("worker")
        assert found is not None
        canceller = threading.Thread(target=_cancel_when_asked, args=(app, run_id, talkative))
        canceller.start()
        result = app.engine.work(found)
        canceller.join()
        assert result.status == "cancelled"
        assert talkative.gone.wait(30), "the server was left, so that the model is free"
        assert app.models.ladder.places()[0].name == "m"
        assert app.ledger.get_run(run_id).cancel_by == "boss"


def _cancel_when_asked(app: App, run_id: str, server: Listening) -> None:
    while not server.bodies("/v1/chat/completions"):
        time.sleep(0.01)
    app.ledger.queue.cancel(run_id, by="boss")


@pytest.mark.parametrize("at", range(3))
def test_a_drained_run_goes_on_elsewhere_from_where_it_was(opened: OpenOffice, at: int) -> None:
    stop, answers = Stop(), itertools.count()

    def answer(messages: Any, schema: Any) -> dict[str, Any]:
        if next(answers) == at:
            stop.ask("drain")
        return by_offer(messages, schema)

    first = opened([answer] * 20)
    first.app.engine.accept(GOAL, user="ann")
    first.app.engine.accept(GOAL, user="bob")
    before = run_of_user(first, "ann")
    result = first.app.engine.work(claimed(first), stop=stop)
    assert (result.status, result.verdict) == ("queued", None)
    after = run_of_user(first, "ann")
    assert (after.status, after.ready_at, after.owner, after.error) == ("queued", before.ready_at, "", "")
    second = opened()
    again = claimed(second)
    assert again.lease.run_id == result.run_id, "it keeps its turn"
    ended = second.app.engine.work(again)
    assert (ended.status, ended.verdict) == ("done", "verified")
    assert len(second.postbox.mails()) == 1
    assert [s["n"] for s in ended.steps] == [1, 2, 3]
    assert len(first.model.calls) + len(second.model.calls) == 3, "what was decided is not asked again"


def run_of_user(office: Office, user: str) -> RunRecord:
    (found,) = (run for run in office.app.ledger.list_runs() if run.user == user)
    return found


@on_one_store
def test_a_worker_that_ends_before_the_run_began_puts_it_back(opened: OpenOffice) -> None:
    office, stop = opened(), Stop()
    office.app.engine.accept(GOAL, user="ann")
    stop.ask("drain")
    assert office.app.engine.work(claimed(office), stop=stop).status == "queued"
    assert office.model.calls == ()


def test_a_heavier_reason_takes_the_place_of_a_lighter_one() -> None:
    heard = Stop("r")
    order: tuple[StopReason, ...] = ("drain", "cancelled", "drain", "lost", "cancelled")
    reasons = []
    for reason in order:
        heard.ask(reason)
        reasons.append(heard.reason)
    assert reasons == ["drain", "cancelled", "cancelled", "lost", "lost"]
    late = Stop("late")
    with heard.passed_on(late):
        assert late.reason == "lost"
    with pytest.raises(LeaseLost):
        late.check()


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
