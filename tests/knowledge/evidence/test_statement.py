"""Passages cut into statements that know their place."""

from __future__ import annotations

from typing import Any

from clawdbot.knowledge.evidence.statement import Statement, statements
from clawdbot.knowledge.passage import Passage

POLICY = """# 信用政策

| 等级 | 信用额度 | 付款期限 |
| --- | --- | --- |
| A | 500,000 元 | 60 天 |
| B | 200,000 元 | 45 天 |

额度用满后须先收款。**新订单**不发货。

付款方式：
1. 电汇到公司账户。
2. 承兑汇票，期限不超过 90 天。

- Trains: second class; first class above 6 hours.
"""


def passage(text: str, *, start: int = 0, **more: Any) -> Passage:
    """A passage of one chunk."""
    given: dict[str, Any] = {
        "chunk": 1, "document": "a.md", "source": "s", "title": "T", "version": 1, "locator": "§ 1", "text": text,
        "around": text, "headings": ("T",), "pages": None, "start": start, "end": start + len(text), "score": 1.0,
        "similarity": 0.9, "coverage": 1.0, "label": "internal", "modified_at": "",
    }  # fmt: skip
    return Passage(**{**given, **more})


def test_rows_items_and_sentences_are_statements() -> None:
    assert [s.text for s in statements(passage(POLICY))] == [
        "等级: A; 信用额度: 500,000 元; 付款期限: 60 天",
        "等级: B; 信用额度: 200,000 元; 付款期限: 45 天",
        "额度用满后须先收款。",
        "新订单不发货。",
        "付款方式： 电汇到公司账户。",
        "付款方式： 承兑汇票，期限不超过 90 天。",
        "Trains: second class; first class above 6 hours.",
    ]


def test_a_statement_stands_word_for_word_in_the_document() -> None:
    before = "序言。" * 10
    whole = before + POLICY
    for s in statements(passage(POLICY, start=len(before))):
        assert whole[s.start : s.end] == s.quote


def test_a_repeated_header_does_not_shift_the_rows() -> None:
    header = "| 等级 | 额度 |\n| --- | --- |\n"
    rows = "| C | 80,000 元 |\n| D | 0 元 |"
    whole = "x" * 50 + rows
    part = passage(header + rows, start=50, end=50 + len(rows))
    found = statements(part)
    assert [s.text for s in found] == ["等级: C; 额度: 80,000 元", "等级: D; 额度: 0 元"]
    assert [whole[s.start : s.end] for s in found] == [s.quote for s in found] == rows.split("\n")


def test_headings_inside_a_passage_stand_over_their_statements() -> None:
    text = "Travel policy\n\nBefore the trip\n\nTrips come first.\n\nLimits\n\n| | Beijing |\n| Hotel | CNY 550 |"
    found = statements(passage(text, headings=("Travel policy",), locator="§ Before the trip – Limits"))
    assert [(s.text, s.headings, s.locator) for s in found] == [
        ("Trips come first.", ("Travel policy", "Before the trip"), "§ Before the trip"),
        ("Hotel; Beijing: CNY 550", ("Travel policy", "Limits"), "§ Limits"),
    ]


def test_a_statement_survives_json() -> None:
    first = statements(passage(POLICY, uri="file:///a"), dated="2026-01-01")[0]
    assert Statement.from_json(first.as_json()) == first
