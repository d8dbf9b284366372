"""Runs that are cut off, wait for a person, or are taken up by another process; and the object they end in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from clawdbot.errors import StoreError, UsageError
from tests.agents.conftest import MakeOffice
from tests.office import Office, query_step, step

GOAL = "Sales by region for Q3 2026, mail it to finance."
TO_STRANGER = "Sales by region for Q3 2026, mail it to stranger@elsewhere.example."
TO_STRANGER_ZH = "把2026年第三季度各地区的销售额发邮件到stranger@elsewhere.example"
MAIL = step("mail", subject="Sales Q3 2026", body="North sold 5,500.25.")
DONE = step("finish", answer="North leads with 5,500.25.")
SCRIPT = [query_step(), MAIL, DONE]
TOOLS = {"enable": ("sql", "mail")}
EVENTS = 10
"""run, brief, (thinking, step) three times, verify, end."""

FIELDS = [
    "run_id", "goal", "status", "verdict", "answer", "missing", "artifacts", "receipts", "citations", "steps", "usage",
    "stop_kind", "approval", "outputs",
]  # fmt: skip
STEP_FIELDS = {
    "n", "thought", "tool", "args", "observation", "outcome", "receipt", "part", "notes", "model", "label",
    "prompt_tokens", "cached_tokens", "completion_tokens", "cost_usd", "attempts", "ms", "model_ms",
}  # fmt: skip


class Interrupter:
    """A listener that stands for Ctrl-C at one event."""

    def __init__(self, at: int = -1) -> None:
        self.at = at
        self.events: list[Mapping[str, Any]] = []

    def __call__(self, event: Mapping[str, Any]) -> None:
        self.events.append(event)
        if len(self.events) - 1 == self.at:
            raise KeyboardInterrupt


def rest_of_script(office: Office) -> list[Any]:
    """What the model has not answered yet."""
    return SCRIPT[len(office.model.calls) :]


@pytest.mark.parametrize("at", range(EVENTS - 1))
def test_ctrl_c_leaves_a_run_that_ends_with_each_effect_once(office: MakeOffice, at: int) -> None:
    first = office(SCRIPT, tools=TOOLS)
    with pytest.raises(KeyboardInterrupt):
        first.app.engine.start(GOAL, user="tester", listener=Interrupter(at))
    (record,) = first.app.ledger.list_runs()
    if at > 0:
        assert (record.status, record.error) == ("interrupted", "KeyboardInterrupt")
    recorded = first.app.ledger.steps(record.id)
    first.app.close()

    again = office(rest_of_script(first), tools=TOOLS)
    watched = Interrupter()
    result = again.app.engine.resume(record.id, listener=watched)
    assert (result.status, result.verdict) == ("done", "verified")
    assert result.run_id == record.id
    assert len(again.postbox.mails()) == 1
    assert [s["n"] for s in result.steps] == [1, 2, 3]
    assert [s["n"] for s in again.app.ledger.steps(record.id)] == [1, 2, 3]
    assert again.app.ledger.steps(record.id)[: len(recorded)] == recorded  # what was done stays as it was done
    assert [table.name for table in again.app.planner.workspace(record.id).tables()] == ["sales"]
    assert watched.events[0]["resumed"] is True


def test_a_run_that_ended_but_was_not_closed_is_closed(office: MakeOffice) -> None:
    at = office(SCRIPT, tools=TOOLS)
    ended = at.run(GOAL)
    at.app.ledger.set_status(ended.run_id, "interrupted")
    result = at.app.engine.resume(ended.run_id)
    assert (result.status, result.verdict, result.answer) == ("done", "verified", ended.answer)
    assert len(at.postbox.mails()) == 1


def test_a_run_that_has_ended_is_not_resumed(office: MakeOffice) -> None:
    at = office(SCRIPT, tools=TOOLS)
    ended = at.run(GOAL)
    with pytest.raises(UsageError, match="has ended"):
        at.app.engine.resume(ended.run_id)
    with pytest.raises(UsageError, match="no run"):
        at.app.engine.resume("nothing")


def test_a_person_is_asked_before_a_stranger_gets_mail(office: MakeOffice) -> None:
    asked: list[Mapping[str, Any]] = []

    def approve(request: Mapping[str, Any]) -> bool:
        asked.append(request)
        assert at.postbox.mails() == []
        return True

    at = office(SCRIPT, tools=TOOLS)
    result = at.run(TO_STRANGER, approver=approve)
    assert result.verdict == "verified"
    assert at.postbox.receivers() == ["stranger@elsewhere.example"]
    (request,) = asked
    assert "stranger@elsewhere.example" in request["payload"]
    assert "North sold 5,500.25." in request["payload"]
    (kept,) = at.app.ledger.approvals.of_run(result.run_id)
    assert (kept.decision, kept.tool) == ("approved", "mail")


@pytest.mark.parametrize("goal", [TO_STRANGER, TO_STRANGER_ZH])
def test_a_rejected_mail_is_not_sent_and_the_run_says_so(office: MakeOffice, goal: str) -> None:
    answer = step("finish", answer="North: 5,500.25")
    at = office([query_step(), MAIL, answer], tools=TOOLS)
    result = at.run(goal, approver=lambda _: False)
    assert result.verdict == "partial"
    assert at.postbox.mails() == []
    assert ("被人工拒绝" if goal == TO_STRANGER_ZH else "Rejected by a person") in "".join(result.missing)


def test_nobody_asked_means_waiting_and_nothing_is_sent(office: MakeOffice) -> None:
    at = office(SCRIPT, tools=TOOLS)
    result = at.run(TO_STRANGER)
    assert (result.status, result.verdict) == ("waiting", None)
    assert result.approval is not None
    assert result.approval["tool"] == "mail"
    assert at.postbox.mails() == []
    assert at.app.ledger.get_run(result.run_id).status == "waiting"
    again = at.app.engine.resume(result.run_id)
    assert again.status == "waiting", "still nobody there"
    assert len(at.app.ledger.approvals.waiting(result.run_id)) == 1


@pytest.mark.parametrize(("decision", "verdict", "mails"), [("approved", "verified", 1), ("refused", "partial", 0)])
def test_an_approval_is_decided_after_the_process_ended(
    office: MakeOffice, decision: Any, verdict: str, mails: int
) -> None:
    first = office(SCRIPT, tools=TOOLS)
    waiting = first.run(TO_STRANGER)
    first.app.close()

    second = office([DONE], tools=TOOLS)
    (question,) = second.app.ledger.approvals.waiting(waiting.run_id)
    second.app.ledger.approvals.decide(waiting.run_id, question.payload_hash, decision, by="boss")
    result = second.app.engine.resume(waiting.run_id)
    assert (result.status, result.verdict) == ("done", verdict)
    assert len(second.postbox.mails()) == mails


def test_the_result_has_the_fields_of_the_contract_and_is_json(office: MakeOffice) -> None:
    at = office(SCRIPT, tools=TOOLS)
    result = at.run(GOAL)
    body = result.as_json()
    assert list(body) == FIELDS
    assert json.loads(json.dumps(body)) == json.loads(json.dumps(at.app.ledger.get_run(result.run_id).result))
    assert all(set(s) == STEP_FIELDS for s in body["steps"])
    assert all({"step", "tool", "effect", "key", "summary"} <= set(r) for r in body["receipts"])
    assert set(body["usage"]) == {"steps", "prompt_tokens", "completion_tokens", "cost_usd", "seconds"}
    assert body["usage"]["steps"] == 3
    assert body["usage"]["prompt_tokens"] == sum(s["prompt_tokens"] for s in body["steps"]) > 0


def test_events_come_in_order(office: MakeOffice) -> None:
    watched = Interrupter()
    office(SCRIPT, tools=TOOLS).app.engine.start(GOAL, user="tester", listener=watched)
    kinds = [e["event"] for e in watched.events]
    assert kinds == ["run", "brief", *["thinking", "step"] * 3, "verify", "end"]
    assert len({e["run_id"] for e in watched.events}) == 1
    json.dumps(watched.events)


def test_an_artifact_is_described_with_its_hash(office: MakeOffice) -> None:
    at = office([query_step(), step("export", table="sales", format="csv"), DONE])
    (artifact,) = at.run("Sales by region for Q3 2026 as csv").as_json()["artifacts"]
    assert {"name", "kind", "path", "sha256", "bytes"} <= set(artifact)


def test_a_full_disk_stops_the_run_with_a_sentence_and_loses_nothing(office: MakeOffice) -> None:
    at = office(SCRIPT, tools=TOOLS)

    def fill(event: Mapping[str, Any]) -> None:
        if event["event"] == "step":
            raise StoreError("The ledger cannot be written: the disk is full.")

    with pytest.raises(StoreError, match="disk is full"):
        at.app.engine.start(GOAL, user="tester", listener=fill)
    (record,) = at.app.ledger.list_runs()
    assert (record.status, record.error) == ("interrupted", "The ledger cannot be written: the disk is full.")
    assert at.app.ledger.steps(record.id)[0]["outcome"] == "ok"
