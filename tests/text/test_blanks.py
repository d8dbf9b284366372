"""No letter leaves with a blank for somebody's name in it."""

from __future__ import annotations

import pytest

from clawdbot.text.blanks import without_blanks


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Dear [Recipient's Name],\n\nRevenue was 5.\n\nBest regards,\n[Your Name]\n[Your Position]",
         "Hello,\n\nRevenue was 5.\n\nBest regards,"),
        ("尊敬的[收件人姓名]：\n销售额为 5 元。\n谢谢！\n\n[您的名字]", "您好：\n销售额为 5 元。\n谢谢！"),
        ("Dear team, see [1] and <https://example.com>.", "Dear team, see [1] and <https://example.com>."),
        ("[ACTION] Pay by Friday", "[ACTION] Pay by Friday"),
        ("", ""),
    ],
)  # fmt: skip
def test_blanks_go_and_everything_else_stays(text: str, kept: str) -> None:
    assert without_blanks(text) == kept
