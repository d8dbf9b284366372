"""Waits for a model end when the run must stop: in the queue for it, while it answers, before it is asked again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from clawdbot.models import interruption
from clawdbot.models.calls.admission import Admission
from clawdbot.models.interruption import Interrupted, Interruption, interruptible
from clawdbot.models.limits import Limits
from clawdbot.models.relay import Emit, InThread, Relay


@pytest.fixture
def stop() -> Iterator[Interruption]:
    """What this test's thread can be interrupted by."""
    found = Interruption()
    with interruptible(found):
        yield found


def test_nothing_is_interrupted_without_a_run() -> None:
    interruption.check()
    event = threading.Event()
    assert not interruption.wait(event, 0.0)
    event.set()
    assert interruption.wait(event, 10.0)


def test_a_wait_ends_when_it_comes_and_every_later_one_at_once(stop: Interruption) -> None:
    timer = threading.Timer(0.05, stop.interrupt)
    timer.start()
    with pytest.raises(Interrupted):
        interruption.wait(threading.Event(), 600.0)
    timer.join()
    with pytest.raises(Interrupted):
        interruption.wait(threading.Event(), 600.0)
    with pytest.raises(Interrupted):
        interruption.check()


def test_an_interruption_of_one_run_leaves_the_others_alone() -> None:
    mine, other = Interruption(), Interruption()
    with interruptible(mine), interruptible(other):
        mine.interrupt()
        interruption.check()
    interruption.check()


def test_whoever_waits_for_a_turn_gives_its_place_up(stop: Interruption) -> None:
    admission = Admission(slots=1, clock=time.monotonic)
    with admission.slot(patience_s=600.0, deadline_s=600.0):
        timer = threading.Timer(0.05, stop.interrupt)
        timer.start()
        with pytest.raises(Interrupted), admission.slot(patience_s=600.0, deadline_s=600.0):
            raise AssertionError("it was never its turn")
        timer.join()
        assert (admission.running, admission.waiting) == (1, 0)
    assert admission.running == 0


def test_an_answer_is_left_in_the_middle_and_its_source_told(stop: Interruption) -> None:
    left = threading.Event()

    def produce(emit: Emit[int]) -> None:
        while not emit(1):
            time.sleep(0.005)
        left.set()

    relay = Relay[int](InThread(produce), limits=Limits.only(600.0))
    seen = 0
    with pytest.raises(Interrupted):
        for _ in relay:
            seen += 1
            if seen == 3:
                stop.interrupt()
    assert left.wait(60)


def test_a_model_is_not_asked_by_a_run_that_must_stop(stop: Interruption) -> None:
    def produce(emit: Emit[int]) -> None:
        raise AssertionError("it was asked")

    stop.interrupt()
    with pytest.raises(Interrupted):
        list(Relay[int](InThread(produce), limits=Limits.only(600.0)))
