"""A person's yes before a step, and before what a tool wants approved: asked once, bound to what is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import update

from clawdbot.store.answers import Answer, Edited
from clawdbot.store.tables import approvals
from tests.office import Office
from tests.workflows.flow.conftest import MakeFlow, accepted, calls, run, states

POINT = """
name = "point"
[[step]]
id = "first"
tool = "note"
args = { text = "first" }
[[step]]
id = "act"
tool = "act"
approval = "Shall {{ steps.first.text }} be followed?"
args = { text = "acted" }
[[step]]
id = "beside"
needs = ["first"]
tool = "note"
args = { text = "beside" }
"""


def waiting(at: Office, text: str, **inputs: Any) -> str:
    """Run until the run waits, as a worker does; its id."""
    result = at.app.engine.resume(accepted(at, text, **inputs))
    assert (result.status, result.verdict) == ("waiting", None)
    assert at.app.ledger.get_run(result.run_id).status == "waiting"
    return result.run_id


def answer(at: Office, run_id: str, answer: Answer) -> None:
    for question in at.app.ledger.approvals.waiting(run_id):
        at.app.ledger.approvals.settle(question.run_id, question.payload_hash, answer, wake=True)


YES = Answer(decision="approved", by="boss")
NO = Answer(decision="refused", by="boss", reason="Not today.")


def test_a_run_waits_for_the_person_while_other_branches_go_on(flow: MakeFlow) -> None:
    at = flow()
    run_id = waiting(at, POINT)
    assert calls(at) == ["first", "beside"]
    assert states(at, run_id) == {"first": "done", "act": "waiting", "beside": "done"}
    (question,) = at.app.ledger.approvals.waiting(run_id)
    assert question.payload.startswith("Shall first be followed?\nStep act of the workflow wants approval:")
    assert '"text": "acted"' in question.payload


def test_the_answer_puts_the_run_back_into_the_queue(flow: MakeFlow) -> None:
    at = flow()
    run_id = waiting(at, POINT)
    answer(at, run_id, YES)
    assert at.app.ledger.get_run(run_id).status == "queued"
    result = at.app.engine.resume(run_id)
    assert (result.verdict, calls(at)) == ("verified", ["first", "beside", "acted"])


def test_a_no_fails_the_step_with_the_reason(flow: MakeFlow) -> None:
    at = flow()
    run_id = waiting(at, POINT)
    answer(at, run_id, NO)
    result = at.app.engine.resume(run_id)
    assert result.verdict == "partial"
    assert result.missing == ("step act: The step was rejected by a person (boss). Not today.",)
    assert "acted" not in calls(at)


def test_an_expired_question_counts_as_no(flow: MakeFlow) -> None:
    at = flow(approvals={"expire_s": 3600})
    run_id = waiting(at, POINT)
    with at.app.ledger.database.write() as connection:
        connection.execute(update(approvals).values(expires_at="2020-01-01T00:00:00+00:00"))
    assert len(at.app.ledger.approvals.expire_due()) == 1
    result = at.app.engine.resume(run_id)
    assert "counts as rejected" in result.missing[0]


def test_whoever_sits_there_is_asked_at_once(flow: MakeFlow) -> None:
    at = flow()
    asked: list[Mapping[str, Any]] = []

    def person(request: Mapping[str, Any]) -> bool:
        asked.append(request)
        return True

    assert run(at, POINT, approver=person).verdict == "verified"
    assert [request["tool"] for request in asked] == ["act"]


def test_arguments_that_the_person_changed_are_those_that_count(flow: MakeFlow) -> None:
    at = flow()
    run_id = waiting(at, POINT)
    edited = Edited(args={"text": "otherwise"}, payload="otherwise", payload_hash="0" * 64)
    answer(at, run_id, Answer(decision="approved", by="boss", edited=edited))
    result = at.app.engine.resume(run_id)
    assert (result.verdict, calls(at)[-1]) == ("verified", "otherwise")


EACH = """
name = "each"
inputs.to = { type = "list", of = "address", default = ["ann@other.example", "bob@other.example"] }
[[step]]
id = "mails"
tool = "mail"
foreach = "inputs.to"
%s
args = { to = ["{{ item }}"], subject = "Hello", body = "Hello {{ item }}." }
"""


def test_one_yes_for_a_step_covers_all_its_mails(flow: MakeFlow) -> None:
    at = flow()
    run_id = waiting(at, EACH % "approval = true")
    (question,) = at.app.ledger.approvals.waiting(run_id)
    assert "To: ann@other.example" in question.payload and "To: bob@other.example" in question.payload
    answer(at, run_id, YES)
    assert at.app.engine.resume(run_id).verdict == "verified"
    assert sorted(at.postbox.receivers()) == ["ann@other.example", "bob@other.example"]


def test_without_it_each_mail_to_a_stranger_is_asked_for(flow: MakeFlow) -> None:
    at = flow()
    run_id = waiting(at, EACH % "")
    assert states(at, run_id) == {"mails": "waiting", "mails/1": "waiting", "mails/2": "waiting"}
    first, second = at.app.ledger.approvals.waiting(run_id)
    at.app.ledger.approvals.settle(run_id, first.payload_hash, YES, wake=True)
    again = at.app.engine.resume(run_id)
    assert (again.status, len(at.postbox.mails())) == ("waiting", 1)
    at.app.ledger.approvals.settle(run_id, second.payload_hash, NO, wake=True)
    result = at.app.engine.resume(run_id)
    assert (result.status, result.verdict) == ("done", "partial")
    assert len(at.postbox.mails()) == 1


def test_an_answer_that_comes_before_the_run_waits_is_not_lost(flow: MakeFlow) -> None:
    """It is given while another branch still works."""
    at = flow()
    text = POINT.replace(
        'id = "beside"\nneeds = ["first"]\ntool = "note"\nargs = { text = "beside" }',
        'id = "beside"\nneeds = ["first"]\ntool = "meet"\nargs = { text = "beside", other = "go" }',
    )

    def person(request: Mapping[str, Any]) -> None:
        approvals = at.app.ledger.approvals
        approvals.settle(run_id, request["payload_hash"], YES, wake=True)
        with (at.app.config.app.home / "calls.txt").open("a") as file:
            file.write("go\n")

    run_id = accepted(at, text)
    result = at.app.engine.resume(run_id, approver=person)
    assert (result.status, result.verdict) == ("done", "verified")


@pytest.mark.parametrize(
    "kind", ['goal = "Sales by region."', 'write.texts.words = { plain = "Good day." }\nwrite.model = false']
)
def test_goals_and_texts_can_be_asked_for_too(flow: MakeFlow, kind: str) -> None:
    at = flow()
    run_id = waiting(at, f'name = "x"\n[[step]]\nid = "a"\napproval = true\n{kind}')
    answer(at, run_id, NO)
    assert at.app.engine.resume(run_id).verdict == "failed"
