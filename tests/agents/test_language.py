"""The language of a goal, and of a text that answers it."""

from __future__ import annotations

import pytest

from clawdbot.agents.language import Language, detect, is_in, normalise
from tests.agents.conftest import MakeOffice
from tests.office import query_step, step


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("生成上季度销售报告", "zh"), ("Sales by region", "en"), ("把 Northwind 的 revenue 画成图", "zh"),
        ("Mail it to 王@example.com", "en"), ("", "en"),
    ],
)  # fmt: skip
def test_the_language_of_a_goal(text: str, language: Language) -> None:
    assert detect(text) == language


@pytest.mark.parametrize(
    ("text", "language", "fits"),
    [
        ("最高的是 QUICK-Stop。", "zh", True),
        ("The customer with the highest revenue is QUICK-Stop.", "zh", False),
        ("QUICK-Stop: 61,109.91", "zh", True),
        ("The customer with the highest revenue is QUICK-Stop.", "en", True),
        ("1997年销售额最高的客户是某某公司，销售额为61109.91元。", "en", False),
    ],
)
def test_the_language_of_an_answer(text: str, language: Language, fits: bool) -> None:
    assert is_in(text, language) is fits


def test_full_width_and_marks_are_folded() -> None:
    assert normalise("ＡＢＣ\u200b １２ \n 3") == "ABC 12 3"


def test_an_answer_in_the_other_language_is_sent_back_once(office: MakeOffice) -> None:
    english = step("finish", answer="The total of all the sales in that quarter is written in the table.")
    at = office([query_step(), english, step("finish", answer="结果见下表。")])
    result = at.run("2026年第三季度各地区的销售额")
    assert result.verdict == "verified"
    first = next(s for s in result.steps if s["tool"] == "finish")
    assert first["observation"] == "Write it in Chinese (简体中文)."
    assert result.answer.startswith("结果见下表。")
