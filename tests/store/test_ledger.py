"""One suite for both databases: what is written into the ledger is what comes out."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawdbot.config import AppConfig, Config, StoreConfig
from clawdbot.errors import StoreError, UsageError
from clawdbot.store.ledger import RunLedger


def test_a_run_goes_from_running_to_done(ledger: RunLedger) -> None:
    run = ledger.create_run(goal="上个季度的收入", language="zh", user="ana", model="small")
    begun = ledger.get_run(run)
    assert (begun.status, begun.verdict, begun.result, begun.goal) == ("running", None, None, "上个季度的收入")
    ledger.set_status(run, "waiting", model="large")
    assert ledger.get_run(run).status == "waiting"
    ledger.finish_run(run, verdict="verified", result={"answer": "42", "steps": [{"n": 1}]})
    done = ledger.get_run(run)
    assert (done.status, done.verdict, done.model, done.user) == ("done", "verified", "large", "ana")
    assert done.result == {"answer": "42", "steps": [{"n": 1}]}
    assert done.updated_at > done.created_at == begun.created_at


def test_an_error_is_kept_until_the_next_change(ledger: RunLedger) -> None:
    run = ledger.create_run(goal="g", language="en")
    ledger.set_status(run, "interrupted", error="no model\x00 answered")
    assert ledger.get_run(run).error == "no model\N{REPLACEMENT CHARACTER} answered"
    ledger.set_status(run, "running")
    assert ledger.get_run(run).error == ""


def test_steps_come_back_in_order_and_a_repeated_one_replaces(ledger: RunLedger) -> None:
    run = ledger.create_run(goal="g", language="en")
    ledger.add_step(run, 2, {"tool": "chart"})
    ledger.add_step(run, 1, {"tool": "query", "args": {"since": date(2026, 1, 1), "least": Decimal("1.50")}})
    ledger.add_step(run, 2, {"tool": "report"})
    first, second = ledger.steps(run)
    assert first == {"tool": "query", "args": {"since": "2026-01-01", "least": "1.50"}}
    assert second == {"tool": "report"}


def test_runs_are_listed_newest_first(ledger: RunLedger) -> None:
    made = [ledger.create_run(goal=str(n), language="en") for n in range(5)]
    assert [run.id for run in ledger.list_runs()] == made[::-1]
    assert [run.id for run in ledger.list_runs(limit=2)] == [made[4], made[3]]


def test_the_beginning_of_an_id_is_enough_when_it_is_clear(ledger: RunLedger) -> None:
    for run in ("abc1", "abc2", "abd", "ab%"):
        ledger.create_run(goal="g", language="en", run_id=run)
    assert ledger.get_run("abd").id == "abd"
    assert ledger.get_run("abc1").id == "abc1"
    assert ledger.get_run("ab%").id == "ab%"
    with pytest.raises(UsageError, match=r"More than one run begins with 'abc'.*abc2, abc1"):
        ledger.get_run("abc")
    with pytest.raises(UsageError, match=r"no run 'a_c'.*clawdbot runs"):
        ledger.get_run("a_c")
    with pytest.raises(UsageError, match="no run ''"):
        ledger.get_run("")


def test_many_runs_of_one_beginning_are_not_all_listed(ledger: RunLedger) -> None:
    for n in range(7):
        ledger.create_run(goal="g", language="en", run_id=f"x{n}")
    with pytest.raises(UsageError, match=r"x6, x5, x4, x3, x2, \.\.\."):
        ledger.get_run("x")


def test_an_unknown_run_cannot_change(ledger: RunLedger) -> None:
    with pytest.raises(UsageError, match="no run 'nix'"):
        ledger.set_status("nix", "done")
    with pytest.raises(UsageError, match="no run 'nix'"):
        ledger.finish_run("nix", verdict=None, result={})
    with pytest.raises(StoreError, match="cannot be used"):
        ledger.add_step("nix", 1, {})


def test_an_effect_is_claimed_once(ledger: RunLedger) -> None:
    run = ledger.create_run(goal="g", language="en")
    claim = {"key": "k", "run_id": run, "step": 3, "tool": "mail", "effect": "external", "payload_hash": "p"}
    assert ledger.effects.begin(**claim) is None  # type: ignore[arg-type]  # a dict of mixed values
    found = ledger.effects.begin(**claim)  # type: ignore[arg-type]  # a dict of mixed values
    assert found is not None and (found.state, found.step, found.ended_at) == ("intent", 3, None)
    ledger.effects.done("k", {"message_id": "<k@x>"})
    done = ledger.effects.get("k")
    assert done is not None and (done.state, done.receipt) == ("done", {"message_id": "<k@x>"})
    ledger.effects.done("k", {"message_id": "other"})
    assert ledger.effects.get("k") == done
    assert ledger.effects.of_run(run) == (done,)


def test_only_a_failed_effect_begins_again(ledger: RunLedger) -> None:
    run = ledger.create_run(goal="g", language="en")
    effects = ledger.effects
    for step, key in enumerate(("a", "b")):
        assert effects.begin(key=key, run_id=run, step=step, tool="t", effect="external") is None
    effects.failed("a")
    assert effects.begin(key="a", run_id=run, step=0, tool="t", effect="external") is None
    assert effects.unknown("b").state == "unknown"
    found = effects.begin(key="b", run_id=run, step=1, tool="t", effect="external")
    assert found is not None and found.state == "unknown"
    effects.done("b", {"checked": True})
    assert effects.unknown("b").state == "done"
    with pytest.raises(StoreError, match="cannot become 'failed': it is done"):
        effects.failed("b")
    with pytest.raises(StoreError, match="'c' was never begun"):
        effects.done("c", {})
    with pytest.raises(StoreError, match="never begun"):
        effects.unknown("c")


def test_an_effect_needs_its_run(ledger: RunLedger) -> None:
    with pytest.raises(StoreError, match="no run 'nix'"):
        ledger.effects.begin(key="k", run_id="nix", step=1, tool="t", effect="external")
    assert ledger.effects.get("k") is None


def test_spent_payloads_are_counted_without_failed_ones(ledger: RunLedger) -> None:
    run = ledger.create_run(goal="g", language="en")
    for step, key in enumerate(("a", "b", "c")):
        ledger.effects.begin(key=key, run_id=run, step=step, tool="t", effect="external", payload_hash="p")
    ledger.effects.failed("a")
    assert ledger.effects.times_spent(run_id=run, payload_hash="p", but_key="c") == 1
    assert ledger.effects.times_spent(run_id=run, payload_hash="q", but_key="c") == 0


def test_of_many_threads_one_gets_the_effect(ledger: RunLedger) -> None:
    run = ledger.create_run(goal="g", language="en")

    def claim(_: int) -> bool:
        return ledger.effects.begin(key="k", run_id=run, step=1, tool="t", effect="external") is None

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(claim, range(16))) == 1


def test_an_approval_is_asked_and_answered_once(ledger: RunLedger) -> None:
    run = ledger.create_run(goal="g", language="en")
    approvals = ledger.approvals
    approvals.ask(run, "h1", payload="Mail to eve@example.org?", tool="mail")
    approvals.ask(run, "h1", payload="changed afterwards", tool="mail")
    approvals.ask(run, "h2", payload="x")
    assert [asked.payload for asked in approvals.waiting(run)] == ["Mail to eve@example.org?", "x"]
    approvals.decide(run, "h1", "approved", by="ana")
    approvals.decide(run, "h1", "approved", by="bob")
    approvals.decide(run, "h2", "refused", by="ana")
    assert approvals.granted(run) == {"h1"}
    assert approvals.waiting(run) == ()
    assert [asked.decided_by for asked in approvals.of_run(run)] == ["ana", "ana"]
    with pytest.raises(UsageError, match="was refused by ana"):
        approvals.decide(run, "h2", "approved", by="eve")
    with pytest.raises(UsageError, match="no such approval"):
        approvals.decide(run, "h3", "approved", by="eve")
    with pytest.raises(StoreError, match="no run 'nix'"):
        approvals.ask("nix", "h1", payload="x")


def test_two_first_starts_at_once(ledger_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        opened = list(threads.map(lambda _: RunLedger(ledger_url), range(4)))
    run = opened[0].create_run(goal="g", language="en")
    assert opened[3].get_run(run).goal == "g"
    for one in opened:
        one.close()


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


@given(record=st.dictionaries(st.sampled_from(["thought", "args", "中"]), PLAIN))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_comes_back_as_it_was(ledger: RunLedger, record: dict[str, object]) -> None:
    run = ledger.create_run(goal="g", language="en")
    ledger.add_step(run, 1, record)
    assert ledger.steps(run) == (record,)


@given(text=st.text(st.characters()))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_can_be_a_goal_and_a_result(ledger: RunLedger, text: str) -> None:
    run = ledger.create_run(goal=text, language="en")
    ledger.finish_run(run, verdict=None, result={"answer": [text, (text,)], "ratio": math.nan, "least": -math.inf})
    result = ledger.get_run(run).result
    assert result is not None and (result["ratio"], result["least"]) == (None, None)
    assert len(result["answer"][0]) == len(result["answer"][1][0]) == len(text)
    assert len(ledger.get_run(run).goal) == len(text)


def test_the_configuration_names_the_ledger(tmp_path: Path) -> None:
    at_home = RunLedger.open(Config(app=AppConfig(home=tmp_path / "home")))
    at_home.create_run(goal="g", language="en")
    at_home.close()
    assert (tmp_path / "home" / "clawdbot.db").stat().st_mode & 0o077 == 0
    elsewhere = RunLedger.open(Config(store=StoreConfig(url=f"sqlite:///{tmp_path / 'other.db'}")))
    assert elsewhere.list_runs() == ()
    elsewhere.close()
