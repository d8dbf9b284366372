"""Who may receive mail: only whom the goal names as a receiver."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.agents.recipients import find_recipients

CONTACTS = {
    "finance": "finance@example.com",
    "财务": "finance@example.com",
    "sales": "sales@example.com",
    "销售": "sales@example.com",
    "王经理": "wang@example.com",
    "Alice": "alice@example.com",
}


def to(goal: str) -> list[str]:
    return [r.address for r in find_recipients(goal, CONTACTS)[0]]


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        ("mail it to finance", ["finance@example.com"]),
        ("发给财务", ["finance@example.com"]),
        ("发送给财务部和王经理", ["finance@example.com", "wang@example.com"]),
        ("抄送财务", ["finance@example.com"]),
        ("通知财务和销售", ["finance@example.com", "sales@example.com"]),
        ("notify the finance team", ["finance@example.com"]),
        ("email Alice", ["alice@example.com"]),
        ("email finance the report", ["finance@example.com"]),
        ("mail finance, please", ["finance@example.com"]),
        ("send the sales report to sales and finance", ["sales@example.com", "finance@example.com"]),
        ("发给 finance 部门", ["finance@example.com"]),
        ("email a@b.com and C@D.org", ["a@b.com", "C@D.org"]),
        ("把报告发到a@b.com和c@d.com。", ["a@b.com", "c@d.com"]),
        ("发送给a@b.com、c@d.com", ["a@b.com", "c@d.com"]),
        ("forward to <a.b+c@x-y.co.uk>.", ["a.b+c@x-y.co.uk"]),
        ("mail to münchen@bücher.de", ["münchen@bücher.de"]),
        ("发给张三@例子.中国", ["张三@例子.中国"]),
        ("ａ＠ｂ.com please", ["a@b.com"]),
    ],
)
def test_named_receivers(goal: str, expected: list[str]) -> None:
    assert to(goal) == expected


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        ("mail the sales report to Alice", ["alice@example.com"]),
        ("mail sales by region to finance@example.com", ["finance@example.com"]),
        ("email sales and profit to finance", ["finance@example.com"]),
        ("sales by region for finance", []),
        ("统计财务数据", []),
        ("发给财务销售额最高的客户", ["finance@example.com"]),
        ("send to finance but not to a@b.com", ["finance@example.com"]),
        ("发给财务，不要发给x@y.cn和z@y.cn", ["finance@example.com"]),
        ("mail finance, not to a@b.com or c@d.com", ["finance@example.com"]),
        ("发给a@b.com，除了财务", ["a@b.com"]),
        ("send it to everyone except for finance", []),
        ("不要发给财务", []),
    ],
)
def test_what_is_only_mentioned_or_excluded_receives_nothing(goal: str, expected: list[str]) -> None:
    assert to(goal) == expected


@pytest.mark.parametrize(
    ("goal", "names"),
    [
        ("mail it to Bob Smith", ("Bob Smith",)),
        ("发给李雷", ("李雷",)),
        ("发给我", ()),
        ("send it to me", ()),
        ("mail the Q3 numbers to Alice", ()),
        ("发给财务", ()),
    ],
)
def test_names_without_an_address_are_told(goal: str, names: tuple[str, ...]) -> None:
    assert find_recipients(goal, CONTACTS)[1] == names


def test_without_contacts_only_addresses_count() -> None:
    found, unknown = find_recipients("mail it to Alice and a@b.com", {})
    assert [r.address for r in found] == ["a@b.com"]
    assert unknown == ("Alice",)


def test_one_receiver_is_named_once() -> None:
    assert to("mail finance@example.com, finance and FINANCE@example.com") == ["finance@example.com"]


_LOCAL = st.from_regex(r"[a-z0-9]([a-z0-9.+_-]{0,10}[a-z0-9])?", fullmatch=True).filter(lambda s: ".." not in s)
_DOMAIN = st.from_regex(r"[a-z0-9]{1,10}(\.[a-z]{2,6}){1,2}", fullmatch=True)


@given(
    _LOCAL, _DOMAIN, st.sampled_from(["mail it to {a}", "发给{a}", "把报告发到{a}，谢谢", "email {a}.", "发送给 {a}。"])
)
def test_every_address_is_found_whole_in_both_languages(local: str, domain: str, form: str) -> None:
    assert to(form.format(a=f"{local}@{domain}")) == [f"{local}@{domain}"]


@given(st.text(max_size=80))
def test_no_text_gives_an_address_that_it_does_not_hold(text: str) -> None:
    found, _ = find_recipients(text, {})
    for recipient in found:
        assert "@" in recipient.address
        assert not any(c.isspace() for c in recipient.address)
