"""Calls from outside: what an HTTP door hands over."""

from __future__ import annotations

from typing import Any

import pytest

from clawdbot.errors import PolicyRefused, UsageError
from tests.workflows.schedules.conftest import Office

INPUTS = {"region": {"type": "string", "default": "north"}, "top": {"type": "integer", "default": 3}}


@pytest.fixture
def door(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("HOOK", "s3cret")
    hook = {"name": "call", "webhook": {"token_env": "HOOK"}, "inputs": {"top": 5}}
    office.enable("a", hook, {"name": "unset", "webhook": {"token_env": "NO_HOOK"}}, inputs=INPUTS)
    office.enable("b", {"name": "hourly", "cron": "0 * * * *"})
    return office


def inputs_of(office: Office, run_id: str) -> Any:
    spec: Any = office.ledger.get_run(run_id).spec
    return spec["inputs"]


def test_a_call_with_the_token_starts_a_run_with_its_inputs(door: Office) -> None:
    plain = door.scheduler.fire_webhook("a/call", "s3cret", b"")
    given = door.scheduler.fire_webhook("a/call", "s3cret", '{"region": "华北"}'.encode())
    assert inputs_of(door, plain) == {"region": "north", "top": 5}
    assert inputs_of(door, given) == {"region": "华北", "top": 5}
    assert [firing.outcome for firing in door.history()] == ["started", "started"]


def test_a_message_that_is_delivered_twice_starts_one_run(door: Office) -> None:
    first = door.scheduler.fire_webhook("a/call", "s3cret", b"{}", delivery="m1")
    door.now = door.now.replace(hour=9)
    assert door.scheduler.fire_webhook("a/call", "s3cret", b"{}", delivery="m1") == first
    assert door.scheduler.fire_webhook("a/call", "s3cret", b"{}", delivery="m2") != first


@pytest.mark.parametrize(
    ("name", "token"),
    [("a/call", "wrong"), ("a/call", ""), ("a/call", "sécret"), ("a/none", "s3cret"), ("b/hourly", "s3cret"),
     ("a", "s3cret"), ("a/unset", "")],
)  # fmt: skip
def test_without_the_token_nothing_is_told(door: Office, name: str, token: str) -> None:
    with pytest.raises(PolicyRefused, match="There is no such schedule, or the token is wrong"):
        door.scheduler.fire_webhook(name, token, b"{}")
    assert door.history() == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[1]", "no JSON object"),
        (b"region=north", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b" " * 256_001, "the limit is 256000"),
        (b'{"planet": "Mars"}', "planet"),
        (b'{"top": "many"}', "top"),
    ],
)
def test_a_body_that_does_not_fit_is_refused(door: Office, body: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        door.scheduler.fire_webhook("a/call", "s3cret", body)
    assert door.ledger.list_runs() == ()


def test_a_paused_schedule_takes_no_calls(door: Office) -> None:
    door.scheduler.pause("a/call", by="amy")
    with pytest.raises(UsageError, match="is paused"):
        door.scheduler.fire_webhook("a/call", "s3cret", b"{}")


def test_calls_overlap_as_the_trigger_says(door: Office) -> None:
    door.enable("c", *({"name": policy, "webhook": {"token_env": "HOOK"}, "overlap": policy}
                       for policy in ("skip", "queue")), inputs=INPUTS)  # fmt: skip
    for policy in ("skip", "queue"):
        door.scheduler.fire_webhook(f"c/{policy}", "s3cret", b"")
    with pytest.raises(UsageError, match="is not over"):
        door.scheduler.fire_webhook("c/skip", "s3cret", b"")
    promised = door.scheduler.fire_webhook("c/queue", "s3cret", b'{"region": "south"}')
    door.end(door.history("c/queue")[0].run_id)
    door.go(seconds=1)
    assert inputs_of(door, promised) == {"region": "south", "top": 3}
