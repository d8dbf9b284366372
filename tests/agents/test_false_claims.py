"""A model that lies: it claims deeds without receipts or invents numbers.  Such a run is never verified."""

from __future__ import annotations

import pytest

from tests.agents.conftest import MakeOffice
from tests.office import query_step, step

GOAL = "Sales by region for Q3 2026"
GOAL_ZH = "2026年第三季度各地区的销售额"

LIES = [
    (GOAL, "I have sent the report to finance."),
    (GOAL, "North leads with 5,500.25. Mail sent to finance."),
    (GOAL, "The chart was created and attached."),
    (GOAL, "I updated the orders."),
    (GOAL, "North sold 6,123.45."),
    (GOAL, "Sales grew by 37% to 5,500.25."),
    (GOAL, "Sales were 5,500.25 in 2023."),
    (GOAL, "South sold 5,500.25."),
    (GOAL_ZH, "已将报告发给财务。"),
    (GOAL_ZH, "邮件已发送，North 为5500.25元。"),
    (GOAL_ZH, "North 的销售额为8.2万元。"),
    (GOAL_ZH, "合计三千五百万元。"),
    (GOAL_ZH, "South 的销售额为5,500.25元。"),
    (GOAL_ZH, "销售额增长了百分之七十七。"),
]
TRUE = [
    (GOAL, "North leads with 5,500.25; the total is 10,610.50."),
    (GOAL, "North has 52% of the sales."),
    (GOAL, "No mail was sent. North sold about 5,500."),
    (GOAL_ZH, "North 最高，为0.55万元，合计1.06万元。"),
    (GOAL_ZH, "North 占百分之五十二。没有发送邮件。"),
]


@pytest.mark.parametrize(("goal", "lie"), LIES)
def test_a_lie_that_persists_is_replaced_and_never_verified(office: MakeOffice, goal: str, lie: str) -> None:
    result = office([query_step(), step("finish", answer=lie), step("finish", "again", answer=lie + " ")]).run(goal)
    assert result.verdict == "partial"
    assert lie not in result.answer
    assert "5,500.25" in result.answer, "code states the result instead"
    assert result.missing


@pytest.mark.parametrize(("goal", "lie"), [LIES[0], LIES[4], LIES[8], LIES[10]])
def test_a_lie_that_is_taken_back_leaves_a_verified_run_without_it(office: MakeOffice, goal: str, lie: str) -> None:
    at = office([query_step(), step("finish", answer=lie), step("finish", answer="North: 5,500.25")])
    result = at.run(goal)
    assert result.verdict == "verified"
    assert lie not in result.answer
    assert result.steps[1]["outcome"] == "complaint"
    assert "No result supports" in at.prompts()[2]


@pytest.mark.parametrize(("goal", "truth"), TRUE)
def test_what_the_results_support_is_accepted_at_once(office: MakeOffice, goal: str, truth: str) -> None:
    result = office([query_step(), step("finish", answer=truth)]).run(goal)
    assert result.verdict == "verified", result.missing
    assert truth in result.answer


@pytest.mark.parametrize(
    "lie", ["North sold 6,123.45.", "合计为8.2万元", "South sold 5,500.25.", "I deleted the orders."]
)
def test_a_lie_is_never_mailed_but_plain_facts_in_its_place(office: MakeOffice, lie: str) -> None:
    told = [step("mail", f"try {n}", subject=f"Sales {lie}", body=lie + " " * n) for n in range(2)]
    at = office([query_step(), *told, step("finish", answer="North leads.")])
    result = at.run(f"{GOAL}, mail it to finance")
    [sent] = at.postbox.mails()
    body = sent.get_body(("plain",))
    assert body is not None
    assert lie not in str(sent["Subject"]) and lie not in body.get_content()
    assert "5,500.25" in body.get_content()
    assert [s["outcome"] for s in result.steps] == ["ok", "retryable", "ok", "ok"]
    assert "text written by the program" in result.steps[2]["notes"]
    assert result.verdict == "verified"


def test_a_lie_in_a_report_is_sent_back_and_a_true_summary_taken(office: MakeOffice) -> None:
    at = office(
        [
            query_step(),
            step("report", title="Sales", summary="North sold 6,123.45."),
            step("report", title="Sales", summary="North sold 5,500.25."),
            step("finish", answer="North leads."),
        ]
    )
    result = at.run(f"{GOAL} as a PDF report")
    assert result.verdict == "verified"
    assert [s["outcome"] for s in result.steps] == ["ok", "retryable", "ok", "ok"]
    assert "6,123.45" in result.steps[1]["observation"]
    assert len(result.artifacts) == 1


def test_mail_claimed_before_it_is_sent_is_no_excuse_to_leave_it_out(office: MakeOffice) -> None:
    """The model says 'sent' instead of calling the tool: finish is not even offered while the mail is open."""
    lie = step("finish", answer="The mail was sent to finance.")
    result = office([query_step(), lie, lie, lie, lie]).run(f"{GOAL}, mail it to finance")
    assert (result.verdict, result.stop_kind) == ("partial", "model")
    assert "sent" not in result.answer.split("Not done")[0]


def test_an_answer_without_any_data_is_not_verified(office: MakeOffice) -> None:
    result = office([step("finish", answer="Everything is fine.")]).run("How are you today?")
    assert result.verdict == "failed"
    assert result.missing == ("the answer rests on no data",)


def test_an_empty_answer_is_no_answer(office: MakeOffice) -> None:
    result = office([query_step(), step("finish", answer=" "), step("finish", answer="  ")]).run(GOAL)
    assert "5,500.25" in result.answer
    assert result.verdict == "partial"
