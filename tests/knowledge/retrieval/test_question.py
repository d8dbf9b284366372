"""A question's terms without what only asks, the glossary's words, and what it says of time."""

from __future__ import annotations

import pytest

from clawdbot.knowledge.retrieval.glossary import Glossary
from clawdbot.knowledge.retrieval.question import read

NONE = Glossary({})
GLOSSARY = Glossary({"信用额度": ("credit limit", "授信额度"), "OA": ("office automation",)})


@pytest.mark.parametrize(
    ("asked", "terms"),
    [
        ("请问差旅报销", {"差旅", "旅报", "报销"}),
        ("What is the credit limit of a customer?", {"credit", "limit", "custom"}),
        ("年假是多少？", {"年假", "假是"}),
        ("Which form is ADM-003?", {"form", "adm-003", "adm", "003"}),
        ("What does IT do?", {"it"}),
        ("ｗｈａｔ　ｉｓ　ＶＡＴ", {"vat"}),
    ],
)
def test_only_content_is_looked_up(asked: str, terms: set[str]) -> None:
    assert set(read(asked, NONE).terms.own) == terms


def test_a_pair_with_a_particle_tells_little() -> None:
    own = read("合同的期限", NONE).terms.own
    assert own["期限"] == 1.0 and own["的期"] < 0.5


@pytest.mark.parametrize("asked", ["什么？", "how", "of the"])
def test_what_is_all_question_words_is_taken_at_its_letters(asked: str) -> None:
    assert read(asked, NONE).terms.own


def test_an_empty_question() -> None:
    question = read("  \u200b ", NONE)
    assert question.text == "" and not question.terms.own


@pytest.mark.parametrize(
    ("asked", "newest", "years"),
    [
        ("最新的差旅标准是什么", True, set()),
        ("What is the latest travel policy?", True, set()),
        ("2024年的预算", False, {2024}),
        ("limits as of 2023 and 2025", False, {2023, 2025}),
        ("order 120245", False, set()),
        ("currentness", False, set()),
    ],
)
def test_time(asked: str, newest: bool, years: set[int]) -> None:
    question = read(asked, NONE)
    assert question.newest == newest and set(question.years) == years


@pytest.mark.parametrize(
    ("asked", "added"),
    [
        ("客户信用额度", {"credit", "limit", "授信", "信额", "额度"}),
        ("What is the Credit Limits table?", {"信用", "用额", "额度", "授信", "信额"}),
        ("客户授信额度", {"信用", "用额", "额度", "credit", "limit"}),
        ("where is oa", {"offic", "autom"}),
        ("a soap dish", set()),
    ],
)
def test_the_glossary_works_both_ways_in_any_language(asked: str, added: set[str]) -> None:
    question = read(asked, GLOSSARY)
    assert set(question.terms.added) == added
    assert all(weight <= 0.5 for weight in question.terms.added.values())
    if added:
        assert question.embedded.startswith(question.text) and len(question.embedded) > len(question.text)
    else:
        assert question.embedded == question.text


def test_the_askers_own_words_keep_their_weight() -> None:
    weights = read("授信额度", GLOSSARY).terms.weights()
    assert weights["额度"] == 1.0 and weights["credit"] == 0.5


def test_a_glossary_of_marks_is_no_glossary() -> None:
    assert Glossary({"---": ("...",)}).found_in("--- what ---") == ()
