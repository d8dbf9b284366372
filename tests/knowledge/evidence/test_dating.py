"""The day from which a document is in force."""

from __future__ import annotations

import pytest

from clawdbot.knowledge.evidence.dating import in_force


@pytest.mark.parametrize(
    ("text", "title", "day"),
    [
        ("文件编号 FIN-012 · 生效日期 2026-01-01 · 取代", "客户信用政策", "2026-01-01"),
        ("Document FIN-012/2024 · in force from 2024-01-01 to 2025-12-31", "Customer credit policy", "2024-01-01"),
        ("本办法自2025年3月1日起施行。", "办法", "2025-03-01"),
        ("Effective date: 5 March 2023", "x", "2023-03-05"),
        ("Effective March 2023.", "x", "2023-03-01"),
        ("Valid from 2023-02-31.", "Policy 2022", "2022-01-01"),
        ("nothing", "Customer credit policy 2024", "2024-01-01"),
        ("nothing", "Handbook", ""),
    ],
)
def test_in_force(text: str, title: str, day: str) -> None:
    assert in_force(text, title) == day
