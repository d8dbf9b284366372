"""Answers in whole runs, on both stores: approved, changed, refused with a reason, expired, overtaken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from clawdbot.errors import PolicyRefused, UsageError
from clawdbot.store.answers import Answer, Decision
from clawdbot.store.approvals import Approval
from clawdbot.store.notices import NoticeBoard
from clawdbot.store.tables import approvals
from clawdbot.workflows.expiry import Expiry
from clawdbot.workflows.result import RunResult
from tests.agents.conftest import MakeOffice
from tests.office import Office, query_step, step

GOAL = "Sales by region for Q3 2026, mail it to stranger@elsewhere.example."
GOAL_ZH = "把2026年第三季度各地区的销售额发邮件到stranger@elsewhere.example"
MAIL = step("mail", subject="Sales Q3 2026", body="North sold 5,500.25.")
DONE = step("finish", answer="North leads with 5,500.25.")
SCRIPT = [query_step(), MAIL, DONE]

Open = Callable[..., Office]


@pytest.fixture
def at(office: MakeOffice, ledger_url: str) -> Open:
    """``at(script, **sections)``: the office on that ledger, as a process of its own would open it."""

    def make(script: Sequence[Any], **sections: dict[str, Any]) -> Office:
        return office(script, tools={"enable": ("sql", "mail")}, store={"url": ledger_url}, **sections)

    return make


def waiting(at: Open, **sections: dict[str, Any]) -> tuple[RunResult, Approval]:
    """A run that waits for its mail to be approved; its process is gone."""
    first = at([query_step(), MAIL], **sections)
    result = first.run(GOAL)
    assert result.status == "waiting"
    (question,) = first.app.ledger.approvals.waiting(result.run_id)
    first.app.close()
    return result, question


def mail_step(result: RunResult) -> Mapping[str, Any]:
    (found,) = (one for one in result.steps if one["tool"] == "mail")
    return found


def test_an_approved_mail_is_sent_as_it_was_shown_and_signed(at: Open) -> None:
    _, question = waiting(at)
    assert question.args == {"subject": "Sales Q3 2026", "body": "North sold 5,500.25."}
    assert question.expires_at is not None
    after = at([DONE])
    assert after.app.ledger.approvals.decide(question.run_id, question.payload_hash, "approved", by="boss")
    result = after.app.engine.resume(question.run_id)
    assert result.verdict == "verified"
    assert after.postbox.receivers() == ["stranger@elsewhere.example"]
    receipt = mail_step(result)["receipt"]
    assert receipt["approved_by"] == "boss" and "edited_by" not in receipt
    assert not after.app.ledger.approvals.decide(question.run_id, question.payload_hash, "approved", by="boss")
    with pytest.raises(UsageError, match="has ended"):
        after.app.engine.resume(question.run_id)
    assert len(after.postbox.mails()) == 1


def test_a_changed_mail_is_sent_exactly_as_it_was_changed(at: Open) -> None:
    _, question = waiting(at)
    after = at([DONE])
    args = {**(question.args or {}), "subject": "Q3 for you", "body": "Dear Sir, North sold 5,500.25. Regards"}
    edited = after.app.approving.edit(question, args)
    assert "Subject: Q3 for you" in edited.payload and edited.payload_hash != question.payload_hash
    decide = after.app.ledger.approvals.decide
    assert decide(question.run_id, question.payload_hash, "approved", by="boss", edited=edited)
    result = after.app.engine.resume(question.run_id)
    (sent,) = after.postbox.mails()
    assert sent["Subject"] == "Q3 for you"
    assert "Dear Sir" in str(sent.get_body(("plain",)))
    done = mail_step(result)
    assert done["args"] == args and done["outcome"] == "ok"
    assert done["notes"] == ["boss changed the arguments before approving"]
    assert done["receipt"]["edited_by"] == done["receipt"]["approved_by"] == "boss"
    assert "Dear Sir" in after.prompts()[-1], "the model goes on from what was really sent"
    assert "boss changed the arguments" in after.prompts()[-1]
    assert len(after.app.ledger.approvals.of_run(question.run_id)) == 1, "the change was not asked about again"


WRONG: tuple[tuple[dict[str, Any], type[Exception], str], ...] = (
    ({"to": ["eve@evil.example"]}, PolicyRefused, "is not a recipient of this goal"),
    ({"subject": ""}, UsageError, "subject"),
    ({"body": "North sold 9,999."}, UsageError, "occur in no result"),
    ({"cc": "x"}, UsageError, "mail has no argument 'cc'"),
)


def test_a_change_that_does_not_fit_is_said_and_nothing_is_recorded(at: Open) -> None:
    _, question = waiting(at)
    after = at([DONE])
    for changed, error, said in WRONG:
        with pytest.raises(error, match=said):
            after.app.approving.edit(question, {**(question.args or {}), **changed})
    assert after.app.ledger.approvals.waiting(question.run_id) == (question,)
    assert after.postbox.mails() == []


@pytest.mark.parametrize(("goal", "said"), [(GOAL, "The reason: wrong quarter"), (GOAL_ZH, "理由：wrong quarter")])
def test_a_reason_reaches_the_step_and_the_model(at: Open, goal: str, said: str) -> None:
    answer = "North: 5,500.25" if goal == GOAL else "北区：5,500.25"
    body = MAIL if goal == GOAL else step("mail", subject="销售额", body="北区销售额为5,500.25。")
    office = at([query_step(), body, step("finish", answer=answer)])
    refusal = Answer(decision="refused", by="boss", reason="wrong quarter")
    result = office.run(goal, approver=lambda request: refusal)
    refused = mail_step(result)
    assert refused["outcome"] == "policy" and said in refused["observation"] and "boss" in refused["observation"]
    assert said in office.prompts()[-1]
    assert result.verdict == "partial" and office.postbox.mails() == []


def test_when_the_mail_has_changed_meanwhile_it_is_asked_about_anew(at: Open) -> None:
    """The sender was set anew between question and answer: what was approved is not what would be sent."""
    _, question = waiting(at)
    after = at([DONE], mail={"from": "Other Sender <other@example.com>"})
    after.app.ledger.approvals.decide(question.run_id, question.payload_hash, "approved", by="boss")
    result = after.app.engine.resume(question.run_id)
    assert result.status == "waiting" and after.postbox.mails() == []
    assert result.approval is not None
    assert "other@example.com" in result.approval["payload"]
    assert result.approval["payload_hash"] != question.payload_hash
    last = after.app.engine.resume(question.run_id, approver=lambda request: True)
    assert last.verdict == "verified" and len(after.postbox.mails()) == 1


def test_a_question_expires_counts_as_refused_and_people_are_told(at: Open) -> None:
    _, question = waiting(at)
    after = at([step("finish", answer="North: 5,500.25")])
    app = after.app
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat(timespec="microseconds")
    with app.ledger.database.write() as connection:
        connection.execute(update(approvals).values(expires_at=past))
    board = NoticeBoard(app.ledger.database)
    for _ in range(2):
        Expiry(app.ledger, board).tick()
    assert app.ledger.get_run(question.run_id).status == "queued"
    (notice,) = board.newest()
    assert (notice.kind, notice.run_id) == ("expired", question.run_id) and "stranger@" in notice.body
    claimed = app.ledger.queue.claim("worker")
    assert claimed is not None
    result = app.engine.work(claimed)
    assert (result.status, result.verdict) == ("done", "partial")
    assert "expired" in mail_step(result)["observation"] and after.postbox.mails() == []


def test_required_queries_are_asked_about_one_after_the_other_and_answers_come_in_any_order(at: Open) -> None:
    """Three runs wait at once; each goes on with its own answer."""
    rules = {"approvals": {"require": ["sql"]}}
    runs = [at([query_step()], **rules).run("Sales by region for Q3 2026.").run_id for _ in range(3)]
    after = at([step("finish", answer="North leads with 5,500.25."), step("finish", answer="Nothing.")], **rules)
    pending = after.app.ledger.approvals.pending()
    assert [one.family for one in pending] == runs[::-1]
    assert all("GROUP BY" in one.question.payload for one in pending)
    decisions: list[Decision] = ["approved", "refused"]
    for one, decision in zip(pending, decisions, strict=False):
        after.app.ledger.approvals.decide(one.family, one.question.payload_hash, decision, by="boss")
    approved = after.app.engine.resume(runs[2])
    assert approved.verdict == "verified" and approved.receipts[0]["approved_by"] == "boss"
    refused = after.app.engine.resume(runs[1])
    assert refused.verdict != "verified" and refused.receipts == ()
    assert after.app.engine.resume(runs[0]).status == "waiting"


def test_an_answer_that_comes_while_somebody_is_asked_counts(at: Open) -> None:
    """The boss approves from elsewhere while the question stands on a terminal: the terminal's no is too late."""
    office = at(SCRIPT)

    def slow(request: Mapping[str, Any]) -> bool:
        (run,) = office.app.ledger.list_runs()
        office.app.ledger.approvals.decide(run.id, request["payload_hash"], "approved", by="boss")
        return False

    result = office.run(GOAL, approver=slow)
    assert result.verdict == "verified" and mail_step(result)["receipt"]["approved_by"] == "boss"
    assert len(office.postbox.mails()) == 1


def test_a_question_that_is_about_no_call_cannot_be_changed(at: Open) -> None:
    office = at([])
    run = office.app.ledger.create_run(goal="g", language="en")
    office.app.ledger.approvals.ask(run, "h", payload="May it cost 1 USD?", tool="budget")
    (question,) = office.app.ledger.approvals.waiting(run)
    with pytest.raises(UsageError, match="not about a call with arguments"):
        office.app.approving.edit(question, {})
