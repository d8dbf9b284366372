"""Clean text: one form of each character, nothing invisible, broken lines joined."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.knowledge.loaders.cleaning import clean, join_lines, one_line, paragraphs


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\x00b\x07c", "abc"),
        ("eﬃcient ﬂow", "efficient flow"),
        ("e\u0301", "é"),
        ("soft\u00adhyphen", "softhyphen"),
        ("⼀⽉⽇", "一月日"),
        ("a\u200bb\ufeff\u202ec", "abc"),
        ("ignore\U000e0041\U000e0042", "ignore"),
        ("a\r\nb\rc\u2028d\x0be", "a\nb\nc\nd\ne"),
        ("\uf0b7 item\u00a0one", "• item one"),
        ("\ud800x", "\ufffdx"),
    ],
)
def test_each_character_has_one_form(before: str, after: str) -> None:
    assert clean(before) == after


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        (["信用额度不得", "超过"], "信用额度不得超过"),
        (["包括，", "“甲方”"], "包括，“甲方”"),
        (["the credit", "limit"], "the credit limit"),
        (["a govern-", "ment office"], "a government office"),
        (["a state-of-the-", "art tool"], "a state-of-the-art tool"),
        (["years 2024-", "2025"], "years 2024-2025"),
        (["使用", "Excel 表"], "使用 Excel 表"),
        (["共", "3 页"], "共3 页"),
        (["Excel", "表格"], "Excel 表格"),
        (["第 3", "页"], "第 3页"),
        (["", "  a ", ""], "a"),
        ([], ""),
    ],
)
def test_broken_lines_are_joined(lines: list[str], joined: str) -> None:
    assert join_lines(lines) == joined


@given(st.text())
def test_clean_text_stays_as_it_is(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in once)


@given(st.text())
def test_one_line_is_one(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


def test_paragraphs_stand_between_empty_lines() -> None:
    assert paragraphs("a\nb\n \n\nc\n") == ["a\nb", "c"]
