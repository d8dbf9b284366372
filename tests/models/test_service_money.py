"""What models cost: reserved, settled, at the limit of a budget, allowed by a person."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import pytest

from clawdbot.errors import ApprovalNeeded, BudgetExceeded, InvalidStep, PolicyRefused
from clawdbot.models.routing.step_context import Failure
from clawdbot.store.database import now
from clawdbot.store.owner import this_process
from clawdbot.store.routing_tables import reservations
from tests.models.desk import CHEAP, DEAR, RIGHT, Desk, asked, rung


def test_the_worst_case_is_reserved_and_what_it_cost_is_settled(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rung("m", [RIGHT], price=CHEAP))
    answer = desk.ask()
    ((reserved, spent),) = desk.money()["settled"]
    assert reserved > spent == answer.cost_usd > 0
    (attempt,) = desk.attempts()
    assert (attempt.reserved_usd, attempt.spent_usd) == (reserved, spent)
    assert attempt.all_cloud_usd == spent
    assert attempt.prices and attempt.prices["m"]["input_usd"] == "1"


def test_free_models_go_on_when_the_money_is_gone(tmp_path: Path) -> None:
    cloud, local = rung("c", [RIGHT], cloud=True, price=DEAR), rung("l", ["no", "no", RIGHT])
    desk = Desk(tmp_path, local, cloud, budget={"day_usd": "0.0001"})
    with pytest.raises(InvalidStep):
        desk.ask(step=1)
    assert desk.ask(step=2).model == "l"
    assert asked(cloud) == []


def test_without_a_free_model_the_run_ends_over_budget(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rung("c", [RIGHT], price=DEAR), budget={"task_usd": "0.0001"})
    with pytest.raises(BudgetExceeded, match="'c'") as caught:
        desk.ask()
    assert "[budget] task_usd" in caught.value.hint
    assert [a.decision.outcome for a in desk.attempts()] == ["over_budget"]


def test_the_operator_may_want_no_free_model_at_the_limit(tmp_path: Path) -> None:
    local = rung("l", [RIGHT])
    only_good = {"failure_usd": 100.0}
    desk = Desk(
        tmp_path, local, rung("c", price=DEAR), router=only_good, budget={"day_usd": "0.0001", "on_stop": ["partial"]}
    )
    failed = (Failure(model="l", kind="tool_refused"),) * 2
    with pytest.raises(BudgetExceeded):
        desk.ask(failures=failed)
    assert asked(local) == []


@pytest.mark.parametrize(("language", "words"), [("en", "spend up to"), ("zh", "最多花费")])
def test_a_person_may_allow_more(tmp_path: Path, language: str, words: str) -> None:
    desk = Desk(
        tmp_path, rung("c", [RIGHT, RIGHT], price=DEAR), budget={"task_usd": "0.0001", "on_stop": ["ask", "partial"]}
    )
    with pytest.raises(ApprovalNeeded) as caught:
        desk.ask(may_ask=True, language=language)
    assert (words in caught.value.payload and "0.0" in caught.value.payload and "'c'" in caught.value.payload) or (
        "“c”" in caught.value.payload
    )
    with pytest.raises(BudgetExceeded):
        desk.ask(may_ask=False)
    allowed = frozenset({caught.value.payload_hash})
    assert desk.ask(may_ask=True, approvals=allowed).model == "c"
    ((_, spent),) = desk.money()["settled"]
    assert spent > Decimal("0.0001"), "what a person allowed is counted all the same"
    with pytest.raises(ApprovalNeeded):
        desk.ask(step=2, may_ask=True, approvals=allowed)


def test_what_a_killed_process_reserved_counts_as_spent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = Desk(tmp_path, rung("m", price=CHEAP))
    with first.database.write() as connection:
        row = {"id": "r", "run_id": "run", "step": 1, "user": "anna", "day": "2026-01-01", "model": "m"}
        ended = this_process().rpartition("/")[0] + "/1"
        left = {"reserved_usd": "0.5", "state": "reserved", "reserved_at": now(), "owner": ended, "assumed": False}
        connection.execute(reservations.insert().values(**row, **left))
    again = Desk(tmp_path, rung("m", price=CHEAP))
    assert again.money()["settled"] == [(Decimal("0.5"), Decimal("0.5"))]
    assert "was cut off" in caplog.text


def test_a_cloud_without_a_known_price_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused, match=r"\[models\.c\.price\]"):
        Desk(tmp_path, rung("c", [RIGHT], cloud=True)).ask()


def test_a_rule_that_leaves_nobody_is_named(tmp_path: Path) -> None:
    rules = [{"name": "no data here", "when": {"kind": ["sql"]}, "deny": ["m"]}]
    with pytest.raises(PolicyRefused, match="'no data here'") as caught:
        Desk(tmp_path, rung("m", [RIGHT]), router={"rule": rules}).ask()
    assert "router check" in caught.value.hint


def test_fifty_runs_at_once_never_overspend_the_day(tmp_path: Path) -> None:
    limit = Decimal("0.01")
    model = rung("c", [RIGHT] * 200, price=CHEAP)
    desk = Desk(tmp_path, model, budget={"day_usd": str(limit)})
    results: list[str] = []

    def run(number: int) -> None:
        for step in range(4):
            try:
                desk.ask(run_id=f"run-{number}", step=step, user=f"user-{number % 5}")
                results.append("answered")
            except BudgetExceeded:
                results.append("refused")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    money = desk.money()
    assert len(results) == 200 and {"answered", "refused"} == set(results)
    assert money["reserved"] == []
    assert 0 < sum(spent for _, spent in money["settled"]) <= limit
    assert results.count("answered") == len(money["settled"])
