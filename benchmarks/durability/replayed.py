"""A plain LangGraph that does what a run of ours did to its state, step by step, and nothing else.

So the number of nodes, of checkpoints and the size of each are the same; there is no planner, no tool, no ledger.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph

_OWN = ("__start__", "branch:")
"""Channels that LangGraph fills by itself."""


class Replayed:
    """The graph over the states in ``path`` (a list of channel values, oldest first)."""

    def __init__(self, path: Path, checkpointer: BaseCheckpointSaver[Any]) -> None:
        states = [_channels(state) for state in json.loads(path.read_text("utf-8"))[1:]]
        self._first = states[0]
        self._changes = [_changed(before, after) for before, after in itertools.pairwise(states)]
        names = {name for state in states for name in state}
        graph: Any = StateGraph(_schema(names | {"at"}))
        graph.add_node("play", self._play)
        graph.add_edge(START, "play")
        graph.add_conditional_edges("play", self._next)
        self._graph = graph.compile(checkpointer=checkpointer)

    def run(self, thread: str) -> int:
        """One run; returns how many nodes it had."""
        settings = RunnableConfig(configurable={"thread_id": thread}, recursion_limit=200)
        end = self._graph.invoke({**self._first, "at": 0}, settings, durability="sync")
        return int(end["at"])

    def _play(self, state: Mapping[str, Any]) -> dict[str, Any]:
        at = int(state["at"])
        return {**self._changes[at], "at": at + 1}

    def _next(self, state: Mapping[str, Any]) -> str:
        return "play" if int(state["at"]) < len(self._changes) else END


def _schema(names: Iterable[str]) -> Any:
    """A state with those channels; made of data, of which a type checker knows nothing."""
    functional: Any = TypedDict
    return functional("State", dict.fromkeys(names, Any), total=False)


def _channels(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if not name.startswith(_OWN)}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in after.items() if before.get(name) != value}
