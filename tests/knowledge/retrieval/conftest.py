"""A desk with a few documents of a trading company, in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.knowledge.retrieval.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """The source 'docs', which everyone may see, is empty."""
    made = Desk(tmp_path)
    made.source()
    yield made
    made.close()


@pytest.fixture
def company(desk: Desk) -> Desk:
    """Policies that everyone may see, and pay in 'hr', which the group hr may see."""
    desk.put("credit.md", "单个客户的信用额度不得超过50万元，超过的须经财务总监批准。", title="信用管理办法")
    desk.put("travel.md", "Hotels cost at most CNY 450 a night. Hand in the invoice within ten days.", title="Travel")
    desk.put("leave.md", "New employees have twelve days of annual leave.", title="Leave")
    desk.put("badge.md", "Ask for a visitor badge with form ADM-003.", title="Badges", page=3)
    desk.source("hr", access=("group:hr",), label="confidential")
    desk.put("pay.md", "The salary band of grade seven is 41,000 to 52,000 a month.", source="hr", title="Salary bands")
    return desk
