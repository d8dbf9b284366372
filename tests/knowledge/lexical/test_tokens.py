"""Terms of a text: stems, pairs of characters, numbers by value, codes whole and in parts."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.knowledge.lexical.tokens import tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("信用额度", ["信用", "用额", "额度"]),
        ("在 A 公司", ["在", "a", "公司"]),
        ("Approvals approved by the managers", ["approv", "approv", "by", "the", "manag"]),
        ("the company's long-term plan", ["the", "compani", "long", "term", "plan"]),
        ("Café naïve", ["cafe", "naiv"]),
        ("U.S. and R&D, but AT&T", ["us", "and", "rd", "but", "at&t", "at", "t"]),
        ("", []),
        ("___ -- 。！", []),
    ],
)
def test_words_and_characters(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("written", "also"),
    [
        ("1,234.50", "1234.5"),
        ("1234.5", "1,234.50"),
        ("500,000", "50万"),
        ("1.5 million", "1500000"),
        ("ＡＤＭ－００３", "adm-003"),
        ("審批額度", "审批额度"),
        ("ad\u00admin\u200b", "admin"),
        ("don’t", "don't"),
        ("3.14亿", "314,000,000"),
    ],
)
def test_two_spellings_share_their_rarest_term(written: str, also: str) -> None:
    assert set(tokens(written)) & set(tokens(also)) & {max(tokens(also), key=len), max(tokens(written), key=len)}


def test_codes_are_terms_as_a_whole_and_in_parts() -> None:
    assert tokens("ADM-003") == ["adm-003", "adm", "003"]
    assert {"v1.2.3", "1", "2", "3"} <= set(tokens("v1.2.3"))
    assert {"2024-01-15", "2024", "01", "15"} == set(tokens("2024-01-15"))
    assert {"1.2.3", "1", "2", "3"} == set(tokens("1.2.3"))
    assert {"sku1234", "sku", "1234"} == set(tokens("SKU1234"))


def test_a_year_before_a_chinese_character_is_a_number() -> None:
    assert "2024" in tokens("自2024年1月起")


def test_an_endless_word_is_cut() -> None:
    assert {len(term) for text in ("x" * 500, "7" * 500, "a-" + "1" * 500) for term in tokens(text)} <= {1, 64}


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=80))
def test_terms_hold_no_blanks_and_forget_width_and_case(text: str) -> None:
    found = tokens(text)
    assert all(term and not any(c.isspace() for c in term) for term in found)
    " ".join(found).encode()  # whatever came in, the index can take it
    plain = unicodedata.normalize("NFKC", text)
    if "\u2044" not in plain:  # a fraction is written apart
        assert tokens(plain) == found
