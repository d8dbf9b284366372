"""The questions of a goal, requests to change data, and the language that a person wrote in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.agents.requests import find_questions, find_writes
from clawdbot.text.language import detect, normalise


@pytest.mark.parametrize(
    ("goal", "questions"),
    [
        ("Sales by region", ("Sales by region",)),
        ("Which region sold most, and how many orders were there?",
         ("Which region sold most", "how many orders were there")),
        ("What is the total and which region leads?", ("What is the total", "which region leads")),
        ("How many customers are there? Who is the best?", ("How many customers are there", "Who is the best")),
        ("哪个地区销售额最高？有多少订单？", ("哪个地区销售额最高", "有多少订单")),
        ("哪个客户最多，以及哪个最少", ("哪个客户最多", "哪个最少")),
        ("统计销售额，画图，发给财务", ("统计销售额,画图,发给财务",)),
        ("Which region leads? Draw a chart.", ("Which region leads, Draw a chart",)),
    ],
)  # fmt: skip
def test_a_goal_is_split_into_its_questions(goal: str, questions: tuple[str, ...]) -> None:
    assert find_questions(goal) == questions


@pytest.mark.parametrize(
    "goal",
    [
        "delete the order 5", "Delete all customers", "please drop the table orders", "update the prices of products",
        "add a new customer", "increase the price of all products by 10%", "set the discount of orders to 0",
        "show sales and then delete rows of orders", "把价格改为10", "删除所有订单", "将订单状态修改为已发货",
        "新增一个客户", "请取消订单5", "统计销售额，然后清空订单表",
    ],
)  # fmt: skip
def test_a_change_of_data_is_seen(goal: str) -> None:
    assert find_writes(goal)


@pytest.mark.parametrize(
    "goal",
    [
        "list deleted orders", "删除的订单有多少", "which orders were cancelled", "change in sales by month",
        "Increase in orders from 2024 to 2025", "update me on the orders", "Update the report", "更新图表",
        "统计2026年新增客户", "新增客户数量", "新增客户有多少", "按月统计取消订单", "取消订单率", "已取消订单",
    ],
)  # fmt: skip
def test_a_question_about_changes_is_no_change(goal: str) -> None:
    assert find_writes(goal) == ()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("sales", "en"),
        ("销售额", "zh"),
        ("", "en"),
        ("把 sales report 发给 finance@example.com", "zh"),
        ("把2026年第三季度的销售报告发到a@b.com", "zh"),
        ("按 region 统计 sales", "zh"),
        ("email 财务 the quarterly report", "en"),
    ],
)
def test_the_language_is_that_of_the_sentence(text: str, language: str) -> None:
    assert detect(text) == language


@given(st.text(max_size=100))
def test_normal_text_has_no_hidden_characters_and_stays_as_it_is(text: str) -> None:
    clean = normalise(text)
    assert normalise(clean) == clean
    assert not set(clean) & set("\x00\t\n\r\u202e\u200b")
    assert find_questions(text) is not None
    assert all(w for w in find_writes(text))
