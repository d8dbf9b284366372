"""One path for every call: who may call, what is told when it goes wrong, and what is left behind."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, field_validator

from clawdbot.access.envelope import Envelope
from clawdbot.config import Config, ToolsConfig
from clawdbot.errors import (
    ApprovalNeeded,
    BudgetExceeded,
    ModelUnavailable,
    PolicyRefused,
    RetryableToolError,
    TerminalToolError,
)
from clawdbot.store.database import sqlite_url
from clawdbot.store.ledger import RunLedger
from clawdbot.tools import ToolContext, ToolResult, tool
from clawdbot.tools.executor import ERROR_LOG, Executor, Outcome, RunFrame
from clawdbot.tools.registry import AnyTool, Registry, RegistryEntry
from clawdbot.tools.workspace import Artifact, Workspace

seen: contextvars.ContextVar[str] = contextvars.ContextVar("seen", default="nothing")


class Filters(BaseModel):
    column: Literal["region", "year"]

    @field_validator("column")
    @classmethod
    def _never_year(cls, value: str) -> str:
        if value == "year":
            raise RuntimeError("a validator of its own")
        return value


@tool(effect="read")
def look(what: Literal["sales", "costs"], since: date | None = None, *, context: ToolContext) -> str:
    """Look something up."""
    return f"{what} since {since} for {context.run_id} with {context.service(dict)['source']} {context.hints}"


@tool(effect="read")
def pick(filters: list[Filters], count: int = 1) -> str:
    """Pick rows."""
    return f"{len(filters)} {count}"


@tool(effect="read")
def answer(kind: str) -> Any:
    """Return anything."""
    return ANSWERS[kind]()


@tool(effect="read")
def fail(how: str) -> str:
    """Fail in some way."""
    raise FAILURES[how]


@tool(effect="read")
async def wait(seconds: float) -> str:
    """Wait without holding a thread."""
    await asyncio.sleep(seconds)
    return seen.get()


@tool(effect="artifact", provides="report")
def write(text: str, *, context: ToolContext) -> ToolResult:
    """Write a file."""
    path = context.workspace.artifact_path("note", suffix=".txt")
    path.write_text(text)
    made = context.workspace.add_artifact(path, kind="note")
    return ToolResult(observation="written", summary="a note", artifacts=(made,), receipt={"step": 99, "words": 1})


ANSWERS: dict[str, Callable[[], object]] = {
    "text": lambda: "plain",
    "long": lambda: "x" * 10_000_000,
    "controls": lambda: "a\x1b[31mb\x00c\td\x9be \ud800",
    "list": lambda: [{"年": 2024, "ratio": float("nan")}],
    "model": lambda: Filters(column="region"),
    "nothing": lambda: None,
    "empty": lambda: "",
    "frame": lambda: pd.DataFrame({"n": range(20), "name": [f"row {n}" for n in range(20)]}),
    "object": object,
    "claims a table": lambda: ToolResult(observation="saved", table="never"),
    "claims a file": lambda: ToolResult(
        observation="made", artifacts=(Artifact(name="x.pdf", kind="report", path="/x.pdf", sha256="0", bytes=1),)
    ),
}
FAILURES: dict[str, BaseException] = {
    "retry": RetryableToolError("No table 'x'.", hint="Tables: y."),
    "terminal": TerminalToolError("The printer is gone."),
    "policy": PolicyRefused("Not this host."),
    "asks": ApprovalNeeded("Ask somebody."),
    "model": ModelUnavailable("No embedding model."),
    "crash": ZeroDivisionError("first line\nsecond line"),
    "wordless": AssertionError(),
    "long": ValueError("y" * 5000),
    "exit": SystemExit(3),
    "surrogate": ValueError("bad \ud800 text"),
    "timeout": TimeoutError("the server's"),
}
TOOLS: tuple[AnyTool, ...] = (look, pick, answer, fail, wait, write)


class Bench:
    """An executor with real parts, and a run to call tools for."""

    def __init__(self, folder: Path, *tools: AnyTool, timeout_s: float = 20.0, trusted: tuple[str, ...] = ()) -> None:
        self.ledger = RunLedger(sqlite_url(folder / "ledger.db"))
        entries = [RegistryEntry(name=made.name, origin="test", enabled=True, tool=made) for made in tools]
        entries.append(RegistryEntry(name="idle", origin="test", enabled=False, tool=look))
        config = Config(tools=ToolsConfig(timeout_s=timeout_s, trusted=trusted))
        self.executor = Executor(Registry(entries), config, self.ledger, {dict: {"source": "a service"}})
        self.run_id = self.ledger.create_run(goal="g", language="en")
        self.names = frozenset(made.name for made in tools)
        self.workspace = Workspace(folder / "run")
        self.deadline = time.monotonic() + 600

    def call(self, name: str, /, *, step: int = 1, **args: Any) -> Outcome:
        run = RunFrame(
            run_id=self.run_id, goal="g", language="en", workspace=self.workspace, deadline=self.deadline,
            envelope=Envelope(tools=self.names | {"idle", "not_there"}), hints={"grain": "month"},
        )  # fmt: skip
        return self.executor.call(name, args, run=run, step=step)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, *TOOLS)
    yield made
    made.ledger.close()


def test_a_call_gives_an_observation_and_a_receipt(bench: Bench) -> None:
    outcome = bench.call("look", what="sales", since="2026-01-01")
    told = f"sales since 2026-01-01 for {bench.run_id} with a service {{'grain': 'month'}}"
    assert (outcome.ok, outcome.observation, outcome.error_kind) == (True, told, None)
    assert outcome.receipt is not None and outcome.result is not None and outcome.ms > 0
    key = outcome.receipt.pop("key")
    assert outcome.receipt == {"step": 1, "tool": "look", "effect": "read", "summary": told}
    again = bench.call("look", what="costs")
    assert again.receipt is not None and again.receipt["key"] == key, "the key is of the position, not the arguments"
    other = bench.call("look", what="costs", step=2)
    assert other.receipt is not None and other.receipt["key"] != key
    assert bench.ledger.effects.of_run(bench.run_id) == (), "reading leaves no effect"


def test_a_tools_own_facts_do_not_replace_the_receipts(bench: Bench) -> None:
    receipt = bench.call("write", text="hello").receipt
    assert receipt is not None
    assert (receipt["step"], receipt["summary"], receipt["provides"], receipt["words"]) == (1, "a note", "report", 1)
    (made,) = bench.workspace.artifacts()
    assert receipt["artifacts"] == [{"name": "note.txt", "sha256": made.sha256}]


@pytest.mark.parametrize(
    ("name", "args", "kind", "says"),
    [
        ("lok", {}, "retryable", "no tool 'lok'. Usable: look, pick"),
        ("idle", {}, "retryable", "'idle' is not enabled"),
        ("look", {}, "retryable", "Wrong arguments for look: what is missing."),
        ("look", {"what": "sale"}, "retryable", "what is 'sale'; allowed: 'sales', 'costs'; nearest: 'sales'."),
        ("look", {"what": 7}, "retryable", "what is 7; allowed: 'sales', 'costs'."),
        ("look", {"wat": "sales", "what": "sales"}, "retryable",
         "there is no argument 'wat' (arguments: what, since; nearest: 'what')."),
        ("look", {"what": "sales", "since": "soon"}, "retryable", "since is 'soon': input should be a valid date"),
        ("pick", {"filters": [{"column": "regio"}, {}]}, "retryable",
         "filters[0].column is 'regio'; allowed: 'region', 'year'; nearest: 'region'; filters[1].column is missing."),
        ("pick", {"filters": "x" * 500}, "retryable", "input should be a valid list"),
        ("pick", {"filters": {}, "count": "two"}, "retryable", "filters is {}: input should be a valid list; count is"),
        ("pick", {"filters": [{"column": "year"}]}, "crash", "tool failed: RuntimeError: a validator of its own."),
        ("fail", {"how": "retry"}, "retryable", "No table 'x'. Tables: y."),
        ("fail", {"how": "terminal"}, "terminal", "The printer is gone."),
        ("fail", {"how": "policy"}, "policy", "Not this host."),
        ("fail", {"how": "asks"}, "policy", "Ask somebody."),
        ("fail", {"how": "model"}, "terminal", "No embedding model."),
        ("fail", {"how": "crash"}, "crash", "tool failed: ZeroDivisionError: first line."),
        ("fail", {"how": "wordless"}, "crash", "tool failed: AssertionError: no message."),
        ("fail", {"how": "exit"}, "crash", "tool failed: SystemExit: 3."),
        ("fail", {"how": "timeout"}, "crash", "tool failed: TimeoutError: the server's."),
        ("answer", {"kind": "object"}, "crash", "tool failed: TypeError: it returned object; a tool returns text"),
        ("answer", {"kind": "claims a table"}, "crash", "it claims a table 'never' that was never saved"),
        ("answer", {"kind": "claims a file"}, "crash", "it claims a file 'x.pdf' that is not in the run's folder"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_told_in_one_line(
    bench: Bench, name: str, args: dict[str, Any], kind: str, says: str
) -> None:
    outcome = bench.call(name, **args)
    assert (outcome.ok, outcome.error_kind, outcome.receipt, outcome.result) == (False, kind, None, None)
    assert says in outcome.observation
    assert "\n" not in outcome.observation and len(outcome.observation) < 700


def test_a_tool_outside_the_envelope_is_refused(bench: Bench) -> None:
    bench.names = frozenset({"pick"})
    outcome = bench.call("look", what="sales")
    assert (outcome.ok, outcome.error_kind) == (False, "policy")
    assert "may not use 'look'" in outcome.observation


@pytest.mark.parametrize(
    ("kind", "observation"),
    [
        ("text", "plain"),
        ("controls", "a[31mbc\tde ?"),
        ("list", '[{"年": 2024, "ratio": null}]'),
        ("model", '{"column": "region"}'),
        ("nothing", "done"),
        ("empty", ""),
    ],
)
def test_what_a_tool_may_return(bench: Bench, kind: str, observation: str) -> None:
    outcome = bench.call("answer", kind=kind)
    assert outcome.ok and outcome.observation == observation


def test_a_long_result_is_cut_with_a_note(bench: Bench) -> None:
    outcome = bench.call("answer", kind="long")
    assert outcome.observation.endswith("x\n[cut: 4000 of 10000000 characters]")
    assert outcome.receipt is not None and len(outcome.receipt["summary"]) == 120


def test_a_table_is_saved_and_previewed(bench: Bench) -> None:
    outcome = bench.call("answer", kind="frame")
    lines = outcome.observation.splitlines()
    assert lines[0] == "Saved as table 'answer': 20 rows; columns: n (integer), name (text)."
    assert lines[1:3] == ["n,name", "0,row 0"] and lines[-1] == "... 12 more rows"
    assert outcome.receipt is not None
    assert (outcome.receipt["table"], outcome.receipt["rows"]) == ("answer", 20)
    assert len(bench.workspace.load_table("answer")) == 20


@pytest.mark.parametrize("how", ["crash", "surrogate", "long"])
def test_a_crash_leaves_its_traceback_in_the_runs_folder(bench: Bench, how: str) -> None:
    outcome = bench.call("fail", how=how)
    assert len(outcome.observation) < 600
    kept = (bench.workspace.root / ERROR_LOG).read_text("utf-8")
    assert "step 1 fail" in kept and "Traceback" in kept and type(FAILURES[how]).__name__ in kept


def test_a_traceback_that_cannot_be_kept_does_not_stop_the_run(
    bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A library that configures logging in an earlier test turns off every logger that exists.
    monkeypatch.setattr(logging.getLogger("clawdbot.tools.executor"), "disabled", False)
    (bench.workspace.root / ERROR_LOG).mkdir()
    with caplog.at_level(logging.WARNING):
        assert bench.call("fail", how="crash").error_kind == "crash"
    assert "traceback of fail could not be kept" in caplog.text


def test_the_budget_and_the_persons_interrupt_pass_through(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAILURES, "budget", BudgetExceeded("Spent."))
    with pytest.raises(BudgetExceeded):
        bench.call("fail", how="budget")
    monkeypatch.setitem(FAILURES, "interrupt", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        bench.call("fail", how="interrupt")


def test_context_variables_reach_plain_and_async_tools(bench: Bench) -> None:
    token = seen.set("the caller's")
    assert bench.call("wait", seconds=0).observation == "the caller's"
    seen.reset(token)
    assert bench.call("wait", seconds=0).observation == "nothing"


def test_an_async_tool_is_cancelled_at_the_limit(tmp_path: Path) -> None:
    bench = Bench(tmp_path, wait, timeout_s=0.05)
    outcome = bench.call("wait", seconds=600)
    assert (outcome.error_kind, outcome.observation) == ("timeout", "wait did not return in time and was given up.")
    bench.ledger.close()


def test_a_plain_tool_is_given_up_and_the_next_call_goes_on(tmp_path: Path) -> None:
    release, entered = threading.Event(), threading.Event()

    @tool(effect="read")
    def hang(how: str) -> str:
        """Hang until told."""
        entered.set()
        if how == "long":
            release.wait(60)
        return "back"

    bench = Bench(tmp_path, hang, timeout_s=0.2)
    assert bench.call("hang", how="long").error_kind == "timeout"
    assert entered.is_set()
    assert bench.call("hang", how="short").observation == "back"
    release.set()
    bench.ledger.close()


def test_no_call_begins_after_the_runs_deadline(bench: Bench) -> None:
    bench.deadline = time.monotonic() - 1
    outcome = bench.call("look", what="sales")
    assert outcome.error_kind == "timeout" and "nothing was called" in outcome.observation


def test_threads_are_reused(bench: Bench) -> None:
    bench.call("look", what="sales")
    before = threading.active_count()
    for step in range(20):
        bench.call("look", what="sales", step=step)
    assert threading.active_count() == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(args=st.dictionaries(st.sampled_from(["what", "since", "filters", "count", "\ud800", ""]), JSON))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_arguments_break_the_executor(bench: Bench, args: dict[str, Any]) -> None:
    for name in ("look", "pick"):
        outcome = bench.call(name, **args)
        assert outcome.ok or (outcome.error_kind == "retryable" and "\n" not in outcome.observation)
