"""Claims of deeds: 'sent' needs a mail with a receipt, in both languages; a denial is no claim."""

from __future__ import annotations

import pytest

from clawdbot.agents.claims import sentences, unsupported_claims

MAIL = (
    "I have sent the mail.", "The report was sent to finance.", "Mail sent to finance.", "I've emailed finance.",
    "I mailed finance the report", "Emailed it to finance.", "An email was dispatched.", "We notified finance.",
    "Note that the mail was sent.", "Now the mail has been sent.", "邮件已发送。", "已成功发送给财务。",
    "邮件发送成功", "已将报告发给财务", "我给财务发了邮件", "邮件已经发给财务", "邮件发出去了", "发送了邮件",
)  # fmt: skip
OTHERS = {
    "chart": ("The chart was created.", "I drew a chart of sales", "图表已生成", "已绘制柱状图"),
    "report": ("A report has been generated", "I wrote the report.", "报告已完成", "已生成一份报告"),
    "write": (
        "I deleted the rows.",
        "It has been deleted.",
        "successfully updated",
        "已删除订单",
        "数据已更新",
        "修改成功",
    ),
}
DENIALS = (
    "The mail was not sent.", "I could not send the mail.", "I have not sent it", "I haven't emailed finance",
    "No mail was sent", "邮件未发送。", "没有发送邮件。", "邮件没有发出去", "不会发送邮件", "未删除任何数据",
    "Nothing was deleted",
    "The chart shows sales.", "Orders shipped: 5", "The report covers three regions.", "North leads with 5,500.25.",
)  # fmt: skip


@pytest.mark.parametrize("text", MAIL)
def test_a_claim_of_mail_needs_a_mail(text: str) -> None:
    assert unsupported_claims(text, ())
    assert unsupported_claims(text, {"report", "chart"})
    assert unsupported_claims(text, {"mail"}) == []


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, texts in OTHERS.items() for t in texts])
def test_a_claim_of_another_deed_needs_its_receipt(kind: str, text: str) -> None:
    assert unsupported_claims(text, ())
    assert unsupported_claims(text, {kind}) == []


@pytest.mark.parametrize("text", OTHERS["write"])
def test_no_deliverable_supports_a_change_of_data(text: str) -> None:
    assert unsupported_claims(text, {"mail", "chart", "report", "table"})


@pytest.mark.parametrize("text", DENIALS)
def test_a_denial_or_a_fact_is_no_claim(text: str) -> None:
    assert unsupported_claims(text, ()) == []


def test_a_claim_is_told_once() -> None:
    assert unsupported_claims("I have sent it. I have sent it.", ()) == ["I have sent"]


def test_decimals_do_not_end_a_sentence() -> None:
    assert [s.strip() for s in sentences("A is 3.5. B is 4! 好的。是吗？end")] == [
        "A is 3.5.", "B is 4!", "好的。", "是吗？", "end",
    ]  # fmt: skip
