"""The verify node: the answer completed by code where needed, and the verdict from receipts."""

from __future__ import annotations

from typing import Any

from clawdbot.agents.events import Listener, event
from clawdbot.agents.facts import format_value, listing
from clawdbot.agents.facts import state as state_facts
from clawdbot.agents.offers import FINISH
from clawdbot.agents.planner import Frame, Planner
from clawdbot.agents.state import RunState
from clawdbot.agents.verdict import refusal, rule

FINISH_TRIES = 2
"""Answers with unsupported statements before code writes the answer."""

_LISTED = 30
_NOT_DONE = {"zh": "未完成：{what}。", "en": "Not done: {what}."}


def verify_node(planner: Planner, state: RunState, listener: Listener) -> dict[str, Any]:
    """Close the run: ``answer``, ``verdict`` and ``missing``."""
    frame = Frame.of(planner, state)
    brief = frame.brief
    listener(event("verify", state["run_id"]))
    answer, replaced = _answer(frame)
    ruling = rule(
        brief,
        frame.steps,
        frame.progress,
        planner.tools,
        answer=answer,
        replaced=replaced,
        stopped=state.get("stopped", ""),
    )
    if state.get("stop_kind") == "refused" and not answer:
        answer = state.get("stopped", "") or refusal(brief)
    elif ruling.missing:
        what = ("；" if brief.language == "zh" else "; ").join(ruling.missing)
        answer = f"{answer}\n{_NOT_DONE[brief.language].format(what=what)}".strip()
    return {
        "answer": answer,
        "verdict": ruling.verdict,
        "missing": list(ruling.missing),
        "replaced": replaced,
        "elapsed_s": frame.elapsed_s,
    }


def _answer(frame: Frame) -> tuple[str, list[str]]:
    """The model's answer with rows it left out, or the code's own when the model's was not supported."""
    given = frame.state.get("answer", "")
    results = frame.results()
    if given:
        rows = [listing(i, t) for i, t in results if 1 < len(t) <= _LISTED and _leaves_out(given, t)]
        return "\n\n".join([given, *rows]), []
    refused = [s for s in frame.steps if s.tool == FINISH and not s.ok]
    replaced = list(dict.fromkeys(w for s in refused for w in s.notes))
    return state_facts(results, frame.brief.language) if results else "", replaced if refused else []


def _leaves_out(answer: str, table: Any) -> bool:
    """Some row's first cell is not in the answer."""
    plain = answer.replace(",", "")
    return any(format_value(v).replace(",", "") not in plain for v in table.iloc[:, 0])
