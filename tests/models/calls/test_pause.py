"""How long to wait before a call is repeated, and how many repeats there are for all."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.config import RetriesConfig
from clawdbot.errors import ModelUnavailable
from clawdbot.models.calls.pause import pause_s
from clawdbot.models.calls.retry_budget import SAVED, RetryBudget
from clawdbot.models.retry_after import retry_after_s
from clawdbot.models.unavailable import BUSY, late

CONFIG = RetriesConfig(attempts=4, wait_max_s=1.5)


def busy(asked: float | None = None) -> ModelUnavailable:
    return ModelUnavailable("busy", code=BUSY, status=429, retry_after_s=asked)


@given(st.integers(1, 3))
def test_waits_grow_and_are_spread_over_their_whole_range(tried: int) -> None:
    most = min(1.5, 0.5 * 2 ** (tried - 1))
    found = [pause_s(busy(), tried=tried, left_s=60, config=CONFIG) for _ in range(60)]
    waits = [wait for wait in found if wait is not None]
    assert len(waits) == 60 and all(0 <= wait <= most for wait in waits)
    assert min(waits) < most / 3 and max(waits) > most * 2 / 3


def test_what_the_server_asks_for_is_obeyed_up_to_the_deadline() -> None:
    wait = pause_s(busy(30), tried=1, left_s=60, config=CONFIG)
    assert wait is not None and 30 <= wait <= 33, "longer than our own limit between two calls"
    assert pause_s(busy(30), tried=1, left_s=29, config=CONFIG) is None


def test_what_another_try_cannot_cure_is_not_tried() -> None:
    assert pause_s(late("m", 3), tried=1, left_s=60, config=CONFIG) is None
    assert pause_s(busy(), tried=4, left_s=60, config=CONFIG) is None
    assert pause_s(busy(), tried=1, left_s=0.01, config=CONFIG) is None
    assert pause_s(busy(30), tried=1, left_s=60, config=CONFIG, patience_s=2) is None
    assert pause_s(KeyboardInterrupt(), tried=1, left_s=60, config=CONFIG) is None


@given(st.floats(0.01, 1), st.lists(st.booleans(), max_size=300))
def test_repeats_stay_within_their_share(share: float, events: list[bool]) -> None:
    budget = RetryBudget(share)
    calls = repeats = 0
    for is_call in events:
        if is_call:
            budget.earn()
            calls += 1
        else:
            repeats += budget.spend()
    assert repeats <= SAVED + share * calls


def test_no_share_no_repeats() -> None:
    budget = RetryBudget(0)
    budget.earn()
    assert not budget.spend()


NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "9", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": formatdate(NOW + 90, usegmt=True), "date": formatdate(NOW, usegmt=True)}, 90.0),
        ({"retry-after": formatdate(NOW - 90, usegmt=True), "date": formatdate(NOW, usegmt=True)}, 0.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
    ],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds


def test_a_date_without_the_servers_clock_is_held_against_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: float(NOW))
    assert retry_after_s({"retry-after": formatdate(NOW + 5, usegmt=True)}) == 5.0
