"""What goals and steps are for, in both languages."""

from __future__ import annotations

import pytest

from clawdbot.config import Intent, StepKind
from clawdbot.models.routing.intent import intent_of, step_kind

GOALS: dict[Intent, tuple[str, ...]] = {
    "data": (
        "Sales by region for Q3 2026 as a bar chart, mail it to finance.",
        "How many orders did customers in France place in 1997?",
        "Write a report on 1996 revenue by product category with a pie chart.",
        "1996年第四季度的运费总额是多少？",
        "列出库存量最大的5种产品，并导出为Excel文件。",
        "按客户代码统计订单数。",
        "List the customers by country code.",
    ),
    "question": (
        "How many days of annual leave do I have after five years?",
        "Am I allowed to book business class to Berlin?",
        "出差住宿费的报销标准是什么？",
        "试用期员工可以请年假吗？",
        "Who approves expenses?",
        "What is the capital of France?",
        "会议室在哪里？",
    ),
    "writing": (
        "Draft a letter that thanks Ms Chen for her visit.",
        "把下面这段话翻译成英文：今天天气很好。",
        "起草一份感谢信给陈女士。",
        "Summarise the text below in three sentences.",
    ),
    "analysis": (
        "Why did revenue drop in March?",
        "分析第三季度华东地区销售额下降的原因。",
        "Compare the number of orders in the first quarter of 1997 with the first quarter of 1998.",
        "预测下个季度的销售额。",
    ),
    "code": (
        "Write a Python script that renames files.",
        "写一个计算工龄的函数。",
        "帮我看看这段代码哪里有问题。",
        "Explain what this code does.",
    ),
    "other": ("Hello!", "谢谢。", ""),
}


@pytest.mark.parametrize(("intent", "goal"), [(intent, goal) for intent, goals in GOALS.items() for goal in goals])
def test_what_a_goal_is_for(intent: Intent, goal: str) -> None:
    assert intent_of(goal) == intent


@pytest.mark.parametrize(
    ("tools", "kind"),
    [
        (("query",), "sql"),
        (("sql", "query"), "sql"),
        (("chart",), "chart"),
        (("report",), "report"),
        (("export",), "report"),
        (("mail",), "mail"),
        (("search_knowledge",), "search"),
        (("quote",), "search"),
        (("finish",), "final"),
        (("query", "finish"), "plan"),
        (("chart", "report"), "plan"),
        (("weather",), "plan"),
        ((), "plan"),
    ],
)
def test_what_a_step_is_for(tools: tuple[str, ...], kind: StepKind) -> None:
    assert step_kind(tools) == kind
