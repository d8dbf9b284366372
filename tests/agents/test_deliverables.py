"""What goals ask to be made, in both languages: things to deliver, files, charts, rankings, time steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.agents.brief import Ranking
from clawdbot.agents.deliverables import (
    count_charts,
    find_chart_kind,
    find_deliverables,
    find_formats,
    find_ranking,
)
from clawdbot.agents.grains import find_grain


@pytest.mark.parametrize(
    ("goal", "wanted"),
    [
        ("Sales by region", set()),
        ("各地区的销售额", set()),
        ("Draw a pie chart of sales", {"chart"}),
        ("画一张柱状图", {"chart"}),
        ("plot sales by month", {"chart"}),
        ("图书销售额", set()),
        ("write a report", {"report"}),
        ("生成PDF", {"report"}),
        ("写一份报告并发给财务", {"report", "mail"}),
        ("email it to finance", {"mail"}),
        ("把结果email给财务", {"mail"}),
        ("notify finance of the sales", {"mail"}),
        ("发送给 a@b.cn", {"mail"}),
        ("导出为excel", {"table"}),
        ("导出csv文件", {"table"}),
        ("chart, report and mail to finance", {"chart", "report", "mail"}),
    ],
)
def test_what_is_asked_for_is_delivered(goal: str, wanted: set[str]) -> None:
    assert find_deliverables(goal) == wanted | {"answer"}


@pytest.mark.parametrize(
    ("goal", "unwanted"),
    [
        ("不要画图，只要报告", "chart"),
        ("Do not send a mail, just the report", "mail"),
        ("a report without charts", "chart"),
        ("report instead of a chart", "chart"),
        ("不用发邮件", "mail"),
        ("无需报告，发给财务即可", "report"),
        ("send sales to finance, no chart please", "chart"),
        ("list the email addresses of customers", "mail"),
        ("which customers have no email", "mail"),
        ("没有邮箱的客户有多少", "mail"),
        ("who reports to Andrew Fuller?", "report"),
        ("employees who report to Fuller", "report"),
    ],
)
def test_what_is_refused_or_only_mentioned_is_not(goal: str, unwanted: str) -> None:
    assert unwanted not in find_deliverables(goal)


@pytest.mark.parametrize(
    ("goal", "kind", "count"),
    [
        ("Sales by region", None, 0),
        ("a chart of sales", None, 1),
        ("pie chart", "pie", 1),
        ("条形图", "bar", 1),
        ("柱状图", "bar", 1),
        ("趋势图", "line", 1),
        ("area chart", "area", 1),
        ("热力图", "heatmap", 1),
        ("直方图", "histogram", 1),
        ("散点图", "scatter", 1),
        ("column chart, not a pie chart", "bar", 1),
        ("画两张图", None, 2),
        ("three charts of sales", None, 3),
        ("9 charts of sales", None, 4),
        ("不要画图", None, 0),
    ],
)
def test_charts_are_counted_and_named(goal: str, kind: str | None, count: int) -> None:
    assert find_chart_kind(goal) == kind
    assert count_charts(goal) == count


@pytest.mark.parametrize("goal", ["画一个饼图和一个折线图", "a pie chart and a line chart"])
def test_two_kinds_are_two_charts_and_neither_kind_holds_for_both(goal: str) -> None:
    assert count_charts(goal) == 2
    assert find_chart_kind(goal) is None


def test_files_are_found_in_order() -> None:
    assert find_formats("save as xlsx and csv") == ("csv", "xlsx")
    assert find_formats("我要一份Excel表格") == ("xlsx",)
    assert find_formats("sales") == ()


def _rank(limit: int, order: str = "desc", position: int | None = None) -> Ranking:
    return Ranking(limit=limit, descending=order == "desc", position=position)


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        ("top 5 customers", _rank(5)),
        ("top three regions", _rank(3)),
        ("前5名客户", _rank(5)),
        ("前十名", _rank(10)),
        ("前十五名客户", _rank(15)),
        ("最高的十二个", _rank(12)),
        ("销量最高的3个产品", _rank(3)),
        ("最低的三个地区", _rank(3, "asc")),
        ("bottom 3 products", _rank(3, "asc")),
        ("the 3 cheapest products", _rank(3, "asc")),
        ("倒数3名", _rank(3, "asc")),
        ("10 largest orders", _rank(10)),
        ("5 most expensive products", _rank(5)),
        ("top 10 days", _rank(10)),
        ("the ten products with the highest revenue in 1998", _rank(10)),
        ("five customers who spent the most in 2025", _rank(5)),
        ("Which five customers placed the most orders?", _rank(5)),
        ("the 3 regions with the lowest revenue", _rank(3, "asc")),
        ("十个销售额最高的产品", _rank(10)),
        ("列出3个订单最少的客户", _rank(3, "asc")),
        ("2025年三个季度中销售额最高的产品", _rank(1)),
        ("3个月内销售额最高的客户", _rank(1)),
        ("which product sold most", _rank(1)),
        ("哪个地区销售额最高", _rank(1)),
        ("谁的订单最少", _rank(1, "asc")),
        ("the oldest employee", _rank(1, "asc")),
        ("最贵的产品", _rank(1)),
        ("最畅销的产品是什么", _rank(1)),
        ("the second highest region", _rank(2, position=2)),
        ("third lowest price", _rank(3, "asc", 3)),
        ("第二高的地区", _rank(2, position=2)),
        ("第三低的地区", _rank(3, "asc", 3)),
        ("排名第三的客户", _rank(3, position=3)),
        ("sales by region", None),
        ("which customers have the highest sales", None),
        ("哪些客户", None),
        ("最近7天", None),
        ("前10天的销售额", None),
        ("前12个月的销售额", None),
        ("前十二个月的销售额", None),
        ("top 0 customers", None),
    ],
)
def test_rankings(goal: str, expected: Ranking | None) -> None:
    assert find_ranking(goal) == expected


@given(st.integers(1, 999), st.sampled_from(["top {n} customers", "前{n}名客户", "最高的{n}个产品"]))
def test_every_number_of_a_top_is_read_whole(number: int, form: str) -> None:
    assert find_ranking(form.format(n=number)) == _rank(number)


@given(st.text(max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    assert "answer" in find_deliverables(text)
    assert find_ranking(text) is None or (find_ranking(text) or _rank(0)).limit
    assert 0 <= count_charts(text) <= 4


@pytest.mark.parametrize(
    ("goal", "grain"),
    [
        ("daily sales", "day"), ("每天", "day"), ("weekly", "week"), ("按周", "week"), ("monthly sales", "month"),
        ("按月统计", "month"), ("month by month", "month"), ("哪个月", "month"), ("每个季度", "quarter"),
        ("by quarter", "quarter"), ("历年", "year"), ("per year", "year"), ("annual report", None),
        ("monthly report", None), ("sales by region", None),
    ],
)  # fmt: skip
def test_time_steps(goal: str, grain: str | None) -> None:
    assert find_grain(goal) == grain
