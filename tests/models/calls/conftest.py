"""A clock that tests move, and rungs on real servers with a fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from benchmarks.faults.fault import Fault, Wire
from benchmarks.faults.server import MODEL, Brain, FaultyServer
from clawdbot.config import ModelConfig
from clawdbot.models.interface import Rung
from clawdbot.models.providers import build

ANSWER = {"table": "orders", "columns": ["region", "amount"]}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["table", "columns"],
    "properties": {
        "table": {"enum": ["orders", "customers"]},
        "columns": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"enum": ["region", "amount"]}},
    },
}
LIMITS: dict[str, dict[str, float]] = {
    "slow_first_token": {"first_token_timeout_s": 0.4},
    "stall": {"stall_timeout_s": 0.5},
}
"""Limits that a test can wait for, only where it has to: a busy machine must not look like a bad server."""


def right(messages: list[dict[str, str]], schema: dict[str, Any]) -> str:
    """What a model that works writes."""
    return json.dumps(ANSWER)


class Clock:
    """Monotonic seconds that stand still until they are moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


Serve = Callable[..., FaultyServer]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """``serve(wire, fault="none", faulty=..., brain=...)``: a listening server; closed after the test."""
    with ExitStack() as stack:

        def make(
            wire: Wire,
            fault: Fault = "none",
            *,
            faulty: Callable[[int], bool] = lambda number: True,
            brain: Brain = right,
        ) -> FaultyServer:
            return stack.enter_context(FaultyServer(wire, brain, fault, faulty=faulty))

        yield make


def settings(server: FaultyServer, **more: Any) -> ModelConfig:
    """The model of that server, with limits that a test can wait for."""
    limits = LIMITS.get(server.fault, {})
    given = {"provider": server.wire, "model": MODEL, "base_url": server.url, **limits, **more}
    return ModelConfig.model_validate(given)


def rung(server: FaultyServer, name: str = "flaky", **more: Any) -> Rung:
    """A rung on that server."""
    return build(name, settings(server, **more), home=Path("/nowhere"))
