"""When a run must stop, as pure decisions and in whole runs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from clawdbot.agents.guards import call_key, repeated, should_stop
from clawdbot.agents.steps import Step
from clawdbot.config import Config, PriceConfig
from tests.agents.conftest import MakeOffice
from tests.office import query_step

GOAL = "Sales by region for Q3 2026"


def made(n: int = 1, **values: Any) -> Step:
    return Step(**{"n": n, "thought": "", "tool": "sql", "args": {}, "observation": "o", "outcome": "ok", **values})


def config(**sections: Any) -> Config:
    return Config.model_validate(sections)


@pytest.mark.parametrize(
    ("steps", "settings", "elapsed_s", "kind"),
    [
        ([], {}, 0.0, None),
        ([made()], {"planner": {"max_steps": 2}}, 0.0, None),
        ([made(), made(2)], {"planner": {"max_steps": 2}}, 0.0, "steps"),
        ([], {"planner": {"deadline_s": 5}}, 4.9, None),
        ([], {"planner": {"deadline_s": 5}}, 5.0, "deadline"),
        ([made(prompt_tokens=900, completion_tokens=99)], {"budget": {"task_tokens": 1000}}, 0.0, None),
        ([made(prompt_tokens=900, completion_tokens=100)], {"budget": {"task_tokens": 1000}}, 0.0, "budget"),
        ([made(cost_usd="9")], {"budget": {"task_usd": "0.5"}}, 0.0, None),
        ([made(outcome="invalid")], {}, 0.0, None),
        ([made(outcome="invalid"), made(2), made(3, outcome="invalid")], {}, 0.0, None),
        ([made(outcome="invalid"), made(2, outcome="invalid")], {}, 0.0, "model"),
    ],
)
def test_the_first_limit_that_is_reached(
    steps: list[Step], settings: dict[str, Any], elapsed_s: float, kind: str | None
) -> None:
    for language in ("en", "zh"):
        found = should_stop(steps, config(**settings), elapsed_s=elapsed_s, language=language)
        assert (found[0] if found else None) == kind
        assert found is None or found[1]


def test_the_reason_names_the_setting_in_the_goals_language() -> None:
    limited = config(planner={"max_steps": 1})
    english = should_stop([made()], limited, elapsed_s=0, language="en")
    chinese = should_stop([made()], limited, elapsed_s=0, language="zh")
    assert english and english[1] == "the step limit was reached ([planner] max_steps = 1)"
    assert chinese and chinese[1] == "达到步数上限（[planner] max_steps = 1）"


def test_a_call_is_the_same_whatever_the_order_of_its_arguments() -> None:
    assert call_key("t", {"a": 1, "b": "中"}) == call_key("t", {"b": "中", "a": 1})
    assert call_key("t", {"a": 1}) != call_key("u", {"a": 1})


@pytest.mark.parametrize(
    ("outcome", "again"), [("ok", True), ("retryable", True), ("timeout", False), ("repeat", False)]
)
def test_what_counts_as_made_before(outcome: str, again: bool) -> None:
    steps = [made(args={"a": 1}, outcome=outcome)]
    assert (repeated("sql", {"a": 1}, steps, part=0) is not None) == again
    assert repeated("sql", {"a": 2}, steps, part=0) is None
    assert repeated("sql", {"a": 1}, steps, part=1) is None, "another part may need the same call"


def test_the_step_cap_ends_a_run_with_what_it_has(office: MakeOffice) -> None:
    at = office([query_step()], planner={"max_steps": 1})
    result = at.run(GOAL)
    assert (result.verdict, result.stop_kind, len(result.steps)) == ("partial", "steps", 1)
    assert "max_steps = 1" in result.missing[0]
    assert "5,500.25" in result.answer


def test_the_deadline_ends_a_run(office: MakeOffice) -> None:
    result = office([], planner={"deadline_s": 1e-6}).run(GOAL)
    assert (result.verdict, result.stop_kind) == ("failed", "deadline")


def test_the_token_budget_ends_a_run(office: MakeOffice) -> None:
    result = office(["x " * 1500, query_step()], budget={"task_tokens": 1000}).run(GOAL)
    assert (result.verdict, result.stop_kind) == ("partial", "budget")
    assert "task_tokens" in result.missing[0]


def test_the_money_budget_ends_a_run_and_the_cost_is_exact(office: MakeOffice) -> None:
    price = PriceConfig(input_usd=Decimal(1000), output_usd=Decimal(2000))
    result = office([query_step(), query_step()], price=price, budget={"task_usd": "1.7"}).run(GOAL)
    assert (result.verdict, result.stop_kind) == ("partial", "budget")
    first = result.steps[0]
    expected = (Decimal(1000) * first["prompt_tokens"] + Decimal(2000) * first["completion_tokens"]) / 1_000_000
    assert Decimal(first["cost_usd"]) == expected == Decimal(result.usage["cost_usd"])
    assert len(result.steps) == 1, "the worst case of a second call is more than what is left"
    assert "[budget] task_usd" in result.missing[0]


def test_data_that_may_not_leave_the_machine_stops_a_cloud_run(office: MakeOffice) -> None:
    at = office([query_step()], cloud=True)
    result = at.run(GOAL)
    assert (result.verdict, result.stop_kind) == ("failed", "refused")
    assert "may not go to the cloud" in result.answer
    assert at.model.calls == ()
