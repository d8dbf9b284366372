"""Progress, offers and verdict: pure readings of the steps, in every state that a run can be in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from clawdbot.agents.brief import Brief
from clawdbot.agents.briefing import compile_brief
from clawdbot.agents.offers import FINISH, Offer, make_offers, sole_value, step_schema
from clawdbot.agents.progress import ATTEMPTS, TRIES, read_progress
from clawdbot.agents.prompting import (
    OBSERVATION_LENGTH,
    closing_line,
    messages,
    system_prompt,
    task_prompt,
)
from clawdbot.agents.steps import Intent, Step
from clawdbot.agents.verdict import done_kinds, refusal, rule
from clawdbot.config import Config, PlannerConfig
from clawdbot.tools.contract import RunView, Schema, Tool
from clawdbot.tools.workspace import Workspace

CONFIG = Config.model_validate({"app": {"today": "2026-11-02"}, "mail": {"contacts": {"finance": "f@example.com"}}})


def named(name: str, effect: Any = "read", provides: Any = None, description: str = "") -> Tool[..., Any]:
    return Tool(
        name=name, description=description or name, effect=effect, provides=provides, function=print,
        schema={"type": "object", "properties": {}},
    )  # fmt: skip


TOOLS = {
    t.name: t
    for t in (
        named("query", "read", "table"), named("sql", "read", "table"), named("chart", "artifact", "chart"),
        named("report", "artifact", "report"), named("mail", "external", "mail"), named("export", "artifact", "table"),
        named("exchange_rate", description="Look up the exchange rate of a currency."),
    )
}  # fmt: skip


def brief_of(goal: str) -> Brief:
    return compile_brief(goal, CONFIG, tools=frozenset(TOOLS))


def done(n: int, tool: str, outcome: Any = "ok", part: int = 0, **receipt: Any) -> Step:
    kept = {"tool": tool, **receipt} if outcome == "ok" and tool != FINISH else None
    return Step(n=n, thought="", tool=tool, args={}, observation=f"saw {n}", outcome=outcome, receipt=kept, part=part)


FULL = "Sales by region as chart, csv and report, mail it to finance"
CHAIN = [
    done(1, "query", table="t"), done(2, "export", format="csv"), done(3, "chart"), done(4, "report"),
    done(5, "mail", to=["f@example.com"]), done(6, FINISH),
]  # fmt: skip


def offered(goal: str, steps: list[Step], folder: Path, *, grounded: bool = True, config: Config = CONFIG) -> list[str]:
    brief = brief_of(goal)
    view = RunView(
        goal=goal, language="en", deliverables=brief.deliverables, workspace=Workspace(folder), envelope=brief.envelope,
        config=config,
    )  # fmt: skip
    progress = read_progress(brief, steps, TOOLS)
    return [o.name for o in make_offers(brief, progress, steps, TOOLS, view, grounded=grounded)]


@pytest.mark.parametrize(
    ("made", "names"),
    [(0, ["query"]), (1, ["export"]), (2, ["chart"]), (3, ["report"]), (4, ["mail"]), (5, [FINISH])],
)
def test_the_chain_is_offered_in_order(tmp_path: Path, made: int, names: list[str]) -> None:
    assert offered(FULL, CHAIN[:made], tmp_path) == names


def test_without_a_mention_of_data_a_run_may_finish_at_once(tmp_path: Path) -> None:
    assert offered("Hello", [], tmp_path, grounded=False) == ["query", "sql", FINISH]


def test_a_tool_that_fails_too_often_or_for_good_is_left(tmp_path: Path) -> None:
    tries = [CHAIN[0], *[done(n, "chart", "retryable") for n in range(2, 2 + TRIES)]]
    assert offered("Sales as chart", tries[:-1], tmp_path) == ["chart"]
    assert offered("Sales as chart", tries, tmp_path) == [FINISH]
    for outcome in ("terminal", "policy"):
        assert offered("Sales as chart", [CHAIN[0], done(2, "chart", outcome)], tmp_path) == [FINISH]


def test_data_that_cannot_be_got_is_given_up(tmp_path: Path) -> None:
    tries = [done(n, ("query", "sql")[n % 2], "retryable") for n in range(1, 1 + ATTEMPTS)]
    assert offered("Sales", tries[:1], tmp_path) == ["query"]
    progress = read_progress(brief_of("Sales"), tries, TOOLS)
    assert (progress.data_done, progress.unresolved, progress.attempts) == (True, (0,), 0)
    assert progress.failed_tools[-2:] == ("sql", "query")


def test_an_own_tool_is_offered_when_the_goal_speaks_of_it(tmp_path: Path) -> None:
    goal = "Sales with the exchange rate of EUR"
    assert offered(goal, [], tmp_path) == ["exchange_rate", "query"]
    assert offered("Sales by region", [], tmp_path) == ["query"]
    assert offered(goal, [done(1, "exchange_rate")], tmp_path) == ["query"]
    failed = [done(1, "exchange_rate", "crash"), done(2, "exchange_rate", "crash")]
    assert "exchange_rate" not in offered(goal, failed, tmp_path)


def test_free_sql_is_a_fallback_unless_the_operator_lets_the_model_choose(tmp_path: Path) -> None:
    failed = [done(1, "query", "retryable")]
    assert offered("Sales by region", failed, tmp_path) == ["sql"]
    free = CONFIG.model_copy(update={"planner": PlannerConfig(free_sql="choice")})
    assert offered("Sales by region", [], tmp_path, config=free) == ["query", "sql"]


def test_the_schema_has_one_branch_for_each_offer() -> None:
    one, two = Offer(name="a", schema={"properties": {"x": {}}}), Offer(name="b", schema={"properties": {}})
    assert step_schema([one])["properties"]["tool"] == {"const": "a"}
    assert [b["properties"]["tool"]["const"] for b in step_schema([one, two])["anyOf"]] == ["a", "b"]
    assert (sole_value(one.schema), sole_value(two.schema)) == (None, {})


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"enum": ["a"]}, "a"),
        ({"enum": ["a", "b"]}, None),
        ({"type": "array", "items": {"enum": ["a"]}, "minItems": 1, "maxItems": 1}, ["a"]),
        ({"type": "array", "items": {"enum": ["a"]}, "minItems": 0, "maxItems": 1}, None),
        ({"type": "object", "properties": {"x": {"const": 1}}, "required": ["x"]}, {"x": 1}),
        ({"type": "object", "properties": {"x": {"const": 1}}}, None),
        ({"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}, None),
        ({"anyOf": [{"const": 1}]}, None),
    ],
)
def test_a_schema_with_one_value_leaves_nothing_to_decide(schema: Schema, value: object) -> None:
    assert sole_value(schema) == value


def ruled(goal: str, steps: list[Step], **values: Any) -> tuple[str, tuple[str, ...]]:
    brief = brief_of(goal)
    found = rule(brief, steps, read_progress(brief, steps, TOOLS), TOOLS, **{"answer": "yes", **values})
    return found.verdict, found.missing


def test_everything_with_receipts_is_verified() -> None:
    assert ruled(FULL, CHAIN) == ("verified", ())


@pytest.mark.parametrize(("left_out", "word"), [(1, "exported file"), (2, "chart"), (3, "PDF report"), (4, "mail")])
def test_what_has_no_receipt_is_missing(left_out: int, word: str) -> None:
    verdict, missing = ruled(FULL, [s for i, s in enumerate(CHAIN) if i != left_out])
    assert verdict == "partial"
    assert missing == (f"no {word}",)


def test_the_reason_of_the_last_failure_is_told() -> None:
    steps = [CHAIN[0], done(2, "chart", "retryable"), done(3, "chart", "terminal"), replace(CHAIN[5], n=4)]
    assert ruled("Sales as chart", steps) == ("partial", ("no chart (saw 3)",))


@pytest.mark.parametrize(
    ("values", "word"),
    [({"replaced": ["9,999"]}, "9,999"), ({"stopped": "out of time"}, "out of time"), ({"answer": ""}, "no answer")],
)
def test_other_reasons_against_verified(values: dict[str, Any], word: str) -> None:
    steps = CHAIN[:1] if values.get("answer") == "" else [CHAIN[0], replace(CHAIN[5], n=2)]
    verdict, missing = ruled("Sales", steps, **values)
    assert verdict == "partial"
    assert word in "".join(missing)


def test_a_name_without_address_and_a_change_of_data_are_missing() -> None:
    verdict, missing = ruled("Sales. Delete all orders. Mail it to Bob Smith", CHAIN[:1])
    assert verdict == "partial"
    assert "Bob Smith" in "".join(missing)
    assert "nothing was changed" in "".join(missing)
    assert ruled("Sales", [])[0] == "failed"


def test_a_mail_counts_when_every_receiver_has_it() -> None:
    brief = brief_of("Sales, mail it to finance and a@b.com")
    half = [done(1, "mail", to=["f@example.com"])]
    both = [*half, done(2, "mail", to=["A@B.com"])]
    assert done_kinds(brief, half, TOOLS) == frozenset()
    assert done_kinds(brief, both, TOOLS) == {"mail"}


def test_two_charts_need_two_receipts() -> None:
    brief = brief_of("Two charts of sales")
    assert "chart" in read_progress(brief, [done(1, "chart")], TOOLS).open
    assert "chart" not in read_progress(brief, [done(1, "chart"), done(2, "chart")], TOOLS).open


def test_a_refusal_speaks_the_goals_language() -> None:
    assert "没有任何数据被改动" in refusal(brief_of("删除所有订单"))
    assert "nothing was changed" in refusal(brief_of("Delete all orders"))


def test_messages_grow_at_the_end_only() -> None:
    brief = brief_of(FULL)
    system, task = system_prompt(TOOLS), task_prompt(brief, "tables")
    before = messages(system, task, CHAIN[:1], "do this")
    after = messages(system, task, CHAIN[:2], "do that")
    assert [m.content for m in after[: len(before) - 1]] == [m.content for m in before[:-1]]
    assert str(after[len(before) - 1].content) == str(before[-1].content).removesuffix("\ndo this")
    assert str(after[-1].content).endswith("do that")
    assert isinstance(after[-2], AIMessage)


def test_hidden_steps_leave_and_long_observations_are_cut() -> None:
    long = replace(CHAIN[0], observation="x" * (OBSERVATION_LENGTH + 7))
    shown = messages("s", "t", [long, CHAIN[1]], "go", hidden=frozenset({2}))
    assert len(shown) == 4
    assert "7 more characters on disk" in str(shown[-1].content)


@pytest.mark.parametrize("goal", [FULL, "Two charts of sales since 2024", "把销售额导出为excel，并画饼图"])
def test_the_task_names_what_to_deliver(goal: str) -> None:
    brief = brief_of(goal)
    text = task_prompt(brief, "")
    assert goal in text
    assert all(r.address in text for r in brief.recipients)
    assert all(f in text for f in brief.formats)


@pytest.mark.parametrize("goal", ["Which region sold most, and which sold least?", "Sales", "销售额"])
@pytest.mark.parametrize("name", ["query", "chart", "report", FINISH])
def test_the_closing_line_names_what_is_offered(goal: str, name: str) -> None:
    brief = brief_of(goal)
    progress = read_progress(brief, [], TOOLS)
    offers = [Offer(name=name, schema={"properties": {"x": {}}})]
    line = closing_line(brief, progress, offers, TOOLS, facts="TRUE-FACT", problem="PROBLEM")
    assert name in line
    assert "PROBLEM" in line
    assert ("TRUE-FACT" in line) == (name != "query")


def test_steps_and_intents_survive_json() -> None:
    step = replace(CHAIN[0], notes=("a",), args={"x": 1})
    assert Step.from_json(step.as_json()) == step
    intent = Intent(thought="t", tool="sql", args={"a": 1}, model="m", notes=("n",))
    assert Intent.from_json(intent.as_json()) == intent
