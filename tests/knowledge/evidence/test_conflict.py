"""Versions of one document that differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clawdbot.knowledge.evidence.choice import choose
from clawdbot.knowledge.evidence.conflict import separate
from clawdbot.knowledge.evidence.dating import family
from clawdbot.knowledge.evidence.statement import Statement, statements
from tests.knowledge.evidence.test_statement import passage


def said(text: str, document: str, dated: str, kin: str = "FIN-012", near: float = 0.1) -> Statement:
    (one,) = statements(passage(text, document=document), dated=dated, family=kin)
    return replace(one, near=near)


NEW = said("Grade B customers have a limit of 200,000.", "new.md", "2026-01-01")
OLD = said("Grade B customers have a limit of 150,000.", "old.md", "2024-01-01")
OTHER = said("Meals cost at most 120 a day.", "travel.md", "2025-01-01", kin="ADM-006")


def test_the_newer_document_speaks_and_the_older_one_is_shown() -> None:
    assert separate([OLD, NEW]) == ([NEW], [OLD])


def test_documents_that_agree_are_no_contradiction() -> None:
    same = replace(OLD, text=NEW.text)
    assert separate([NEW, same]) == ([NEW], [])


def test_documents_of_other_families_stand_side_by_side() -> None:
    assert separate([OTHER, NEW]) == ([OTHER, NEW], [])


@pytest.mark.parametrize(
    ("text", "title", "kin"),
    [
        ("文件编号 FIN-012 · 生效日期 2026-01-01", "客户信用政策（2026 版）", "FIN-012"),
        ("Document FIN-012/2024 · in force", "Customer credit policy 2024", "FIN-012"),
        ("no number", "Travel policy 2023", "travel policy"),
        ("no number", "差旅制度（2025年版）", "差旅制度"),
    ],
)
def test_the_family_of_a_document(text: str, title: str, kin: str) -> None:
    assert family(text, title) == kin


def test_a_sure_yes_is_chosen_and_the_other_version_with_it() -> None:
    assert choose("Who?", [OTHER, OLD, NEW], [0.1, 0.9, 0.55]) == (1, 2)


def test_statements_that_stand_apart_need_a_smaller_yes() -> None:
    near = replace(OTHER, apart=0.08)
    assert choose("Who?", [OTHER], [0.6]) == (), "nothing is known of its nearness"
    assert choose("Who?", [OTHER], [0.7]) == (0,)
    assert choose("Who?", [near], [0.5]) == ()
    assert choose("Who?", [near], [0.6]) == (0,)
    assert choose("Who?", [replace(near, inside=True)], [0.5]) == (0,)
    assert choose("Who?", [replace(OTHER, apart=-0.05)], [0.9]) == ()


def test_a_range_that_holds_the_amount_leaves_the_others_out() -> None:
    inside, outside = replace(OTHER, inside=True), replace(NEW, inside=False)
    assert choose("Who?", [outside, inside], [0.9, 0.6]) == (1,)


def test_another_version_is_quoted_for_less() -> None:
    assert choose("Who?", [replace(OLD, apart=0.05), replace(NEW, apart=0.02)], [0.8, 0.6]) == (0, 1)


def test_a_quantity_is_not_answered_by_a_statement_without_any() -> None:
    vague = replace(OTHER, text="Passwords are changed at once.")
    assert choose("How many characters has a password?", [vague], [0.7]) == ()
    assert choose("When are passwords changed?", [vague], [0.7]) == (0,)
    assert choose("How many?", [OTHER], [0.7]) == (0,)
