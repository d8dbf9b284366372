"""Runs that are told to stop, on both stores: cancelled, drained; at once also while a model answers."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.app import App
from clawdbot.errors import LeaseLost, UsageError
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.models.selection import open_ladder
from clawdbot.store.ledger import RunRecord
from clawdbot.workflows.stop import Stop, StopReason
from tests.models.conftest import Handler, Listening, listen
from tests.office import Office, Postbox, office_config, query_step, step, write_shop
from tests.workflows.mortal import GOAL, TOOLS, by_offer
from tests.workflows.shared_office import (
    TO_STRANGER,
    OpenOffice,
    claimed,
    events,
    on_one_store,
    run_of,
)


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
