"""Workflow runs: order, items, conditions, attempts, what steps give, and verdicts."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import update

from clawdbot.store.ledger import RunLedger
from clawdbot.store.tables import runs
from tests.office import SALES
from tests.workflows.flow.conftest import MakeFlow, accepted, calls, run, states

BY_REGION = """
name = "sales"
title = { en = "Sales by region", zh = "各地区销售额" }
inputs.period = { type = "period", default = "last quarter" }
inputs.to = { type = "list", of = "address", default = ["finance"] }

[[step]]
id = "sales"
tool = "sql"
args.title = "sales"
args.sql = '''SELECT region, SUM(amount) AS sales FROM orders WHERE ordered_on >= '{{ inputs.period.start }}'
  AND ordered_on < '{{ inputs.period.end }}' GROUP BY region ORDER BY sales DESC'''

[[step]]
id = "mails"
tool = "mail"
foreach = "steps.sales.rows"
parallel = 2
[step.args]
to = "{{ inputs.to }}"
subject = "Sales of {{ item.region }}, {{ inputs.period }}"
body = "{{ position }}. {{ item.region }} sold {{ item.sales }}."

[outputs]
best = "{{ steps.sales.rows[0] }}"
answer = "{{ steps.sales.rows[0].region }} of {{ steps.sales.count }}, {{ steps.mails.each | length }} mails"
"""


def test_steps_use_what_earlier_steps_gave(flow: MakeFlow) -> None:
    at = flow()
    result = run(at, BY_REGION)
    assert (result.status, result.verdict, result.missing) == ("done", "verified", ())
    assert result.outputs == {"best": {"region": "North", "sales": SALES["North"]}, "answer": "North of 3, 3 mails"}
    assert result.answer == "North of 3, 3 mails"
    assert result.goal == "Sales by region (period: 2026-Q3; to: finance@example.com)"
    assert sorted(m["Subject"] for m in at.postbox.mails()) == [f"Sales of {r}, 2026-Q3" for r in sorted(SALES)]
    assert at.postbox.receivers() == ["finance@example.com"] * 3
    assert not at.model.calls


def test_the_run_is_in_the_ledger_like_every_other(flow: MakeFlow) -> None:
    at = flow()
    result = run(at, BY_REGION)
    record = at.app.ledger.get_run(result.run_id)
    assert (record.kind, record.status, record.verdict) == ("workflow", "done", "verified")
    assert record.result == json.loads(json.dumps(result.as_json()))
    assert [step["n"] for step in result.steps] == [1, 2, 3, 4, 5]
    assert {s["position"] for s in result.steps} == {"sales", "mails", "mails/1", "mails/2", "mails/3"}
    assert len(result.receipts) == 4
    told = [event.body for event in at.app.ledger.events.read(result.run_id)]
    assert [body["event"] for body in told] == ["run", *["step"] * 5, "end"]
    keys = [effect.key for effect in at.app.ledger.effects.of_run(result.run_id)]
    assert len(set(keys)) == 3


def test_another_period_gives_other_figures(flow: MakeFlow) -> None:
    result = run(flow(), BY_REGION, period="第二季度", to="a@example.com")
    assert result.outputs["best"] == {"region": "West", "sales": 7777.0}


PARALLEL = """
name = "branches"
[[step]]
id = "left"
tool = "meet"
args = { text = "left", other = "right" }
[[step]]
id = "right"
needs = []
tool = "meet"
args = { text = "right", other = "left" }
[[step]]
id = "end"
needs = ["left", "right"]
tool = "note"
args = { text = "{{ steps.left.text }} and {{ steps.right.text }}" }
"""


def test_branches_are_done_at_the_same_time(flow: MakeFlow) -> None:
    at = flow()
    assert run(at, PARALLEL).verdict == "verified"
    assert calls(at)[-1] == "left and right"


def test_items_are_done_at_the_same_time_up_to_the_limit(flow: MakeFlow) -> None:
    at = flow()
    text = """
name = "items"
[[step]]
id = "each"
tool = "meet"
foreach = "[['a', 'b'], ['b', 'a']]"
parallel = 2
args = { text = "{{ item[0] }}", other = "{{ item[1] }}" }
output = "result.text | upper"
[outputs]
all = "{{ steps.each.output }}"
"""
    assert run(at, text).outputs == {"all": ["A", "B"]}


WHEN = """
name = "conditions"
inputs.wanted = { type = "boolean", default = false }
[[step]]
id = "first"
tool = "note"
args = { text = "first" }
[[step]]
id = "maybe"
tool = "note"
when = "inputs.wanted and steps.first.text == 'first'"
args = { text = "maybe" }
[[step]]
id = "last"
tool = "note"
args = { text = "last after {{ steps.maybe.state }}" }
"""


@pytest.mark.parametrize(("wanted", "state"), [("no", "skipped"), ("yes", "done")])
def test_a_step_whose_condition_does_not_hold_is_skipped_and_later_ones_go_on(
    flow: MakeFlow, wanted: str, state: str
) -> None:
    at = flow()
    result = run(at, WHEN, wanted=wanted)
    assert result.verdict == "verified"
    assert states(at, result.run_id)["maybe"] == state
    assert calls(at)[-1] == f"last after {state}"
    assert [s["outcome"] for s in result.steps][1] == ("skipped" if state == "skipped" else "ok")


RETRIES = """
name = "retries"
[[step]]
id = "a"
tool = "note"
args = { text = "a", fails = 2 }
retries = { attempts = %d, wait_s = 0.001 }
[[step]]
id = "b"
tool = "note"
args = { text = "b" }
[[step]]
id = "c"
needs = []
tool = "note"
args = { text = "c" }
"""


def test_a_failed_step_is_tried_again(flow: MakeFlow) -> None:
    at = flow()
    assert run(at, RETRIES % 3).verdict == "verified"
    assert calls(at).count("a") == 3


def test_what_needs_a_failed_step_is_not_done_and_the_rest_is(flow: MakeFlow) -> None:
    at = flow()
    result = run(at, RETRIES % 2)
    assert (result.verdict, states(at, result.run_id)) == ("partial", {"a": "failed", "b": "skipped", "c": "done"})
    assert result.missing == ("step a: a failed.", "step b: Not done: step a did not succeed.")
    assert sorted(calls(at)) == ["a", "a", "c"]


def test_later_steps_go_on_where_the_file_says_so(flow: MakeFlow) -> None:
    at = flow()
    text = RETRIES.replace('[[step]]\nid = "b"', 'continue_on_error = true\n[[step]]\nid = "b"') % 1
    result = run(at, text)
    assert (result.verdict, result.missing) == ("partial", ("step a: a failed.",))
    assert states(at, result.run_id)["b"] == "done"


def test_nothing_done_is_failed(flow: MakeFlow) -> None:
    text = 'name = "x"\nstep = [{ id = "a", tool = "note", args = { text = "a", fails = 9 } }]'
    assert run(flow(), text).verdict == "failed"


def test_items_that_failed_are_told_and_the_others_are_done(flow: MakeFlow) -> None:
    at = flow()
    text = """
name = "items"
[[step]]
id = "each"
tool = "note"
foreach = "[0, 9, 0, 9]"
args = { text = "{{ position }}", fails = "{{ item }}" }
"""
    result = run(at, text)
    assert (result.verdict, result.missing) == ("partial", ("step each: each/2: 2 failed.; each/4: 4 failed.",))
    assert states(at, result.run_id) == {
        "each": "failed", "each/1": "done", "each/2": "failed", "each/3": "done", "each/4": "failed"
    }  # fmt: skip


def test_no_items_is_nothing_to_do(flow: MakeFlow) -> None:
    text = 'name = "x"\nstep = [{ id = "a", tool = "note", foreach = "[]", args = { text = "{{ item }}" } }]'
    result = run(flow(), text)
    assert (result.verdict, result.steps[0]["observation"]) == ("verified", "0 of 0 done")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ('args = { text = "{{ steps.rows.rows[5].x }}" }', "list object has no element 5"),
        ('args = { text = "a" }\nforeach = "steps.rows.count"', "foreach gives int, not a list"),
        ('args = { text = "a" }\noutput = "result.rows[0]"', "list object has no element 0"),
        ('args = { text = "a" }\nwhen = "1 // steps.rows.count > 5"', "division or modulo by zero"),
    ],
)
def test_a_template_that_gives_nothing_fails_its_step(flow: MakeFlow, key: str, said: str) -> None:
    text = f"""
name = "x"
[[step]]
id = "rows"
tool = "sql"
args = {{ title = "none", sql = "SELECT id FROM orders WHERE id < 0" }}
[[step]]
id = "a"
tool = "note"
{key}
"""
    result = run(flow(), text)
    assert result.verdict == "partial"
    assert said in result.missing[0]


def test_an_output_that_cannot_be_made_is_missing(flow: MakeFlow) -> None:
    text = 'name = "x"\noutputs.y = "{{ 1 / 0 }}"\nstep = [{ id = "a", tool = "note", args = { text = "a" } }]'
    result = run(flow(), text)
    assert result.verdict == "partial"
    assert result.missing[0].startswith("output y: ")


def test_the_time_of_the_whole_is_limited(flow: MakeFlow) -> None:
    at = flow()
    text = 'timeout_s = 0.000001\nname = "x"\nstep = [{ id = "a", tool = "note", args = { text = "a" } }]'
    result = run(at, text)
    assert (result.verdict, result.stop_kind, calls(at)) == ("failed", "deadline", [])


def test_the_time_of_a_step_is_limited(flow: MakeFlow) -> None:
    at = flow()
    text = """
name = "x"
[[step]]
id = "a"
tool = "meet"
timeout_s = 0.05
args = { text = "a", other = "nobody" }
"""
    result = run(at, text)
    assert result.verdict == "failed"
    assert result.steps[0]["outcome"] in ("timeout", "retryable")


def test_a_mail_goes_to_nobody_that_data_names(flow: MakeFlow) -> None:
    """The check of the file refuses it; a run of an unchecked definition does not get past the envelope either."""
    at = flow()
    text = """
name = "x"
recipients_from_data = true
[[step]]
id = "who"
tool = "sql"
args = { title = "who", sql = "SELECT 'evil@example.com' AS address" }
[[step]]
id = "mail"
tool = "mail"
args = { to = "{{ steps.who.rows[0].address }}", subject = "Hello", body = "Hello." }
"""
    run_id = accepted(at, text)
    with at.app.ledger.database.write() as connection:
        spec = dict(at.app.ledger.get_run(run_id).spec or {})
        spec["definition"].pop("recipients_from_data")
        connection.execute(update(runs).where(runs.c.id == run_id).values(spec=spec))
    result = at.app.engine.resume(run_id)
    assert result.verdict == "partial"
    assert "is not a recipient" in result.missing[0]
    assert not at.postbox.mails()


def test_addresses_from_data_are_written_to_where_the_file_says_so(flow: MakeFlow) -> None:
    at = flow()
    text = """
name = "x"
recipients_from_data = true
[[step]]
id = "who"
tool = "sql"
args = { title = "who", sql = "SELECT 'anna@example.com' AS address" }
[[step]]
id = "mail"
tool = "mail"
foreach = "steps.who.rows"
args = { to = "{{ item.address }}", subject = "Hello", body = "Hello." }
"""
    assert run(at, text).verdict == "verified"
    assert at.postbox.receivers() == ["anna@example.com"]


def test_the_same_code_on_both_databases(flow: MakeFlow, ledger_url: str) -> None:
    at = flow(store={"url": ledger_url})
    result = run(at, BY_REGION)
    assert (result.verdict, len(at.postbox.mails())) == ("verified", 3)
    ledger = RunLedger(ledger_url)
    assert ledger.get_run(result.run_id).verdict == "verified"
    ledger.close()
