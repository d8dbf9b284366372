"""Whether an answer says what was expected."""

from __future__ import annotations

import pytest

from clawdbot.knowledge.evaluation.wording import Wording


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        ("80,000", "The limit is CNY 80,000[1]."),
        ("80,000", "额度为８万元。"),
        ("80000", "The limit is 80,000."),
        ("8万", "It is 80,000 CNY."),
        ("12%", "打八八折，即 百分之12 的折扣"),
        ("60 days", "within 60[2] days after invoice"),
        ("150 EUR", "每人，150 EUR"),
        ("grade 8", "It is grade 8，60 days."),
        ("within 60 days", "Pay WITHIN\n60 days."),
        ("80,000 元", "额度 80,000元与 80000 元"),
        ("财务总监", "由财务总监审批。"),
    ],
)
def test_it_is_said(expected: str, answer: str) -> None:
    assert Wording(answer).says(expected)


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        ("80,000", "The limit is 180,000, or 80,000.5 at times."),
        ("12", "12 %"),
        ("60 days", "within 160 days"),
        ("150 EUR", "1,150 EUR"),
        ("limit is 8", "the limit is 80,000"),
        ("财务总监", "由总经理审批。"),
        ("1", "No figure but a mark[1]."),
    ],
)
def test_it_is_not_said(expected: str, answer: str) -> None:
    assert not Wording(answer).says(expected)


def test_patterns_see_both_ways_to_write_a_number_and_no_marks() -> None:
    answer = Wording("Up to 200,000[1]\nCNY，每人")
    assert answer.matches(r"200,000 cny") and answer.matches(r"\b200000\b") and answer.matches("CNY,每人")
    assert not answer.matches(r"\[1\]")
