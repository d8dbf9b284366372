"""Effects on the world: a person approves them, each is written down, and none happens twice."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from clawdbot.access.envelope import Envelope
from clawdbot.config import Config, ToolsConfig
from clawdbot.errors import (
    ApprovalNeeded,
    OutcomeUnknown,
    PolicyRefused,
    RetryableToolError,
    StoreError,
    TerminalToolError,
)
from clawdbot.store.database import sqlite_url
from clawdbot.store.ledger import RunLedger
from clawdbot.tools import ToolContext, tool
from clawdbot.tools.contract import Effect, Tool
from clawdbot.tools.executor import Executor, Outcome, RunFrame
from clawdbot.tools.registry import Registry, RegistryEntry
from clawdbot.tools.workspace import Workspace


@dataclass(kw_only=True)
class World:
    """What a tool can change: every letter that it sent, and how the next one ends."""

    sent: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    fails: BaseException | None = None
    held: threading.Event | None = None
    entered: threading.Event = field(default_factory=threading.Event)


def poster(world: World, *, effect: Effect = "external", resumes: bool = False) -> Tool[..., str]:
    @tool(effect=effect, name="post", resumes=resumes)
    def post(letter: str, *, context: ToolContext) -> str:
        """Send a letter."""
        world.entered.set()
        if world.held is not None:
            world.held.wait(60)
        if world.fails is not None:
            raise world.fails
        world.sent.append(letter)
        world.keys.append(context.effect_key)
        return f"sent {letter}"

    return post


class Office:
    """A run with one external tool, on a real ledger."""

    def __init__(self, folder: Path, post: Tool[..., str], *, trusted: bool, timeout_s: float = 20.0) -> None:
        self.folder, self.post, self.trusted, self.timeout_s = folder, post, trusted, timeout_s
        self.ledger = RunLedger(sqlite_url(folder / "ledger.db"))
        self.run_id = self.ledger.create_run(goal="g", language="en", run_id="r1")
        self.executor = self.again()

    def again(self) -> Executor:
        """An executor as the next process would build it."""
        tools = ToolsConfig(timeout_s=self.timeout_s, trusted=("post",) if self.trusted else ())
        registry = Registry([RegistryEntry(name="post", origin="test", enabled=True, tool=self.post)])
        return Executor(registry, Config(tools=tools), self.ledger)

    def call(
        self, letter: str = "hello", *, step: int = 1, approvals: tuple[str, ...] = (),
        language: Literal["zh", "en"] = "en",
    ) -> Outcome:  # fmt: skip
        run = RunFrame(
            run_id=self.run_id, goal="g", language=language, workspace=Workspace(self.folder / "run"),
            envelope=Envelope(tools=frozenset({"post"})), deadline=time.monotonic() + 600,
        )  # fmt: skip
        return self.executor.call("post", {"letter": letter}, run=run, step=step, approvals=frozenset(approvals))

    def asked(self, letter: str = "hello", *, step: int = 1, approvals: tuple[str, ...] = ()) -> ApprovalNeeded:
        with pytest.raises(ApprovalNeeded) as caught:
            self.call(letter, step=step, approvals=approvals)
        return caught.value

    def states(self) -> list[str]:
        return [effect.state for effect in self.ledger.effects.of_run(self.run_id)]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def office(tmp_path: Path, world: World) -> Iterator[Office]:
    """The tool is trusted: nobody is asked."""
    made = Office(tmp_path, poster(world), trusted=True)
    yield made
    made.ledger.close()


@pytest.fixture
def strict(tmp_path: Path, world: World) -> Iterator[Office]:
    """A person is asked each time."""
    made = Office(tmp_path, poster(world), trusted=False)
    yield made
    made.ledger.close()


def test_an_effect_is_done_once_and_its_receipt_kept(office: Office, world: World) -> None:
    first = office.call()
    assert first.ok and first.receipt is not None and office.states() == ["done"]
    office.executor = office.again()
    second = office.call("another text at the same position")
    assert second.ok and second.receipt == first.receipt and second.result is None
    assert second.observation == "Done before: sent hello"
    assert world.sent == ["hello"]
    assert world.keys == [first.receipt["key"]]


def test_another_step_is_another_effect(office: Office, world: World) -> None:
    assert office.call(step=1).ok and office.call(step=2).ok
    assert world.sent == ["hello", "hello"] and len(set(world.keys)) == 2


@pytest.mark.parametrize("state", ["intent", "unknown"])
def test_what_was_cut_off_is_not_repeated(office: Office, world: World, state: str) -> None:
    world.fails = RetryableToolError("to learn the key")
    office.call()
    (effect,) = office.ledger.effects.of_run(office.run_id)
    office.ledger.effects.begin(key=effect.key, run_id=office.run_id, step=1, tool="post", effect="external")
    if state == "unknown":
        office.ledger.effects.unknown(effect.key)
    world.fails = None
    office.executor = office.again()
    outcome = office.call()
    assert (outcome.ok, outcome.error_kind) == (False, "terminal")
    assert "unknown. It is not repeated; a person must check" in outcome.observation
    assert world.sent == [] and office.states() == ["unknown"]


def test_a_tool_with_an_outbox_is_called_again_with_its_key(tmp_path: Path, world: World) -> None:
    office = Office(tmp_path, poster(world, resumes=True), trusted=True)
    world.fails = OSError("cut off")
    assert office.call().error_kind == "crash"
    assert office.states() == ["unknown"]
    world.fails = None
    assert office.call().ok and office.states() == ["done"] and world.sent == ["hello"]
    office.ledger.close()


@pytest.mark.parametrize("error", [RetryableToolError("busy"), TerminalToolError("no"), PolicyRefused("not she")])
def test_what_certainly_did_not_happen_may_be_tried_again(office: Office, world: World, error: Exception) -> None:
    world.fails = error
    assert not office.call().ok and office.states() == ["failed"]
    world.fails = None
    assert office.call().ok and office.states() == ["done"] and world.sent == ["hello"]


@pytest.mark.parametrize(
    ("error", "kind"), [(ConnectionResetError("reset"), "crash"), (OutcomeUnknown("No reply after DATA."), "terminal")]
)
def test_what_may_have_happened_is_unknown(office: Office, world: World, error: Exception, kind: str) -> None:
    world.fails = error
    outcome = office.call()
    assert outcome.error_kind == kind and office.states() == ["unknown"]
    assert ("Whether it took effect is unknown" in outcome.observation) == (kind == "crash")
    world.fails = None
    assert office.call().error_kind == "terminal" and world.sent == []


@pytest.mark.parametrize("error", [None, TerminalToolError("refused after all")])
def test_a_call_that_was_given_up_still_records_its_end(tmp_path: Path, world: World, error: Exception | None) -> None:
    world.held, world.fails = threading.Event(), error
    office = Office(tmp_path, poster(world), trusted=True, timeout_s=0.2)
    outcome = office.call()
    assert outcome.error_kind == "timeout" and "a person must check" in outcome.observation
    assert world.entered.is_set() and office.states() == ["unknown"]
    world.held.set()
    end = "done" if error is None else "failed"
    limit = time.monotonic() + 30
    while office.states() != [end] and time.monotonic() < limit:
        threading.Event().wait(0.01)
    assert office.states() == [end]
    office.ledger.close()


def test_without_its_ledger_no_effect_happens(office: Office, world: World) -> None:
    vandal = sqlite3.connect(office.folder / "ledger.db")
    vandal.execute("DROP TABLE effects")
    vandal.close()
    with pytest.raises(StoreError, match="no such table"):
        office.call()
    assert world.sent == []


def test_an_external_tool_asks_with_everything_it_would_do(strict: Office, world: World) -> None:
    asked = strict.asked("see you\u202e at six")
    assert asked.tool == "post" and world.sent == []
    assert "The tool post will act outside this machine (Send a letter.)" in asked.payload
    assert '"letter": "see you\\u202e at six"' in asked.payload, "what would mislead the eye is written out"
    assert strict.call("see you\u202e at six", approvals=(asked.payload_hash,)).ok
    with pytest.raises(ApprovalNeeded) as chinese:
        strict.call("hello", step=2, language="zh")
    assert chinese.value.payload.startswith("任务：r1；目前费用：0.00 USD\n原因：post 会在本机之外产生作用")
    assert "\n\n工具 post 将在本机之外产生作用" in chinese.value.payload


def test_an_approval_is_of_this_text_and_this_run(strict: Office, world: World) -> None:
    approved = strict.asked("hello").payload_hash
    assert strict.asked("hello!", approvals=(approved,)).payload_hash != approved
    strict.run_id = strict.ledger.create_run(goal="g", language="en", run_id="r2")
    assert strict.asked("hello", approvals=(approved,)).payload_hash != approved
    assert world.sent == []


def test_one_approval_covers_one_effect(strict: Office, world: World) -> None:
    first = strict.asked().payload_hash
    assert strict.call(approvals=(first,)).ok
    assert strict.call().ok, "taken up again, it was done before: nobody is asked"
    second = strict.asked(step=2, approvals=(first,)).payload_hash
    assert strict.call(step=2, approvals=(first, second)).ok
    assert world.sent == ["hello", "hello"]


def test_an_approval_holds_when_the_effect_did_not_happen(strict: Office, world: World) -> None:
    approved = strict.asked().payload_hash
    world.fails = RetryableToolError("mailbox busy")
    assert not strict.call(approvals=(approved,)).ok
    world.fails = None
    assert strict.call(step=2, approvals=(approved,)).ok
    assert world.sent == ["hello"]


def test_a_tool_may_say_when_it_asks(tmp_path: Path, world: World) -> None:
    post = poster(world, effect="artifact")

    @post.approved_by
    def strangers(context: ToolContext, args: Mapping[str, Any]) -> str | None:
        if args["letter"] == "forbidden":
            raise PolicyRefused("Not to him.")
        if args["letter"] == "broken":
            raise LookupError("address book")
        return f"Post {args['letter']!r} for {context.run_id}?" if args["letter"] == "strange" else None

    office = Office(tmp_path, post, trusted=False)
    assert office.call("known").ok
    asked = office.asked("strange", step=2)
    head = "Run: r1; cost so far: 0.00 USD\nAsked because the tool post asks for it.\n\n"
    assert asked.payload == f"{head}Post 'strange' for r1?"
    assert office.call("strange", step=2, approvals=(asked.payload_hash,)).ok
    assert office.call("forbidden", step=3).error_kind == "policy"
    assert office.call("broken", step=4).error_kind == "crash"
    assert world.sent == ["known", "strange"] and office.states() == []
    office.ledger.close()


def test_of_two_processes_one_does_the_effect(office: Office, world: World) -> None:
    world.held = threading.Event()
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(office.call()))
    thread.start()
    assert world.entered.wait(30)
    other = office.call()
    assert other.error_kind == "terminal" and "a person must check" in other.observation
    world.held.set()
    thread.join(30)
    assert [outcome.ok for outcome in outcomes] == [True]
    assert world.sent == ["hello"] and office.states() == ["done"]
