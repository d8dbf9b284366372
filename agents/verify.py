"""The verify node: the answer completed by code where needed, and the verdict from receipts."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clawdbot.agents.events import Listener, event
from clawdbot.agents.facts import facts, format_value, listing
from clawdbot.agents.facts import state as state_facts
from clawdbot.agents.offers import FINISH
from clawdbot.agents.planner import Frame, Planner
from clawdbot.agents.state import RunState
from clawdbot.agents.verdict import refusal, rule
from clawdbot.text.figures import mentions
from clawdbot.text.language import Language
from clawdbot.tools.workspace import TableInfo

FINISH_TRIES = 2
"""Answers with unsupported statements before code writes the answer."""

_LISTED = 30
_NOT_DONE = {"zh": "未完成：{what}。", "en": "Not done: {what}."}


def verify_node(planner: Planner, state: RunState, listener: Listener) -> dict[str, Any]:
    """Close the run: ``answer``, ``verdict`` and ``missing``."""
    frame = Frame.of(planner, state)
    brief = frame.brief
    listener(event("verify", state["run_id"]))
    planner.models.flush()
    answer, replaced = _answer(frame)
    if state.get("stop_kind") == "refused" and not answer:
        answer = state.get("stopped", "") or refusal(brief)
    ruling = rule(
        brief,
        frame.steps,
        frame.progress,
        planner.tools,
        answer=answer,
        replaced=replaced,
        stopped=state.get("stopped", ""),
        not_found=frame.quotations.missing(brief.language),
    )
    untold = [what for what in ruling.missing if what not in answer]
    if untold and state.get("stop_kind") != "refused":
        what = ("；" if brief.language == "zh" else "; ").join(untold)
        answer = f"{answer}\n{_NOT_DONE[brief.language].format(what=what)}".strip()
    return {
        "answer": answer,
        "citations": frame.quotations.citations(),
        "verdict": ruling.verdict,
        "missing": list(ruling.missing),
        "replaced": replaced,
        "elapsed_s": frame.elapsed_s,
    }


def _answer(frame: Frame) -> tuple[str, list[str]]:
    """The model's answer with rows it left out, or the code's own when the model's was not supported."""
    given = frame.state.get("answer", "")
    results = frame.results()
    quotations, language = frame.quotations, frame.brief.language
    if given and quotations.cited:
        originals = quotations.originals(language) if frame.brief.documents == "only" else ""
        given = "\n".join(t for t in (quotations.cite(given), originals, quotations.differences(language)) if t)
    if given:
        rows = [_shown(i, t, frame.brief.language) for i, t in results if _leaves_out(given, t)]
        return "\n\n".join([given, *rows]), []
    refused = [s for s in frame.steps if s.tool == FINISH and not s.ok]
    replaced = list(dict.fromkeys(w for s in refused for w in s.notes))
    said = [quotations.verbatim(language), quotations.differences(language), frame.not_found()]
    own = "\n".join([*(t for t in said if t), *([state_facts(results, language)] if results else [])])
    return own, [] if quotations.quotes and not results else replaced if refused else []


def _shown(info: TableInfo, table: pd.DataFrame, language: Language) -> str:
    return listing(info, table) if len(table) > 1 else " ".join(facts(info, table, language))


def _leaves_out(answer: str, table: pd.DataFrame) -> bool:
    """The table is short enough to be shown, and some name or number of it is not in the answer."""
    if not 0 < len(table) <= _LISTED:
        return False
    said = {round(m.value, 2) for m in mentions(answer)} | {round(m.value) for m in mentions(answer)}
    low = answer.lower()
    for value in table.to_numpy().ravel():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if value == value and round(abs(value), 2) not in said and round(abs(value)) not in said:
                return True
        elif format_value(value).lower() not in low:
            return True
    return False
