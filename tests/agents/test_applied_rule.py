"""A document's limit in a question to a database."""

from __future__ import annotations

import pytest

from clawdbot.agents.applied_rule import applies_limit, limit_clause
from clawdbot.text.language import detect
from tests.knowledge.evidence.test_conflict import said

FIRST = "首单金额不超过 30,000 元，超过的须预付 30%。"


@pytest.mark.parametrize(
    ("goal", "quote", "clause"),
    [
        (
            "Which invoices exceed the limit for first orders?",
            FIRST,
            "more than 30000",
        ),
        ("哪些发票的金额超过了首单金额上限？", FIRST, "超过30000"),
        (
            "Which refunds are above what the finance director may approve?",
            "Refunds: up to CNY 3,000 by the department manager, up to CNY 50,000 by the finance director.",
            "more than 50000",
        ),
        (
            "Which products have a margin below the policy's?",
            "A gross margin of at least 25 % is needed.",
            "less than 25",
        ),
        ("Which orders are over CNY 500 under the policy?", "The limit is CNY 3,000.", ""),
        ("Which customers does the policy cover?", "The limit is CNY 3,000.", ""),
        ("Which orders exceed the limit?", "In force from 2026.", ""),
    ],
)
def test_the_limit_of_the_quote_that_fits(goal: str, quote: str, clause: str) -> None:
    found = limit_clause(goal, [said(quote, "policy.md", "")], detect(goal))
    assert clause in found
    assert bool(found) == bool(clause)


def test_a_query_that_leaves_the_limit_out_is_noticed() -> None:
    goal, quotes = "Which invoices exceed the limit for first orders?", [said(FIRST, "policy.md", "")]
    assert applies_limit("SELECT id FROM invoices WHERE amount > 30000", goal, quotes)
    assert not applies_limit("SELECT id FROM invoices WHERE status = 'open'", goal, quotes)
    assert applies_limit("SELECT id FROM invoices", "Which invoices does the policy name?", quotes)
