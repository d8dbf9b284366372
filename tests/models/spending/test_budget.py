"""What a budget lets through, refuses and remembers, on SQLite and PostgreSQL."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from clawdbot.config import BudgetConfig
from clawdbot.errors import BudgetExceeded, StoreError
from clawdbot.models.spending.budget import Budgets
from clawdbot.models.spending.day import day_in
from clawdbot.models.spending.money import dollars
from clawdbot.store.database import Database
from clawdbot.store.routing_tables import reservations
from clawdbot.store.spending import SpendingLedger
from tests.models.spending.conftest import DAY, books

D = Decimal
WHERE: dict[str, Any] = {"run_id": "run", "step": 1, "user": "wei"}


class Clock:
    """A day that the test turns."""

    day = DAY

    def __call__(self) -> str:
        return self.day


@pytest.fixture
def clock() -> Clock:
    return Clock()


def budgets(database: Database, clock: Clock, **limits: object) -> Budgets:
    return Budgets(SpendingLedger(database), BudgetConfig.model_validate(limits), day=clock)


def test_money_is_reserved_then_settled_at_what_it_cost(database: Database, clock: Clock) -> None:
    kept = budgets(database, clock, day_usd="1")
    reservation = kept.reserve(**WHERE, model="big", usd=D("0.40"))
    assert kept.left(**WHERE) == {"step": None, "task": None, "user_day": None, "day": D("0.60")}
    kept.settle(reservation, spent=D("0.15"))
    assert kept.left(**WHERE)["day"] == D("0.85")
    kept.release(kept.reserve(**WHERE, model="big", usd=D("0.85")))
    assert kept.left(**WHERE)["day"] == D("0.85")
    sums = books(database)
    assert (sums.reserved, sums.settled, sums.released, sums.open) == (D("1.25"), D("0.40"), D("0.85"), D(0))


@pytest.mark.parametrize(
    ("scope", "elsewhere"),
    [
        ("step", {"step": 2}),
        ("task", {"run_id": "other"}),
        ("user_day", {"user": "li"}),
        ("day", None),
    ],
)
def test_each_scope_is_kept_for_itself(
    database: Database, clock: Clock, scope: str, elsewhere: dict[str, Any] | None
) -> None:
    kept = budgets(database, clock, **{f"{scope}_usd": "0.10"})
    kept.reserve(**WHERE, model="big", usd=D("0.08"))
    with pytest.raises(BudgetExceeded) as refused:
        kept.reserve(**WHERE, model="big", usd=D("0.03"))
    assert (refused.value.scope, refused.value.left) == (scope, D("0.02"))
    assert "0.1000 USD" in refused.value.message and "0.0200 USD left" in refused.value.message
    assert f"[budget] {scope}_usd" in refused.value.hint
    assert ("tomorrow" in refused.value.hint) == (scope in ("user_day", "day"))
    assert books(database).reserved == D("0.08"), "what was refused left nothing behind"
    others = elsewhere if elsewhere is not None else {"user": "li", "run_id": "other", "step": 9}
    if elsewhere is None:
        with pytest.raises(BudgetExceeded):
            kept.reserve(**{**WHERE, **others}, model="big", usd=D("0.03"))
    else:
        assert kept.reserve(**{**WHERE, **others}, model="big", usd=D("0.10"))


def test_the_narrowest_empty_scope_is_named(database: Database, clock: Clock) -> None:
    kept = budgets(database, clock, step_usd="1", task_usd="0.5", user_day_usd="0.5", day_usd="0.5")
    with pytest.raises(BudgetExceeded, match="of the run") as refused:
        kept.reserve(**WHERE, model="big", usd=D("0.6"))
    assert refused.value.scope == "task"


def test_a_limit_may_be_used_to_the_last_digit(database: Database, clock: Clock) -> None:
    kept = budgets(database, clock, day_usd="0.3")
    for _ in range(3):
        kept.reserve(**WHERE, model="big", usd=D("0.1"))
    assert kept.left(**WHERE)["day"] == 0
    with pytest.raises(BudgetExceeded):
        kept.reserve(**WHERE, model="big", usd=D("1e-30"))


def test_free_calls_need_no_money_and_no_row(database: Database, clock: Clock) -> None:
    kept = budgets(database, clock, day_usd="0")
    assert kept.reserve(**WHERE, model="small", usd=D(0)) == ""
    kept.settle("", spent=D(0))
    kept.release("")
    assert books(database).reserved == 0


def test_without_limits_everything_is_counted_and_nothing_refused(database: Database, clock: Clock) -> None:
    kept = budgets(database, clock)
    kept.settle(kept.reserve(**WHERE, model="big", usd=D(1000)), spent=D(900))
    assert set(kept.left(**WHERE).values()) == {None}
    assert books(database).spent == 900


def test_more_than_was_reserved_is_recorded_and_told(
    database: Database, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    kept = budgets(database, clock, day_usd="0.10")
    reservation = kept.reserve(**WHERE, model="big", usd=D("0.10"))
    with caplog.at_level(logging.WARNING):
        kept.settle(reservation, spent=D("0.12"))
    assert "big" in caplog.text and "0.1200 USD" in caplog.text
    assert kept.left(**WHERE)["day"] == 0, "never negative"
    assert books(database).spent == D("0.12")
    with pytest.raises(BudgetExceeded):
        kept.reserve(**WHERE, model="big", usd=D("0.01"))


def test_what_has_ended_stays_as_it_is(database: Database, clock: Clock) -> None:
    kept = budgets(database, clock, day_usd="1")
    settled, released = (kept.reserve(**WHERE, model="big", usd=D("0.2")) for _ in range(2))
    kept.settle(settled, spent=D("0.1"))
    kept.release(settled)
    kept.settle(settled, spent=D("0.2"))
    kept.release(released)
    kept.settle(released, spent=D("0.2"))
    assert books(database).spent == D("0.1") and kept.left(**WHERE)["day"] == D("0.9")


def test_a_reservation_counts_for_the_day_it_was_made_on(database: Database, clock: Clock) -> None:
    kept = budgets(database, clock, day_usd="1", user_day_usd="1")
    late = kept.reserve(**WHERE, model="big", usd=D("0.7"))
    clock.day = "2026-11-22"
    assert kept.left(**WHERE)["day"] == 1
    kept.settle(late, spent=D("0.6"))
    assert kept.left(**WHERE)["day"] == 1
    clock.day = DAY
    assert kept.left(**WHERE)["day"] == D("0.4"), "also when the clock goes back"
    assert kept.left(**WHERE)["user_day"] == D("0.4")


@pytest.mark.parametrize("bad", [D("-1"), D("NaN"), D("Infinity")])
def test_what_is_no_money_is_refused(database: Database, clock: Clock, bad: Decimal) -> None:
    kept = budgets(database, clock, day_usd="1")
    with pytest.raises(ValueError, match="no amount"):
        kept.reserve(**WHERE, model="big", usd=bad)
    reservation = kept.reserve(**WHERE, model="big", usd=D("0.1"))
    with pytest.raises(ValueError, match="no amount"):
        kept.settle(reservation, spent=bad)
    assert books(database).open == D("0.1")


def test_an_unknown_reservation_is_told(database: Database, clock: Clock) -> None:
    with pytest.raises(StoreError, match="no reservation 'gone'"):
        budgets(database, clock).settle("gone", spent=D(1))


def test_names_of_any_script_and_kind_are_counted(database: Database, clock: Clock) -> None:
    kept = budgets(database, clock, user_day_usd="1")
    odd = {**WHERE, "user": "王伟\x00\ud800 %_'"}
    kept.reserve(**odd, model="大模型", usd=D("0.5"))
    assert kept.left(**odd)["user_day"] == D("0.5")


def test_what_a_dead_process_left_is_settled_whole(database: Database, clock: Clock, ended_process: str) -> None:
    kept = budgets(database, clock, day_usd="1")
    mine, theirs = (kept.reserve(**WHERE, model="big", usd=D("0.3")) for _ in range(2))
    assert kept.recover() == ()
    give_to(database, theirs, ended_process)
    (found,) = kept.recover()
    assert (found.id, found.state, found.spent_usd, found.assumed) == (theirs, "settled", D("0.3"), True)
    assert kept.recover() == ()
    assert kept.left(**WHERE)["day"] == D("0.4"), "the same money stays used"
    kept.settle(mine, spent=D("0.1"))
    assert books(database).spent == D("0.4")


def test_a_process_that_was_only_out_of_sight_still_tells_the_truth(
    database: Database, clock: Clock, ended_process: str
) -> None:
    kept = budgets(database, clock, day_usd="1")
    costly, unsent = (kept.reserve(**WHERE, model="big", usd=D("0.3")) for _ in range(2))
    for reservation in (costly, unsent):
        give_to(database, reservation, ended_process)
    assert len(kept.recover()) == 2
    kept.settle(costly, spent=D("0.2"))
    kept.release(unsent)
    assert books(database).spent == D("0.2") and kept.left(**WHERE)["day"] == D("0.8")
    kept.settle(costly, spent=D("0.25"))
    assert books(database).spent == D("0.2"), "the truth is told once"


@pytest.mark.parametrize(("hours", "assumed"), [(1, 0), (30, 1)])
def test_of_another_host_only_what_is_a_day_old_counts_as_left(
    database: Database, clock: Clock, hours: int, assumed: int
) -> None:
    kept = budgets(database, clock, day_usd="1")
    reservation = kept.reserve(**WHERE, model="big", usd=D("0.3"))
    give_to(database, reservation, "elsewhere#12345678/1/1", hours=hours)
    assert len(kept.recover()) == assumed


@pytest.mark.parametrize("zone", ["local", "Asia/Shanghai", "UTC"])
def test_a_day_is_an_iso_date(zone: str) -> None:
    today = day_in(zone)()
    assert len(today) == 10 and today[4] == today[7] == "-"


@pytest.mark.parametrize(
    ("usd", "text"),
    [("0", "0.00 USD"), ("1234.5", "1,234.50 USD"), ("0.5", "0.5000 USD"), ("0.000001", "0.0001 USD")],
)
def test_money_reads_well_and_something_is_never_nothing(usd: str, text: str) -> None:
    assert dollars(D(usd)) == text


def give_to(database: Database, reservation: str, owner: str, *, hours: int = 0) -> None:
    """Let the reservation be of another process, and so many hours older."""
    with database.write() as connection:
        mine = reservations.c.id == reservation
        made = connection.scalars(select(reservations.c.reserved_at).where(mine)).one()
        moment = datetime.fromisoformat(made) - timedelta(hours=hours)
        connection.execute(update(reservations).where(mine).values(owner=owner, reserved_at=moment.isoformat()))
