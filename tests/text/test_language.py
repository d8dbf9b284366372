"""The language of a goal, and of a text that answers it."""

from __future__ import annotations

import pytest

from clawdbot.text.language import Language, detect, is_in, normalise


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
