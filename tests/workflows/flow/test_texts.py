"""Texts about results as steps: by a model whose figures are checked, under the label and the budget, or by code."""

from __future__ import annotations

import pytest

from clawdbot.config import PriceConfig
from tests.workflows.flow.conftest import MakeFlow, run

TEXTS = """
name = "texts"
label = "confidential"
%s
inputs.period = { type = "period", default = "last quarter" }
[[step]]
id = "rows"
tool = "sql"
args = { title = "sales", sql = "SELECT region, SUM(amount) AS sales FROM orders GROUP BY region ORDER BY 2 DESC" }
[[step]]
id = "words"
[step.write]
about = "Sales by region"
period = "{{ inputs.period }}"
%s
texts.summary = { purpose = "summary", plain = "Sales." }
[outputs]
answer = "{{ steps.words.output.summary }}"
"""
WRITTEN = {"summary": "North sold most, 14,388.25 in all."}


def test_a_model_writes_from_the_results(flow: MakeFlow) -> None:
    at = flow([WRITTEN])
    result = run(at, TEXTS % ("", ""))
    assert (result.verdict, result.answer) == ("verified", WRITTEN["summary"])
    step = result.steps[1]
    assert (step["tool"], step["model"], step["label"]) == ("write", "scripted", "confidential")
    assert result.usage["prompt_tokens"] == step["prompt_tokens"] > 0
    assert "14388.25" in at.prompts()[0].replace(",", "")


def test_without_a_model_code_writes(flow: MakeFlow) -> None:
    at = flow([])
    result = run(at, TEXTS % ("", "model = false"))
    assert result.verdict == "verified"
    assert result.answer.startswith("Sales.")
    assert not at.model.calls


@pytest.mark.parametrize("budget", ["0", "0.0000001"])
def test_the_budget_of_the_workflow_is_above_its_texts_too(flow: MakeFlow, budget: str) -> None:
    price = PriceConfig.model_validate({"input_usd": 1000, "output_usd": 1000})
    at = flow([WRITTEN], price=price, cloud=True)
    run(at, TEXTS.replace('label = "confidential"', "") % (f"budget_usd = {budget}", ""))
    assert not at.model.calls


@pytest.mark.parametrize(
    ("key", "said"),
    [('tables = "{{ steps.rows.rows }}"', "write.tables"), ('tables = ["other"]', "There is no table 'other'")],
)
def test_what_cannot_be_written_about_fails_the_step(flow: MakeFlow, key: str, said: str) -> None:
    result = run(flow([]), TEXTS % ("", key))
    assert result.verdict == "partial"
    assert said in result.missing[0]
