"""Who may ask a model now, in which order, and who is sent away."""

from __future__ import annotations

import threading
import time

import pytest

from clawdbot.models.calls.admission import Admission, Shed
from tests.models.calls.conftest import Clock


def until(condition: object, admission: Admission, waiting: int) -> None:
    """Look until so many wait; a test that never sees it fails by its own limit."""
    end = time.monotonic() + 20
    while admission.waiting != waiting:
        assert time.monotonic() < end, condition
        time.sleep(0.002)


def test_first_come_first_served() -> None:
    admission = Admission(slots=1, clock=time.monotonic)
    order: list[int] = []

    def call(number: int) -> None:
        with admission.slot(patience_s=20, deadline_s=20):
            order.append(number)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(6)]
    with admission.slot(patience_s=1, deadline_s=1):
        for number, thread in enumerate(threads):
            thread.start()
            until("the thread waits", admission, number + 1)
    for thread in threads:
        thread.join()
    assert order == list(range(6))
    assert (admission.running, admission.waiting) == (0, 0)


def test_never_more_at_once_than_there_are_slots() -> None:
    admission = Admission(slots=3, clock=time.monotonic)
    lock, now, most = threading.Lock(), [0], [0]

    def call() -> None:
        for _ in range(20):
            with admission.slot(patience_s=20, deadline_s=20):
                with lock:
                    now[0] += 1
                    most[0] = max(most[0], now[0])
                with lock:
                    now[0] -= 1

    threads = [threading.Thread(target=call) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= most[0] <= 3
    assert (admission.running, admission.waiting) == (0, 0)


def test_a_call_that_waited_too_long_goes() -> None:
    admission = Admission(slots=1, clock=time.monotonic)
    with admission.slot(patience_s=1, deadline_s=1):
        with pytest.raises(Shed) as caught, admission.slot(patience_s=0.02, deadline_s=5):
            pytest.fail("it must not be admitted")
        assert caught.value.waited_s >= 0.02
        assert admission.waiting == 0
    assert admission.running == 0


def test_a_wait_that_outlasts_the_deadline_is_not_begun(clock: Clock) -> None:
    admission = Admission(slots=1, clock=clock)
    with admission.slot(patience_s=1, deadline_s=1):
        clock.now += 40
    with (
        admission.slot(patience_s=1, deadline_s=1),
        pytest.raises(Shed) as caught,
        admission.slot(patience_s=60, deadline_s=30),
    ):
        pytest.fail("it must not be admitted")
    assert (caught.value.waited_s, caught.value.expected_s) == (0, 40)


def test_a_call_that_raises_gives_its_slot_back() -> None:
    admission = Admission(slots=1, clock=time.monotonic)
    with pytest.raises(KeyboardInterrupt), admission.slot(patience_s=1, deadline_s=1):
        raise KeyboardInterrupt
    with admission.slot(patience_s=1, deadline_s=1):
        assert admission.running == 1


def test_slots_survive_waiters_that_give_up_while_others_leave() -> None:
    admission = Admission(slots=2, clock=time.monotonic)

    def call(patience_s: float) -> None:
        for _ in range(40):
            try:
                with admission.slot(patience_s=patience_s, deadline_s=5):
                    pass
            except Shed:
                continue

    threads = [threading.Thread(target=call, args=(0.0 if n % 2 else 5.0,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (admission.running, admission.waiting) == (0, 0)
