"""Sentences held against what they cite."""

from __future__ import annotations

import pytest

from clawdbot.knowledge.evidence.support import unsupported

ROW = "等级: A; 信用额度（人民币）: 500,000 元; 付款期限: 开票后 60 天; 评定标准: 合作满两年，近 12 个月无逾期"
HOTEL = "Hotel, per night: Beijing, Shanghai, Guangzhou, Shenzhen: CNY 550; other cities: CNY 380"


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("A级客户的信用额度是50万元。", ROW),
        ("Grade A customers have a limit of CNY 500,000, payable 60 days after invoice.", ROW),
        ("They must have worked with us for two years.", ROW),
        ("北京的酒店标准是每晚550元。", HOTEL),
        ("Hotels in Beijing cost at most CNY 550 a night [1].", HOTEL),
        ("It is in force from 1 January 2026.", "生效日期 2026-01-01"),
        ("自二〇二六年起施行。", "in force from 2026-01-01"),
        ("Deliveries stop after thirty days.", "more than 30 days overdue"),
        ("See FIN-012.", "文件编号 FIN-012 · 生效日期"),
    ],
)
def test_what_the_quote_says_is_supported(sentence: str, quote: str) -> None:
    assert unsupported(sentence, [quote]) == []


@pytest.mark.parametrize(
    ("sentence", "quote", "missing"),
    [
        ("A级客户的信用额度是40万元。", ROW, ["40万"]),
        ("付款期限为开票后 5 天。", ROW, ["5"]),
        ("Hotels in Hangzhou cost CNY 380.", HOTEL, ["Hangzhou"]),
        ("See FIN-099.", "文件编号 FIN-012", ["FIN-099"]),
        ("期限是三十天。", "期限是六十天。", ["三十"]),
        ("It grows by 12 %.", "It grows by 13 %.", ["12 %"]),
    ],
)
def test_what_it_does_not_say_is_named(sentence: str, quote: str, missing: list[str]) -> None:
    assert unsupported(sentence, [quote]) == missing


def test_the_question_may_be_repeated() -> None:
    assert unsupported("Li Wei gets 550 in Beijing.", [HOTEL], context=["What may Li Wei spend?"]) == []


@pytest.mark.parametrize(
    ("sentence", "quote", "missing"),
    [
        ("The interest is 2% a month.", "合作满两年的客户", ["2%"]),
        ("The discount is 5%.", "up to 5 % of the price", []),
        ("要预付30%。", "预付三成", []),
        ("收取百分之五的整理费。", "收取货款 5% 的整理费", []),
        ("A discount of 5 % is allowed.", "Discount (%): 5; Who decides: the salesperson", []),
    ],
)
def test_a_share_stands_on_a_share(sentence: str, quote: str, missing: list[str]) -> None:
    assert unsupported(sentence, [quote]) == missing
