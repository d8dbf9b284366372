"""When a model is left alone, and how it comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.config import HealthConfig
from clawdbot.models.calls.breaker import AUTH_TIMES, Breaker
from tests.models.calls.conftest import Clock

CONFIG = HealthConfig(failures=3, window=5, open_s=30)


def state(breaker: Breaker) -> str:
    """As a plain text, since a type checker does not see that it changes."""
    return breaker.state


def failing(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        assert breaker.admit()
        breaker.failed()


def test_it_opens_after_so_many_failures_among_the_last_calls(clock: Clock) -> None:
    breaker = Breaker(CONFIG, clock)
    failing(breaker, 2)
    assert state(breaker) == "closed" and breaker.opens_again_s == 0
    failing(breaker, 1)
    assert state(breaker) == "open" and breaker.opens_again_s == 30
    assert not breaker.admit()


def test_old_failures_are_forgotten(clock: Clock) -> None:
    breaker = Breaker(CONFIG, clock)
    failing(breaker, 2)
    for _ in range(4):
        breaker.succeeded()
    failing(breaker, 2)
    assert state(breaker) == "closed"


def test_slow_answers_count_as_failures(clock: Clock) -> None:
    breaker = Breaker(CONFIG, clock)
    breaker.succeeded(slow=True)
    failing(breaker, 2)
    assert state(breaker) == "open"


def test_one_call_tries_when_the_time_is_over(clock: Clock) -> None:
    breaker = Breaker(CONFIG, clock)
    failing(breaker, 3)
    clock.now += 30
    assert state(breaker) == "half_open"
    assert breaker.admit() and not breaker.admit()
    breaker.succeeded()
    assert state(breaker) == "closed"
    failing(breaker, 2)
    assert state(breaker) == "closed", "it starts anew"


def test_a_probe_that_fails_opens_it_again(clock: Clock) -> None:
    breaker = Breaker(CONFIG, clock)
    failing(breaker, 3)
    clock.now += 30
    failing(breaker, 1)
    assert state(breaker) == "open" and breaker.opens_again_s == 30


def test_a_probe_that_was_given_up_leaves_room_for_the_next(clock: Clock) -> None:
    breaker = Breaker(CONFIG, clock)
    failing(breaker, 3)
    clock.now += 30
    assert breaker.admit()
    breaker.learned_nothing()
    assert state(breaker) == "half_open" and breaker.admit()


def test_what_a_person_must_mend_opens_it_at_once_and_longer(clock: Clock) -> None:
    breaker = Breaker(CONFIG, clock)
    breaker.failed(for_good=True)
    assert breaker.opens_again_s == 30 * AUTH_TIMES


EVENTS = st.lists(st.sampled_from(["ok", "slow", "fail", "auth", "nothing", "wait"]), max_size=40)


@given(EVENTS)
def test_whatever_happens_an_open_breaker_lets_nobody_through_and_ends(events: list[str]) -> None:
    clock = Clock()
    breaker = Breaker(CONFIG, clock)
    for event in events:
        if event == "wait":
            clock.now += 11
            continue
        before = state(breaker)
        admitted = breaker.admit()
        assert admitted == (before != "open")
        if not admitted:
            continue
        if event in ("ok", "slow"):
            breaker.succeeded(slow=event == "slow")
        elif event == "nothing":
            breaker.learned_nothing()
        else:
            breaker.failed(for_good=event == "auth")
    clock.now += CONFIG.open_s * AUTH_TIMES
    assert breaker.admit(), "it never stays open for ever"


@pytest.mark.parametrize("window", [1, 3])
def test_a_window_smaller_than_the_failures_never_opens(window: int, clock: Clock) -> None:
    breaker = Breaker(HealthConfig(failures=4, window=window), clock)
    failing(breaker, 10)
    assert state(breaker) == "closed"
