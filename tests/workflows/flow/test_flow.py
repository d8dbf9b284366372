"""Workflow runs: order, items, conditions, attempts, what steps give, and verdicts."""

from __future__ import annotations

from tests.agents.conftest import MakeOffice
from tests.workflows.flow.conftest import run

SALES = """
name = "sales"
title = { en = "Sales by region", zh = "各地区销售额" }

[inputs.period]
type = "period"
default = "last quarter"
[inputs.to]
type = "list"
of = "address"
default = ["finance"]

[[step]]
id = "sales"
tool = "sql"
args.title = "sales"
args.sql = "SELECT region, SUM(amount) AS sales FROM orders WHERE ordered_on >= '{{ inputs.period.start }}' AND ordered_on < '{{ inputs.period.end }}' GROUP BY region ORDER BY sales DESC"

[[step]]
id = "chart"
tool = "chart"
args = { table = "{{ steps.sales.table }}", kind = "bar", x = "region", y = ["sales"], title = "Sales {{ inputs.period }}" }

[[step]]
id = "mails"
tool = "mail"
foreach = "steps.sales.rows"
parallel = 2
args = { to = "{{ inputs.to }}", subject = "Sales of {{ item.region }}", body = "{{ item.region }} sold {{ item.sales }}." }

[outputs]
best = "{{ steps.sales.rows[0].region }}"
answer = "Best: {{ steps.sales.rows[0].region }} of {{ steps.sales.count }}, {{ steps.mails.output | length }} mails"
"""


def test_steps_use_what_earlier_steps_gave(office: MakeOffice) -> None:
    at = office([])
    result = run(at, SALES)
    assert (result.status, result.verdict, result.missing) == ("done", "verified", ())
    assert result.outputs["best"] == "North"
    assert result.answer == "Best: North of 3, 3 mails"
    mails = at.postbox.mails()
    assert sorted(str(m["Subject"]) for m in mails) == [f"Sales of {r}" for r in ("North", "South", "West")]
    assert [a["kind"] for a in result.artifacts] == ["chart", "chart-pdf"] or len(result.artifacts) == 2
    assert [s["n"] for s in result.steps] == list(range(1, 7))
    assert not at.model.calls
