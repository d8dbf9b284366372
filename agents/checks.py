"""Our own checks around a call: text that a person will read before, results against the brief after."""

from __future__ import annotations

from clawdbot.agents.applied_rule import applies_limit, limit_clause
from clawdbot.agents.claims import unsupported_claims
from clawdbot.agents.planner import Frame
from clawdbot.agents.progress import is_data_tool
from clawdbot.agents.result_checks import check_result
from clawdbot.agents.steps import Intent
from clawdbot.agents.verdict import check_text, done_kinds
from clawdbot.text.language import Language, is_in
from clawdbot.tools.database.absent import found_nothing
from clawdbot.tools.executor import Outcome

_FIRM = ("the goal asks for", "the period")
"""Complaints that stand however often they are made; others (an empty result, a value) may be right after all."""

UNSUPPORTED = "No result supports: "
WRITE_IN: dict[Language, str] = {"zh": "Write it in Chinese (简体中文).", "en": "Write it in English."}

_SHOWN = 60
_PROSE = ("title", "summary", "subject", "body")


def check_call(frame: Frame, intent: Intent) -> str:
    """What is wrong with the words of a report or a mail, or nothing."""
    tool = frame.planner.tools.get(intent.tool)
    if tool is None or tool.provides not in ("report", "mail"):
        return ""
    text = " \n".join(str(intent.args[k]) for k in _PROSE if intent.args.get(k))
    done = done_kinds(frame.brief, frame.steps, frame.planner.tools) | {str(tool.provides)}
    wrong = check_text(text, frame.all_frames(), frame.brief, done, quotes=frame.quotes())
    if not wrong:
        return wrong_language(frame, text)
    return f"{UNSUPPORTED}{', '.join(wrong)}. Leave it out or use the true facts."


def check_answer(frame: Frame, answer: str, done: frozenset[str]) -> list[str]:
    """What the final answer states without support.  Words of documents are held against the quotes, to the letter."""
    if answer == frame.not_found():
        return []
    if frame.brief.documents == "only":
        echo = [answer[:_SHOWN]] if frame.quotations.adds_nothing(answer, frame.brief.goal) else []
        return [*frame.quotations.wrong(answer, frame.brief.goal), *unsupported_claims(answer, done), *echo]
    return check_text(answer, frame.all_frames(), frame.brief, done, quotes=frame.quotes())


def wrong_language(frame: Frame, text: str) -> str:
    """A reminder to write in the goal's language; given once, since a wrong language beats no report."""
    reminder = WRITE_IN[frame.brief.language]
    if is_in(text, frame.brief.language) or any(s.observation == reminder for s in frame.steps):
        return ""
    return reminder


def check_outcome(frame: Frame, intent: Intent, outcome: Outcome) -> list[str]:
    """One line for each contradiction between a data result and the brief."""
    tool = frame.planner.tools[intent.tool]
    if not is_data_tool(tool) or outcome.result is None or outcome.result.table is None:
        return []
    info = frame.workspace.table(outcome.result.table)
    table = frame.workspace.load_table(info.name)
    earlier = {note for s in frame.steps if s.part == frame.progress.part for note in s.notes}
    if found_nothing(table):
        found = ["nothing was found; check the filters and the period"]
    else:
        part = frame.brief.parts[frame.progress.part]
        found = check_result(table, info.sql, part, frame.grounding.hints.get("values", ()))
        found += [str(c) for c in (outcome.receipt or {}).get("complaints", ())]
    if frame.brief.documents == "both" and not applies_limit(info.sql, frame.brief.goal, frame.quotations.quotes):
        clause = limit_clause(frame.brief.goal, frame.quotations.quotes, "en").strip(" ()")
        found.append(f"the goal asks for rows by the document's limit: {clause}; filter by it")
    return [c for c in found if c not in earlier or c.startswith(_FIRM)]
