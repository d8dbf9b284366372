"""Attempts at steps on both databases: kept in order, completed by checks, summed, and deleted when old."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from clawdbot.errors import StoreError
from clawdbot.store.ledger import RunLedger


def record(model: str | None = "small", *, spent: str = "0", served: str = "model", **call: Any) -> dict[str, Any]:
    """The parts of an attempt's JSON that the store reads; one candidate is in a cloud."""
    candidates = [{"name": "small", "cloud": False}, {"name": "large", "cloud": True}]
    return {
        "decision": {"candidates": candidates},
        "call": None if model is None else {"model": model, "served_from": served, **call},
        "spent_usd": spent,
        "all_cloud_usd": "0.002",
        "validations": [],
    }


def add(
    ledger: RunLedger,
    id: str,
    run: str,
    step: int,
    attempt: int = 1,
    body: Mapping[str, Any] | None = None,
    **rest: Any,
) -> None:
    at = f"2026-11-{step:02d}T00:00:0{attempt}.000000+00:00"
    ledger.attempts.add(
        **{"id": id, "run_id": run, "step": step, "attempt": attempt, "at": at, "record": body or record(), **rest}
    )


def test_attempts_come_back_in_order_and_by_step(ledger: RunLedger) -> None:
    for id, step, attempt in (("d", 2, 2), ("a", 1, 1), ("c", 2, 1)):
        add(ledger, id, "r", step, attempt)
    add(ledger, "other", "r2", 1)
    assert [row.id for row in ledger.attempts.of_run("r")] == ["a", "c", "d"]
    (first, second) = ledger.attempts.of_run("r", 2)
    assert (first.id, first.step, first.attempt, first.at) == ("c", 2, 1, "2026-11-02T00:00:01.000000+00:00")
    assert second.record == record()
    assert ledger.attempts.of_run("r", 3) == ledger.attempts.of_run("nix") == ()


def test_a_request_is_given_only_where_it_was_kept(ledger: RunLedger) -> None:
    asked = {"messages": [{"role": "user", "content": "上季度的收入?"}], "schema": {"type": "object"}, "max_tokens": 9}
    add(ledger, "a", "r", 1, request=asked)
    add(ledger, "b", "r", 2)
    assert [row.has_request for row in ledger.attempts.of_run("r")] == [True, False]
    assert ledger.attempts.request("a") == asked
    assert ledger.attempts.request("b") is None
    assert ledger.attempts.request("nix") is None


def test_an_attempt_is_written_once(ledger: RunLedger) -> None:
    add(ledger, "a", "r", 1)
    with pytest.raises(StoreError):
        add(ledger, "a", "r", 1, body=record("large"))
    assert ledger.attempts.of_run("r")[0].record == record()


def test_checks_that_come_at_once_are_all_kept(ledger: RunLedger) -> None:
    add(ledger, "a", "r", 1)
    names = [f"check {n}" for n in range(12)]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda name: ledger.attempts.add_validation("a", name, name != "check 3", "why\x00"), names))
    (row,) = ledger.attempts.of_run("r")
    said = row.record["validations"]
    assert sorted(one["name"] for one in said) == sorted(names)
    assert [one["name"] for one in said if not one["ok"]] == ["check 3"]
    assert said[0]["detail"] == "why\N{REPLACEMENT CHARACTER}"
    assert {**row.record, "validations": []} == record()


def test_a_check_needs_its_attempt(ledger: RunLedger) -> None:
    with pytest.raises(StoreError, match=r"no attempt 'nix'.*Record the attempt first"):
        ledger.attempts.add_validation("nix", "schema", True)


def test_costs_are_summed_by_run_and_model(ledger: RunLedger) -> None:
    used: dict[str, Any] = {"prompt_tokens": 1000, "cached_tokens": 400, "completion_tokens": 50}
    add(ledger, "a", "old", 1, body=record(**used))
    add(ledger, "b", "new", 2, 1, body=record(**used))
    add(ledger, "c", "new", 2, 2, body=record("large", spent="0.1", **used))
    add(ledger, "d", "new", 3, 1, body=record("large", spent="0.20", **used))
    add(ledger, "e", "new", 4, 1, body=record("large", served="stale_cache", **used))
    add(ledger, "f", "new", 5, 1, body=record(None))
    small, large, none, before = ledger.attempts.costs()
    assert [row.run_id for row in (small, large, none, before)] == ["new", "new", "new", "old"]
    assert (small.model, small.cloud, small.attempts, small.spent_usd) == ("small", False, 1, Decimal(0))
    assert (large.model, large.cloud, large.attempts, large.cached) == ("large", True, 3, 1)
    assert (large.prompt_tokens, large.cached_tokens, large.completion_tokens) == (2000, 800, 100)
    assert (large.spent_usd, large.all_cloud_usd) == (Decimal("0.30"), Decimal("0.006"))
    assert (large.first_at[:10], large.last_at[:10]) == ("2026-11-02", "2026-11-04")
    assert (none.model, none.cloud, none.prompt_tokens) == ("", False, 0)
    assert [row.steps for row in (small, large, none)] == [0, 3, 1], "a step counts where it ended"


def test_costs_are_of_the_newest_runs_since_a_moment(ledger: RunLedger) -> None:
    for step in range(1, 6):
        add(ledger, f"a{step}", f"r{step}", step)
    add(ledger, "late", "r1", 9)
    assert [row.run_id for row in ledger.attempts.costs(limit=2)] == ["r1", "r5"]
    assert [row.run_id for row in ledger.attempts.costs("2026-11-05")] == ["r1", "r5"]
    assert ledger.attempts.costs("2026-11-05")[0].attempts == 1
    assert ledger.attempts.costs("2027") == ()


def test_old_attempts_are_deleted(ledger: RunLedger) -> None:
    for step in (1, 2, 3):
        add(ledger, f"a{step}", "r", step)
    assert ledger.attempts.prune("2026-11-03") == 2
    assert [row.id for row in ledger.attempts.of_run("r")] == ["a3"]
    assert ledger.attempts.prune("2026-11-03") == 0
