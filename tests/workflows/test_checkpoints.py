"""Checkpoints in the ledger: langgraph's own suite, exact round trips, and the lease that every write needs."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypedDict
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Interrupt, Send, interrupt

from clawdbot.errors import LeaseLost
from clawdbot.store import plain_json
from clawdbot.store.leases import Lease
from clawdbot.store.ledger import RunLedger
from clawdbot.store.queue import NewRun
from clawdbot.workflows.checkpoint_json import decode, encode
from clawdbot.workflows.checkpoints import LedgerCheckpoints
from clawdbot.workflows.older_checkpoints import bring_in


class Asynchronous(LedgerCheckpoints):
    """The suite awaits; the product does not."""

    async def aput(self, *given: Any) -> RunnableConfig:
        return self.put(*given)

    async def aput_writes(self, *given: Any, **named: Any) -> None:
        self.put_writes(*given, **named)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        return self.get_tuple(config)

    async def alist(self, config: RunnableConfig | None, **named: Any) -> AsyncIterator[CheckpointTuple]:
        for found in self.list(config, **named):
            yield found

    async def adelete_thread(self, thread_id: str) -> None:
        self.delete_thread(thread_id)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        self.copy_thread(source_thread_id, target_thread_id)


def saver(ledger: RunLedger) -> LedgerCheckpoints:
    return LedgerCheckpoints(ledger.database, ledger.leases)


def test_langgraphs_suite_for_checkpointers_passes(ledger: RunLedger) -> None:
    @checkpointer_test(name="ledger")
    async def made() -> AsyncGenerator[BaseCheckpointSaver[Any], None]:
        checkpoints = Asynchronous(ledger.database, ledger.leases)
        for found in list(checkpoints.list(None)):
            checkpoints.delete_thread(found.config["configurable"]["thread_id"])
        yield checkpoints

    report = asyncio.run(validate(made))
    failures = {name: result.failures for name, result in report.results.items() if result.failures}
    assert not failures
    tried = {name for name, result in report.results.items() if result.detected}
    assert tried == {"put", "put_writes", "get_tuple", "list", "delete_thread", "copy_thread"}


class Tour(TypedDict, total=False):
    seen: list[str]
    answer: Any
    odd: Any


def tour(checkpointer: BaseCheckpointSaver[Any]) -> Any:
    """A graph with a branch, a question and a Send."""

    def first(state: Tour) -> dict[str, Any]:
        return {"seen": [*state.get("seen", []), "first"], "odd": {"at": date(2026, 1, 31), 3: ["a", b"\x00\xff"]}}

    def ask(state: Tour) -> dict[str, Any]:
        return {"answer": [interrupt({"question": 1}), interrupt({"question": 2})]}

    def last(state: Tour) -> dict[str, Any]:
        return {"seen": [*state["seen"], "last"]}

    graph = StateGraph(Tour)
    graph.add_node("first", first)
    graph.add_node("ask", ask)
    graph.add_node("last", last)
    graph.add_edge(START, "first")
    graph.add_edge("first", "ask")
    graph.add_conditional_edges("ask", lambda state: [Send("last", {"seen": [*state["seen"], "sent"]})], ["last"])
    graph.add_edge("last", END)
    return graph.compile(checkpointer=checkpointer)


def story(checkpointer: BaseCheckpointSaver[Any]) -> list[Any]:
    """What somebody sees of a run that is asked twice, each time with the graph built anew."""
    config: RunnableConfig = {"configurable": {"thread_id": "tour"}}
    told: list[Any] = [tour(checkpointer).invoke({"seen": ["start"]}, config, durability="sync")]
    for answer in ({"yes": Decimal("1.50")}, "no"):
        state = tour(checkpointer).get_state(config)
        told.append((state.values, state.next, [i.value for i in state.interrupts]))
        told.append(tour(checkpointer).invoke(Command(resume=answer), config, durability="sync"))
    history = tour(checkpointer).get_state_history(config)
    told.append([(state.values, state.next, state.metadata["step"], len(state.tasks)) for state in history])
    return [json.loads(plain_json.dumps(repr(one))) for one in told]


def test_a_graph_behaves_as_with_langgraphs_own_checkpointers(ledger: RunLedger) -> None:
    ours, memory = story(saver(ledger)), story(InMemorySaver())
    with closing(sqlite3.connect(":memory:", check_same_thread=False)) as connection:
        assert without_ids(story(SqliteSaver(connection))) == without_ids(memory) == without_ids(ours)


def without_ids(told: Sequence[Any]) -> str:
    """Ids of interrupts depend on the task's id, which depends on the checkpoint's."""
    return re.sub(r"id='[0-9a-f]{32}'", "id", str(list(told)))


plain = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
special = (
    st.binary()
    | st.decimals(allow_nan=False)
    | st.datetimes(timezones=st.just(UTC) | st.none())
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.uuids()
    | st.binary().map(bytearray)
    | st.sampled_from([float("inf"), float("-inf"), "\ud800", "a\x00b", {"$type": "tuple", "value": 1}])
)
hashable = st.integers() | st.text() | st.booleans() | st.tuples(st.integers(), st.text())


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=3)
        | st.dictionaries(hashable, inner, max_size=3)
        | st.sets(hashable, max_size=3)
        | st.frozensets(hashable, max_size=3)
        | st.builds(Send, st.text(), inner)
        | st.builds(Interrupt, value=inner, id=st.text())
        | st.builds(Command, update=inner, resume=inner, goto=st.text() | st.builds(Send, st.text(), inner))
    )


@given(st.recursive(plain | special, nested, max_leaves=12))
@settings(max_examples=200)
def test_whatever_a_state_may_hold_comes_back_as_it_was(value: Any) -> None:
    stored = json.loads(plain_json.dumps(encode(value)))
    back = decode(stored)
    assert back == value
    assert types(back) == types(value)


def types(value: Any) -> Any:
    """The type of everything in it; members of sets in an order of their own."""
    inner: list[Any] = []
    if isinstance(value, dict):
        inner = [types(part) for pair in value.items() for part in pair]
    elif isinstance(value, set | frozenset):
        inner = sorted((types(part) for part in value), key=repr)
    elif isinstance(value, list | tuple):
        inner = [types(part) for part in value]
    elif isinstance(value, Send):
        inner = [types(value.arg)]
    elif isinstance(value, Interrupt):
        inner = [types(value.value)]
    elif isinstance(value, Command):
        inner = [types(value.update), types(value.resume), types(value.goto)]
    return type(value).__name__, inner


def test_what_is_not_json_is_refused_and_an_exception_becomes_its_text() -> None:
    with pytest.raises(TypeError, match="object"):
        encode({"a": [object()]})
    with pytest.raises(TypeError, match="time limit"):
        encode(Send("node", {}, timeout=1.0))
    assert decode(encode(ValueError("wrong"))) == "ValueError('wrong')"
    assert decode(encode(float("nan"))) != decode(encode(float("nan")))


def test_values_survive_the_database(ledger: RunLedger) -> None:
    kept = {
        "a": (1, {2}), "b": "\ud800 \x00", "c": datetime(2026, 1, 31, tzinfo=UTC), "d": Decimal("1.10"),
        "e": float("inf"), "f": 2**70, "g": time(1, 2), "h": timedelta(days=1, microseconds=3), "i": UUID(int=7),
    }  # fmt: skip
    where: RunnableConfig = {"configurable": {"thread_id": "r", "checkpoint_ns": ""}}
    graph = tour(saver(ledger))
    graph.invoke({"seen": [], "odd": kept}, where, durability="sync")
    first = list(graph.get_state_history(where))[-2]
    assert first.values["odd"] == kept


Write = Callable[[LedgerCheckpoints, RunnableConfig], None]


def put(checkpoints: LedgerCheckpoints, where: RunnableConfig) -> None:
    found = checkpoints.get_tuple(where)
    assert found is not None
    checkpoints.put(where, found.checkpoint, found.metadata, {})


def put_writes(checkpoints: LedgerCheckpoints, where: RunnableConfig) -> None:
    found = checkpoints.get_tuple(where)
    assert found is not None
    checkpoints.put_writes(found.config, [("channel", 1)], "task")


@pytest.mark.parametrize("write", [put, put_writes])
def test_whoever_lost_the_run_writes_no_checkpoint(ledger_url: str, ledger: RunLedger, write: Write) -> None:
    claimed = ledger.queue.begin(NewRun(goal="g", language="en", user="u"), "one")
    where: RunnableConfig = {"configurable": {"thread_id": claimed.lease.run_id, "checkpoint_ns": ""}}
    checkpoints = saver(ledger)
    with ledger.queue.held(claimed.lease):
        tour(checkpoints).invoke({"seen": []}, where, durability="sync")
        kept = list(checkpoints.list(where))
        write(checkpoints, where)
        ledger.leases.add(replace(claimed.lease, token=claimed.lease.token - 1))
        with pytest.raises(LeaseLost):
            write(checkpoints, where)
        ledger.leases.add(claimed.lease)
    ledger.leases.drop(Lease(run_id=claimed.lease.run_id, owner="one", token=1))
    assert [c.config for c in checkpoints.list(where)][-len(kept) :] == [c.config for c in kept]


def test_only_a_checkpoint_is_progress_that_forgets_crashes(ledger: RunLedger) -> None:
    ledger.queue.lease_s = 0.0
    run_id = ledger.queue.accept(NewRun(goal="g", language="en", user="u"))
    claims = [ledger.queue.claim("worker") for _ in range(3)]
    last = claims[-1]
    assert last is not None
    assert last.attempts == 3
    where: RunnableConfig = {"configurable": {"thread_id": run_id, "checkpoint_ns": ""}}
    checkpoints = saver(ledger)
    with ledger.queue.held(last.lease):
        ledger.events.append(run_id, {"event": "run"})
        ledger.add_step(run_id, 1, {"n": 1})
        ledger.effects.begin(key="k", run_id=run_id, step=1, tool="mail", effect="external")
        checkpoints.put_writes(
            {"configurable": {**where["configurable"], "checkpoint_id": "c"}}, [("channel", 1)], "task"
        )
        assert ledger.get_run(run_id).attempts == 3
        tour(checkpoints).invoke({"seen": []}, where, durability="sync")
    assert ledger.get_run(run_id).attempts == 0


def test_a_thread_is_copied_with_what_was_pending(ledger: RunLedger) -> None:
    checkpoints = saver(ledger)
    where: RunnableConfig = {"configurable": {"thread_id": "tour"}}
    tour(checkpoints).invoke({"seen": []}, where, durability="sync")
    checkpoints.copy_thread("tour", "copy")
    there: RunnableConfig = {"configurable": {"thread_id": "copy"}}
    copied = tour(checkpoints).invoke(Command(resume="a"), there, durability="sync")
    assert [i.value for i in copied["__interrupt__"]] == [{"question": 2}]
    assert [i.value for i in tour(checkpoints).get_state(where).interrupts] == [{"question": 1}]


def test_a_run_of_an_older_version_is_brought_in_where_it_waits(ledger: RunLedger, tmp_path: Path) -> None:
    file = tmp_path / "checkpoints.db"
    where: RunnableConfig = {"configurable": {"thread_id": "tour"}}
    with closing(sqlite3.connect(file, check_same_thread=False)) as connection:
        tour(SqliteSaver(connection)).invoke({"seen": []}, where, durability="sync")
        tour(SqliteSaver(connection)).invoke(Command(resume="a"), where, durability="sync")
    checkpoints = saver(ledger)
    assert not bring_in(tmp_path / "nothing.db", "tour", checkpoints)
    assert not bring_in(file, "another", checkpoints)
    assert bring_in(file, "tour", checkpoints)
    state = tour(checkpoints).get_state(where)
    assert [i.value for i in state.interrupts] == [{"question": 2}]
    ended = tour(checkpoints).invoke(Command(resume="b"), where, durability="sync")
    assert ended["answer"] == ["a", "b"]
