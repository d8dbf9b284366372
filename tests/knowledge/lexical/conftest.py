"""A feed with six chunks, and an index over it that is up to date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clawdbot.knowledge.lexical.index import LexicalIndex
from tests.knowledge.feed import MemoryFeed

PASSAGES = (
    (1, 10, "信用管理办法 > 额度\n单个客户的信用额度不得超过50万元。"),
    (1, 20, "Credit policy > Limits\nThe credit limit of one customer is at most CNY 500,000."),
    (2, 30, "差旅报销规定\n住宿费每晚不超过450元，凭发票报销。"),
    (2, 40, "Travel policy\nHotels cost at most 450 a night; hand in the invoice."),
    (3, 50, "Form ADM-003\nAsk for a badge with form ADM-003."),
    (3, 60, "Annual leave\nNew employees have 12 days of annual leave."),
)


@pytest.fixture
def feed() -> MemoryFeed:
    """The chunks 1 to 6."""
    made = MemoryFeed()
    for scope, day, passage in PASSAGES:
        made.add(scope=scope, day=day, passage=passage)
    return made


@pytest.fixture
def index(tmp_path: Path, feed: MemoryFeed) -> Iterator[LexicalIndex]:
    """An index that holds them all."""
    opened = LexicalIndex(tmp_path / "lexical", feed, wait_s=0.2)
    opened.sync()
    yield opened
    opened.close()
