"""The part of a passage that is shown, and what is marked in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.cli.snippet import snippet


def marked(text: str, question: str, width: int = 280) -> list[str]:
    found = snippet(text, question, width=width)
    return [found.text[start:end] for start, end in found.marks]


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        ("Credit limits above 50,000 need approval.", "What is the credit limit?", ["Credit", "limits"]),
        ("Orders over 50,000 EUR", "50000", ["50,000"]),
        ("新客户的信用额度为一百万元。", "信用额度是多少？", ["信用额度"]),
        ("额度", "度", []),
        ("The of and", "What is the limit of it?", []),
        ("See ADM-003 and 信用证 terms", "adm-003 信用", ["ADM-003", "信用"]),
        ("ＬＩＭＩＴ", "limit", ["ＬＩＭＩＴ"]),
        ("anything", "", []),
    ],
)
def test_words_of_the_question_are_marked(text: str, question: str, expected: list[str]) -> None:
    assert marked(text, question) == expected


def test_a_long_passage_is_cut_to_where_the_words_are() -> None:
    text = "filler " * 100 + "The travel allowance is 40 EUR a day. " + "filler " * 100
    found = snippet(text, "travel allowance", width=80)
    assert found.text.startswith("…") and found.text.endswith("…") and len(found.text) <= 82
    assert [found.text[a:b] for a, b in found.marks] == ["travel", "allowance"]
    assert snippet(text, "nothing", width=80).text.startswith("filler")
    assert "travel" in snippet("filler " * 100 + "travel", "travel", width=80).text


def test_lines_become_one() -> None:
    assert snippet("a\n\n| b |\tc", "x", width=80).text == "a | b | c"


@given(st.text(max_size=300), st.text(max_size=40), st.integers(20, 100))
def test_marks_lie_in_the_text_in_order(text: str, question: str, width: int) -> None:
    found = snippet(text, question, width=width)
    assert len(found.text) <= width + 2
    at = 0
    for start, end in found.marks:
        assert at <= start < end <= len(found.text)
        at = end
