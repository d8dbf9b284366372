"""A person changes a call of a workflow before approving it: several wait at once, each goes out as it was changed."""

from __future__ import annotations

import pytest

from clawdbot.errors import PolicyRefused, UsageError
from tests.workflows.flow.conftest import MakeFlow, accepted, calls
from tests.workflows.flow.test_points import POINT

MAILS = """
name = "mails"
[inputs.people]
type = "list"
required = true
[[step]]
id = "first"
tool = "note"
args = { text = "first" }
[[step]]
id = "tell"
tool = "mail"
foreach = "inputs.people"
parallel = 2
args = { to = "{{ item }}", subject = "Hello", body = "{{ steps.first.text }}" }
"""
PEOPLE = ["ann@else.example", "ben@else.example"]


def test_of_several_mails_one_is_changed_one_rejected_and_each_does_as_it_was_answered(flow: MakeFlow) -> None:
    first = flow()
    run_id = accepted(first, MAILS, people=PEOPLE)
    assert first.app.engine.resume(run_id).status == "waiting"
    first.app.close()
    at = flow()
    ledger = at.app.ledger
    ann, ben = sorted(ledger.approvals.waiting(run_id), key=lambda asked: str(asked.args))
    edited = at.app.approving.edit(ann, {**(ann.args or {}), "subject": "Good day"})
    assert "Subject: Good day" in edited.payload and "ann@else.example" in edited.payload
    with pytest.raises(PolicyRefused, match="is not a recipient"):
        at.app.approving.edit(ann, {**(ann.args or {}), "to": ["ben@else.example"]})
    with pytest.raises(UsageError, match="no argument 'cc'"):
        at.app.approving.edit(ann, {"cc": "x"})
    assert ledger.approvals.decide(run_id, ann.payload_hash, "approved", by="boss", edited=edited, wake=True)
    assert ledger.get_run(run_id).status == "queued"
    again = at.app.engine.resume(run_id)
    assert again.status == "waiting" and at.postbox.receivers() == ["ann@else.example"]
    ledger.approvals.decide(run_id, ben.payload_hash, "refused", by="boss", reason="He left.", wake=True)
    result = at.app.engine.resume(run_id)
    assert result.verdict == "partial" and "He left." in "".join(result.missing)
    (sent,) = at.postbox.mails()
    assert sent["Subject"] == "Good day"
    (receipt,) = (one for one in result.receipts if one["tool"] == "mail")
    assert receipt["edited_by"] == "boss"
    with pytest.raises(UsageError, match="has gone on since"):
        at.app.approving.edit(ann, ann.args or {})


def test_a_point_of_the_workflow_can_be_changed_too(flow: MakeFlow) -> None:
    at = flow()
    run_id = accepted(at, POINT)
    assert at.app.engine.resume(run_id).status == "waiting"
    (question,) = at.app.ledger.approvals.waiting(run_id)
    edited = at.app.approving.edit(question, {"text": "otherwise"})
    at.app.ledger.approvals.decide(run_id, question.payload_hash, "approved", by="boss", edited=edited)
    assert at.app.engine.resume(run_id).verdict == "verified"
    assert calls(at) == ["first", "beside", "otherwise"]
