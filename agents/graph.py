"""The planner graph: brief -> reason -> act -> (reason | verify) -> end, checkpointed after every node."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from clawdbot.agents.act import act_node
from clawdbot.agents.asking import suspend
from clawdbot.agents.events import Listener, event, silent
from clawdbot.agents.fence import fenced
from clawdbot.agents.offers import FINISH
from clawdbot.agents.planner import Planner, brief_of
from clawdbot.agents.reason import reason_node
from clawdbot.agents.state import RunState
from clawdbot.agents.verify import FINISH_TRIES, verify_node

Graph = CompiledStateGraph[RunState, None, RunState, RunState]


def build_graph(planner: Planner, checkpointer: BaseCheckpointSaver[Any]) -> Graph:
    """The compiled graph.  Invoke with ``durability="sync"`` and ``configurable = {thread_id, listener}``."""

    def brief(state: RunState, config: RunnableConfig) -> dict[str, Any]:
        found = fenced(brief_of(planner, state["goal"], ask=state.get("ask", False)), state.get("fence"))
        _listener(config)(event("brief", state["run_id"], brief=found.as_json()))
        stop = "refused" if found.only_refused else ""
        return {"brief": found.as_json(), "steps": [], "stopped": "", "stop_kind": stop}

    def reason(state: RunState, config: RunnableConfig) -> dict[str, Any]:
        return reason_node(planner, state, _listener(config), suspend)

    def act(state: RunState, config: RunnableConfig) -> dict[str, Any]:
        return act_node(planner, state, _listener(config), suspend)

    def verify(state: RunState, config: RunnableConfig) -> dict[str, Any]:
        return verify_node(planner, state, _listener(config))

    graph = StateGraph(RunState)
    graph.add_node("brief", brief)
    graph.add_node("reason", reason)
    graph.add_node("act", act)
    graph.add_node("verify", verify)
    graph.add_edge(START, "brief")
    graph.add_conditional_edges("brief", lambda s: "verify" if s["stop_kind"] else "reason", ["verify", "reason"])
    graph.add_conditional_edges("reason", _after_reason, ["act", "reason", "verify"])
    graph.add_conditional_edges("act", _after_act, ["reason", "verify"])
    graph.add_edge("verify", END)
    return graph.compile(checkpointer=checkpointer)


def _after_reason(state: RunState) -> str:
    if state["stop_kind"]:
        return "verify"
    return "act" if state.get("intent") else "reason"


def _after_act(state: RunState) -> str:
    finishes = [s for s in state["steps"] if s["tool"] == FINISH]
    return "verify" if state.get("answer") or len(finishes) >= FINISH_TRIES else "reason"


def _listener(config: RunnableConfig) -> Listener:
    found: Listener = config.get("configurable", {}).get("listener", silent)
    return found
