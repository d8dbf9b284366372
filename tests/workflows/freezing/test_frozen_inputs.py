"""What of a run becomes an input, what is left out, and what only a planner can do for another time."""

from __future__ import annotations

import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from clawdbot.errors import UsageError
from clawdbot.workflows.definition import Definition
from clawdbot.workflows.freezing.layout import laid_out
from clawdbot.workflows.starting import new_run
from tests.agents.conftest import MakeOffice, mail, office
from tests.office import BY_REGION, Office, query_step, step
from tests.workflows.demo import frozen_run

__all__ = ["mail", "office"]

DONE = step("finish", answer="Here it is.")
BETWEEN = "ordered_on BETWEEN '2026-07-01' AND '2026-09-30'"


def frozen(at: Office, goal: str, **settings: Any) -> Definition:
    """The workflow of a run of that goal, as its file says it."""
    run = at.run(goal, **settings)
    assert (run.verdict, run.missing) == ("verified", ()), run.steps
    made = frozen_run(at.app, run.run_id)
    read = Definition.model_validate(tomllib.loads(laid_out(made.definition, comments=made.remarks)))
    assert read == made.definition
    return read


def run(at: Office, definition: Definition, **inputs: Any) -> Any:
    return at.app.engine.begin(new_run(definition, inputs, config=at.app.config, user="ann"))


def args(definition: Definition, step_id: str) -> dict[str, Any]:
    return next(s.args for s in definition.step if s.id == step_id)


@pytest.mark.parametrize(
    ("where", "parameters"),
    [
        ("ordered_on >= '2026-07-01' AND ordered_on < '2026-10-01'", {"period_start", "period_end"}),
        (BETWEEN, {"period_start", "period_end"}),
        (
            "EXTRACT(YEAR FROM ordered_on) = 2026 AND EXTRACT(QUARTER FROM ordered_on) = 3",
            {"year_of_period", "quarter_of_period"},
        ),
    ],
)
def test_the_time_of_free_sql_becomes_an_input_however_it_is_written(
    office: MakeOffice, where: str, parameters: set[str]
) -> None:
    sql = f"SELECT region, SUM(amount) AS sales FROM orders WHERE {where} GROUP BY region"
    at = office([query_step(sql=sql), DONE, {"answer": "South sold 1."}])
    made = frozen(at, "Sales by region for Q3 2026")
    assert set(args(made, "sales")["parameters"]) == parameters
    assert made.inputs["period"].default == "Q3 2026"
    same = run(at, made)
    assert same.receipts[0]["sha256"] == at.app.ledger.steps(at.app.ledger.list_runs()[-1].id)[0]["receipt"]["sha256"]
    other = run(at, made, period="Q2 2026")
    assert [r["rows"] for r in other.receipts] == [1]


def test_a_month_in_text_and_a_year_are_times_too(office: MakeOffice) -> None:
    sql = "SELECT region, SUM(amount) AS sales FROM orders WHERE STRFTIME('%Y-%m', ordered_on) = '2026-07' GROUP BY 1"
    at = office([query_step(sql=sql), DONE, query_step(sql=sql.replace("-%m", "").replace("-07", "")), DONE])
    month = frozen(at, "Sales by region in July 2026")
    assert args(month, "sales")["parameters"] == {"period_month": "{{ inputs.period.start[:7] }}"}
    year = frozen(at, "Sales by region in 2026")
    assert args(year, "sales")["parameters"] == {"year_of_period": "{{ inputs.period.start[:4] | int }}"}


@pytest.mark.parametrize(
    "where",
    [
        "STRFTIME('%Y-%m', ordered_on) IN ('2026-07', '2026-08', '2026-09')",
        "STRFTIME('%m', ordered_on) IN ('07', '08', '09') AND STRFTIME('%Y', ordered_on) = '2026'",
    ],
)
def test_a_time_that_cannot_be_an_input_is_left_to_a_planner(office: MakeOffice, where: str) -> None:
    at = office(
        [query_step(sql=f"SELECT region, SUM(amount) AS sales FROM orders WHERE {where} GROUP BY region"), DONE]
    )
    made = frozen_run(at.app, at.run("Sales by region for Q3 2026").run_id)
    (first, *_) = made.definition.step
    assert first.kind == "goal" and "{{ inputs.period.start }}" in first.goal
    assert "planned by a model" in " ".join(made.remarks)


def test_names_and_thresholds_of_the_goal_become_inputs(office: MakeOffice) -> None:
    sql = (
        f"SELECT customer, SUM(amount) AS sales FROM orders WHERE region = 'North' AND {BETWEEN}"
        " GROUP BY customer HAVING SUM(amount) > 2000 ORDER BY sales DESC LIMIT 5"
    )
    at = office([query_step(sql=sql), DONE, {"answer": "Cantina sold 1."}])
    made = frozen(at, "Top 5 customers in North with sales over 2000 in Q3 2026")
    kinds = {name: (given.type, given.default) for name, given in made.inputs.items()}
    assert kinds["region"] == ("choice", "North") and set(made.inputs["region"].choices) == {"North", "South", "West"}
    assert kinds["threshold"] == ("integer", 2000) and kinds["limit"] == ("integer", 5)
    south = run(at, made, region="South", threshold=1000, limit=1)
    assert "'South'" in south.receipts[0]["sql"] and south.receipts[0]["rows"] == 1
    assert made.step[0].stands_on is not None
    assert made.step[0].stands_on.values["orders.region"].used == ["North"]


def query(**asked: Any) -> dict[str, Any]:
    """A planner's typed query."""
    return step("query", **asked)


@pytest.mark.parametrize(
    ("goal", "asked", "kept", "original"),
    [
        (
            "Sales by region in Q3 2026",
            {"measures": ["sales"], "by": ["orders.region"]},
            {"periods": [{"start": "{{ inputs.period.start }}", "end": "{{ inputs.period.end }}",
                          "label": "{{ inputs.period.label }}"}]},
            "sales by region, {{ inputs.period.start }} to {{ inputs.period.last }}",
        ),
        (
            "Top 2 customers by sales in 2026",
            {"measures": ["sales"], "by": ["orders.customer"]},
            {"limit": "{{ inputs.limit }}"},
            "sales by customer, top {{ inputs.limit }}, {{ inputs.period.start }} to {{ inputs.period.last }}",
        ),
        (
            "2026年每个月North地区的销售额是多少？",
            {"measures": ["sales"], "filters": [{"column": "orders.region", "op": "=", "value": "North"}]},
            {"filters": [{"column": "orders.region", "value": "{{ inputs.region }}"}], "per": "month"},
            "销售额，按月统计，地区 = {{ inputs.region }}，{{ inputs.period.start }}至{{ inputs.period.last }}",
        ),
    ],
)  # fmt: skip
def test_a_typed_query_keeps_its_meaning(
    office: MakeOffice, goal: str, asked: dict[str, Any], kept: dict[str, Any], original: str
) -> None:
    at = office([query(**asked), DONE, DONE])
    result = at.run(goal)
    assert result.steps[0]["outcome"] == "ok", result.steps
    at.app.ledger.finish_run(result.run_id, verdict="verified", result=result.as_json())  # whatever the answer was
    made = frozen_run(at.app, result.run_id).definition
    frozen_query = args(made, made.step[0].id)["query"]
    assert {name: frozen_query[name] for name in kept} == kept
    assert made.step[0].original == original


def test_failed_attempts_are_left_out(office: MakeOffice) -> None:
    script = [
        query_step("nonsense", "SELECT nothing FROM orders"), query_step(),
        step("chart", table="sales", kind="bar", x="region", y=["sales"], title="Sales by region"), DONE,
    ]  # fmt: skip
    at = office(script, tools={"enable": ("sql", "chart")})
    made = frozen_run(at.app, at.run("Sales by region for Q3 2026 as a bar chart").run_id)
    assert [s.tool or "write" for s in made.definition.step] == ["bound_sql", "write", "chart"]
    assert "not taken over: 1" in " ".join(made.remarks)


def test_every_mail_keeps_its_receivers(office: MakeOffice) -> None:
    script = [
        query_step(), step("mail", to=["ann@example.com"], subject="Sales", body="For Ann."),
        step("mail", to=["bob@example.com"], subject="Sales", body="For Bob."), DONE,
    ]  # fmt: skip
    at = office(script)
    made = frozen(at, "Sales by region for Q3 2026, mail it to ann@example.com and bob@example.com")
    lists = {name: given.default for name, given in made.inputs.items() if given.type == "list"}
    assert lists == {"recipients": ["ann@example.com"], "recipients_2": ["bob@example.com"]}
    assert made.inputs["recipients"].of == "address"


def test_relative_words_stay_relative_and_texts_lose_their_time(office: MakeOffice) -> None:
    said = step("chart", table="sales", kind="bar", x="region", y=["sales"], title="Q3 2026 sales by region")
    at = office([query_step(), said, step("finish", answer="In Q3 2026 North led with 5,500.25.")])
    made = frozen(at, "Last quarter's sales by region as a bar chart")
    assert made.inputs["period"].default == "Last quarter"
    write = next(s.write for s in made.step if s.write is not None)
    assert write.texts["chart_title"].plain == "{{ inputs.period.label }} sales by region"
    assert write.texts["chart_title"].model is False
    example = write.texts["answer"].example
    assert "Q3" not in example and "5,500" not in example and "North" not in example


def test_what_changed_since_the_run_cannot_be_frozen(office: MakeOffice, tmp_path: Path) -> None:
    at = office([query_step(sql=BY_REGION), DONE])
    result = at.run("Sales by region for Q3 2026")
    with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as connection:
        connection.execute("ALTER TABLE orders RENAME COLUMN region TO area")
        connection.commit()
    with pytest.raises(UsageError, match=r"cannot be frozen.*Run the goal again"):
        frozen_run(at.app, result.run_id)


def test_only_verified_runs_of_goals_are_frozen(office: MakeOffice) -> None:
    at = office([DONE] * 6, documents={"rule.md": "# Rule\n\nDiscounts above 10 % need a yes."})
    failed = at.run("Sales by region for Q3 2026")
    with pytest.raises(UsageError, match="not verified"):
        frozen_run(at.app, failed.run_id)
    asked = at.app.engine.start("Who says yes?", user="ann", ask=True)
    with pytest.raises(UsageError, match="no run of a goal"):
        frozen_run(at.app, asked.run_id)
