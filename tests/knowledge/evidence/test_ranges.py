"""Amounts placed in the ranges of policies."""

from __future__ import annotations

import pytest

from clawdbot.knowledge.evidence.ranges import amounts, column_of, placed, ranges

REFUND = "事项: 客户退款; 部门经理: 3,000 元以内; 财务总监: 50,000 元以内; 总经理: 50,000 元以上"


@pytest.mark.parametrize(
    ("question", "text", "inside"),
    [
        ("Who approves a discount of 12 %?", "more than 10 %, up to 15 %; the regional manager", True),
        ("Who approves a discount of 12 %?", "more than 5 %, up to 10 %; the team lead", False),
        ("Who approves a discount of 12 %?", "up to 5 %; the salesperson", False),
        ("Who approves a discount of 12 %?", "more than 20 %; not allowed", False),
        ("105 % attainment", "100 % to below 115 %; 1.0 % of revenue", True),
        ("115 % attainment", "100 % to below 115 %", False),
        ("120 % attainment", "115 % and more", True),
        ("逾期60天的客户会怎样？", "逾期 31 至 90 天：信用等级下调一级。", True),
        ("逾期60天的客户会怎样？", "逾期 16 至 30 天：发送催款函。", False),
        ("逾期60天的客户会怎样？", "逾期超过 90 天：等级降为 D。", False),
        ("a mail of 25 MB", "附件总大小不超过 20 MB", False),
        ("4万元的退款", "50,000 元以内", True),
        ("CNY 40,000 refund", "50,000 元以上", False),
        ("折扣超过20%可以批吗？", "more than 20 %; not allowed", True),
        ("折扣超过20%可以批吗？", "more than 15 %, up to 20 %; the director", False),
        ("有个客户要退款四万二", "50,000 元以内", True),
        ("a bad debt of 8,500", REFUND, True),
        ("faulty two months after delivery", "within 90 days", True),
        ("高铁要坐四个小时", "more than 6 hours", False),
        ("汇率按哪一天的算？", "逾期 1 至 15 天", None),
        ("revenue of 2026", REFUND, None),
        ("How many days?", "up to 5 days", None),
        ("a discount of 12 %", "within 5 days", None),
    ],
)
def test_where_an_amount_lies(question: str, text: str, inside: bool | None) -> None:
    assert placed(question, text) is inside


@pytest.mark.parametrize(
    ("question", "cell"),
    [
        ("客户退款 40,000 元需要谁审批？", "财务总监: 50,000 元以内"),
        ("Who approves a refund of CNY 2,000?", "部门经理: 3,000 元以内"),
        ("退款6万元谁批？", "总经理: 50,000 元以上"),
        ("谁审批退款？", ""),
    ],
)
def test_which_cell_of_a_row_applies(question: str, cell: str) -> None:
    assert column_of(question, REFUND) == cell


def test_amounts_keep_their_units() -> None:
    text = "5 % for 30 days, CNY 1.2 per kilometre, 3 个工作日, 20 MB, 50 persons, 3万元"
    assert [(a.value, a.unit) for a in amounts(text)] == [
        (5.0, "percent"), (30.0, "day"), (1.2, "money"), (3.0, "day"), (20.0, "size"), (50.0, "person"),
        (30000.0, "money"),
    ]  # fmt: skip


def test_a_text_without_ranges_has_none() -> None:
    assert ranges("List prices are set once a year.") == []
