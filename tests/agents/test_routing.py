"""Runs whose steps go to several models: who is asked after a failure, what is reported, money that a person allows."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from clawdbot.agents.routing import failures, validation
from clawdbot.agents.steps import Step
from clawdbot.config import PriceConfig
from clawdbot.models.routing.attempt import Attempt, Validation
from clawdbot.models.routing.step_context import Failure
from clawdbot.store.attempts import AttemptStore
from tests.agents.conftest import MakeOffice
from tests.models.desk import rung
from tests.office import Office, query_step, step

GOAL = "Sales by region for Q3 2026"
WRONG = query_step(sql="SELECT nothing FROM orders")
DONE = step("finish", answer="North leads with 5,500.25.")
SQL = {"enable": ("sql",)}


def made(n: int, outcome: str, **values: Any) -> Step:
    given = {"thought": "", "tool": "sql", "args": {}, "observation": "o", "model": "m", **values}
    return Step(n=n, outcome=outcome, **given)  # type: ignore[arg-type]  # outcomes come from a table here


def attempts(at: Office, run_id: str) -> list[Attempt]:
    store = AttemptStore(at.app.ledger.database)
    return [Attempt.from_json(row.record) for row in store.of_run(run_id)]


def test_failures_count_since_the_last_success_of_the_part() -> None:
    steps = [
        made(1, "invalid"),
        made(2, "ok"),
        made(3, "retryable", observation="no such column"),
        made(4, "complaint", model="n"),
        made(5, "repeat"),
        made(6, "crash"),
        made(7, "retryable", model=""),
        made(8, "terminal", part=1),
    ]
    assert failures(steps, 0) == (
        Failure(model="m", kind="tool_refused", detail="no such column"),
        Failure(model="n", kind="result_wrong", detail="o"),
        Failure(model="m", kind="tool_refused", detail="o"),
    )
    assert [f.kind for f in failures(steps, 1)] == ["tool_refused"]


@pytest.mark.parametrize(
    ("outcome", "tool", "said"),
    [
        ("ok", "finish", Validation(name="numbers", ok=True)),
        ("complaint", "finish", Validation(name="numbers", ok=False, detail="o")),
        ("ok", "quote", Validation(name="citations", ok=True)),
        ("repeat", "sql", Validation(name="result", ok=False, detail="o")),
        ("ok", "own", Validation(name="result", ok=True)),
        ("terminal", "sql", None),
        ("crash", "sql", None),
        ("timeout", "sql", None),
        ("policy", "sql", None),
    ],
)
def test_what_checks_say_of_the_model(outcome: str, tool: str, said: Validation | None) -> None:
    assert validation(made(1, outcome, tool=tool), None, documents_only=False) == said
    assert validation(made(1, outcome, tool=tool, model=""), None, documents_only=False) is None


def test_an_answer_about_documents_is_checked_by_its_citations() -> None:
    found = validation(made(1, "ok", tool="finish"), None, documents_only=True)
    assert found is not None and found.name == "citations"


def test_what_a_tool_refuses_twice_goes_to_the_next_model(office: MakeOffice) -> None:
    other = query_step(sql="SELECT nowhere FROM orders")
    strong = rung("strong", [query_step(), DONE, DONE], price=PriceConfig(input_usd=Decimal(100)), context=16_384)
    at = office([WRONG, other, DONE, DONE], standby=[strong], tools=SQL)
    result = at.run(GOAL)
    assert result.verdict == "verified", result.missing
    models = [(s["model"], s["outcome"]) for s in result.steps]
    assert models[:3] == [("scripted", "retryable"), ("scripted", "retryable"), ("strong", "ok")]
    found = attempts(at, result.run_id)
    assert [a.context.kind for a in found] == ["sql", "sql", "sql", "final"]
    assert [[v.name for v in a.validations] for a in found][:3] == [["schema", "sql"]] * 3
    assert found[2].decision.why == "escalated"
    assert {a.context.intent for a in found} == {"data"}


def test_a_step_tells_what_all_its_attempts_took(office: MakeOffice) -> None:
    strong = rung("strong", [query_step(), DONE], price=PriceConfig(input_usd=Decimal(150)), context=16_384)
    at = office(["no", "no", DONE], standby=[strong], tools=SQL)
    first = at.run(GOAL).steps[0]
    assert (first["model"], first["attempts"], first["outcome"]) == ("strong", 3, "ok")
    assert Decimal(first["cost_usd"]) > 0
    assert first["cached_tokens"] <= first["prompt_tokens"]
    assert [note[:15] for note in first["notes"][:2]] == ["scripted failed"] * 2


PRICE = PriceConfig(input_usd=Decimal(1000), output_usd=Decimal(1000))
ASK = {"task_usd": "0.001", "on_stop": ["ask", "partial"]}


def test_a_person_allows_more_money_step_by_step(office: MakeOffice) -> None:
    shown: list[Mapping[str, Any]] = []

    def yes(request: Mapping[str, Any]) -> bool:
        shown.append(request)
        return True

    at = office([query_step(), DONE], price=PRICE, budget=ASK, tools=SQL)
    result = at.run(GOAL, approver=yes)
    assert result.verdict == "verified", result.missing
    assert [request["tool"] for request in shown] == ["budget", "budget"]
    assert "[budget] task_usd" in shown[0]["payload"] and "USD" in shown[0]["payload"]


def test_a_person_who_refuses_ends_the_run_over_budget(office: MakeOffice) -> None:
    at = office([query_step(), DONE], price=PRICE, budget=ASK, tools=SQL)
    result = at.run("2026年第三季度各地区的销售额", approver=lambda request: False)
    assert (result.verdict, result.stop_kind) == ("failed", "budget")
    assert "费用预算已用完" in result.missing[0]
    assert at.model.calls == ()


def test_a_run_waits_for_the_money_and_goes_on(office: MakeOffice) -> None:
    at = office([query_step(), DONE], price=PRICE, budget=ASK, tools=SQL)
    waiting = at.run(GOAL)
    assert waiting.status == "waiting" and waiting.approval is not None
    at.app.ledger.approvals.decide(waiting.run_id, waiting.approval["payload_hash"], "approved", by="boss")
    done = at.app.engine.resume(waiting.run_id, approver=lambda request: True)
    assert done.verdict == "verified", done.missing


def test_what_was_paid_for_in_vain_is_told_when_a_run_stops(office: MakeOffice) -> None:
    price = PriceConfig(input_usd=Decimal(1000), output_usd=Decimal(1000))
    at = office(["no"], price=price, tools=SQL)
    result = at.run(GOAL)
    assert result.verdict == "failed"
    assert Decimal(result.usage["cost_usd"]) > 0
    assert Decimal(result.usage["cost_usd"]) == sum(a.spent_usd for a in attempts(at, result.run_id))
