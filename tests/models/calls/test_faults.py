"""Every fault of a server, in both wire formats, as the caller sees it.  Whole runs: ``python -m benchmarks.faults``.

The servers are real and listen on this machine; their wire formats are those of the public documentation of Ollama
("Generate a chat completion") and OpenAI ("The chat completion chunk object").
"""

from __future__ import annotations

import itertools
import time

import pytest
import stamina
from langchain_core.messages import HumanMessage

from benchmarks.faults.fault import WIRES, Fault, Wire
from clawdbot.config import RouterConfig
from clawdbot.errors import ModelError
from clawdbot.models.calls.caller import Caller
from clawdbot.models.calls.failures import failure_kind
from clawdbot.models.routing.step_context import FailureKind
from tests.models.calls.conftest import ANSWER, SCHEMA, Serve, rung, settings

ASK = [HumanMessage("Which table? " + "orders has region and amount. " * 120)]
DEADLINE_S = 20.0

KINDS: dict[Fault, tuple[FailureKind, int]] = {
    "refused": ("transient", 3),
    "slow_first_token": ("timeout", 2),
    "stall": ("transient", 3),
    "cut": ("transient", 3),
    "rate_limited": ("rate_limited", 3),
    "rate_limited_after": ("rate_limited", 3),
    "unavailable": ("overloaded", 3),
    "bad_json": ("schema_invalid", 1),
    "schema_violated": ("schema_invalid", 1),
    "silent_truncation": ("truncated", 1),
    "clock_jump": ("rate_limited", 3),
}
"""Fault: its kind, and how often a model that always has it is asked."""

CURED = [fault for fault, (_, tries) in KINDS.items() if tries > 1 and fault != "refused"]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("fault", KINDS)
def test_a_fault_that_stays_is_named_and_ends_in_time(wire: Wire, fault: Fault, serve: Serve) -> None:
    server = serve(wire, fault)
    if fault == "refused":
        server.stop()
    kind, tries = KINDS[fault]
    caller = Caller(RouterConfig(), {"flaky": settings(server)})
    began = time.monotonic()
    with stamina.set_testing(True, attempts=3), pytest.raises(ModelError) as caught:
        caller.ask(rung(server), ASK, SCHEMA, max_tokens=60, deadline_s=DEADLINE_S)
    assert failure_kind(caught.value) == kind
    assert caught.value.tries == tries
    assert len(server.asked) == (0 if fault == "refused" else tries)
    assert time.monotonic() - began < DEADLINE_S
    if fault in ("rate_limited_after", "clock_jump"):
        assert caught.value.retry_after_s == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("fault", CURED)
def test_a_fault_that_passes_is_survived(wire: Wire, fault: Fault, serve: Serve) -> None:
    server = serve(wire, fault, faulty=lambda number: number == 1)
    caller = Caller(RouterConfig(), {"flaky": settings(server)})
    with stamina.set_testing(True, attempts=3):
        answer, tries = caller.ask(rung(server), ASK, SCHEMA, max_tokens=60, deadline_s=DEADLINE_S)
    assert (answer.value, tries, len(server.asked)) == (ANSWER, 2, 2)
    assert caller.health("flaky").last_failure == ""


@pytest.mark.parametrize("wire", WIRES)
def test_an_answer_that_is_left_closes_its_connection(wire: Wire, serve: Serve) -> None:
    server = serve(wire, "stall")
    stream = rung(server).chat.stream(ASK, schema=SCHEMA)
    next(stream)
    stream.close()  # type: ignore[attr-defined]  # LangChain types the generator as an iterator
    assert server.left.wait(10)


@pytest.mark.parametrize("wire", WIRES)
def test_a_call_that_is_out_of_time_closes_its_connection(wire: Wire, serve: Serve) -> None:
    server = serve(wire, "slow_first_token")
    caller = Caller(RouterConfig(), {"flaky": settings(server)})
    with pytest.raises(ModelError, match="did not begin to answer within"):
        caller.ask(rung(server), ASK, SCHEMA, max_tokens=60, deadline_s=DEADLINE_S)
    assert server.left.wait(10)
    health = caller.health("flaky")
    assert (health.running, health.waiting) == (0, 0)


@pytest.mark.parametrize("wire", WIRES)
def test_a_jump_of_the_clock_changes_nothing(wire: Wire, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    jumps = itertools.cycle((7200.0, -7200.0, 0.0))
    monkeypatch.setattr(time, "time", lambda: real() + next(jumps))
    server = serve(wire, "clock_jump", faulty=lambda number: number == 1)
    caller = Caller(RouterConfig(), {"flaky": settings(server)})
    began = time.monotonic()
    answer, tries = caller.ask(rung(server), ASK, SCHEMA, max_tokens=60, deadline_s=DEADLINE_S)
    took = time.monotonic() - began
    assert (answer.value, tries) == (ANSWER, 2)
    assert 1.0 <= took < DEADLINE_S, "the server asked for one second, by its own wrong clock"


@pytest.mark.parametrize("wire", WIRES)
def test_speeds_are_measured(wire: Wire, serve: Serve) -> None:
    server = serve(wire)
    server.load_s = 3.0
    caller = Caller(RouterConfig(), {"flaky": settings(server)})
    before = caller.health("flaky")
    caller.ask(rung(server), ASK, SCHEMA, max_tokens=60, deadline_s=DEADLINE_S)
    after = caller.health("flaky")
    assert (before.prompt_tokens_s, before.loaded) == (None, wire == "openai")
    assert after.prompt_tokens_s is not None and after.prompt_tokens_s > 0
    assert after.loaded
    assert after.load_s == (3.0 if wire == "ollama" else 0.0)
