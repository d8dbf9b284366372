"""Messages for a reasoning step: a stable prefix, the task once, each step appended, one closing line.

The order serves the prompt cache: what never changes comes first, and only the closing line is replaced.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from clawdbot.agents.brief import Brief, Part
from clawdbot.agents.offers import FINISH, Offer
from clawdbot.agents.progress import AnyTool, Progress, is_data_tool
from clawdbot.agents.quotations import QUOTE, SEARCH
from clawdbot.agents.steps import Step
from clawdbot.text.language import Language

_PROMPTS = files("clawdbot.agents") / "prompts"
_TEMPLATES = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False)
_SYSTEM, _TASK, _NEXT = (
    _TEMPLATES.from_string((_PROMPTS / f"{name}.md").read_text("utf-8")) for name in ("system", "task", "next")
)
OBSERVATION_LENGTH = 1_500
"""Characters of an observation that stay in the context; the rest is on disk."""

_QUOTING = (
    "call quote for the question: {question}\nFirst decide if one of the statements above says what is asked, for "
    "exactly the thing, person, place and time asked about (answered). If so, give the numbers of the statements that "
    "say it, also those of another document that says something else."
)

LANGUAGES: dict[Language, str] = {"zh": "Chinese (简体中文)", "en": "English"}


def system_prompt(tools: Mapping[str, AnyTool]) -> str:
    """The prefix that is the same for every run with these tools."""
    return _SYSTEM.render(tools=[{"name": t.name, "description": _first(t.description)} for t in tools.values()])


def _first(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else ""


def task_prompt(brief: Brief, data: str) -> str:
    """The goal with what is known before the first step."""
    deliver = [d for d in ("table", "chart", "report", "mail") if d in brief.deliverables]
    named = [_deliverable_words(d, brief) for d in deliver]
    return _TASK.render(
        data=data,
        goal=brief.goal,
        today=brief.today.isoformat(),
        facts=_period_facts(brief.parts),
        deliver=", ".join([*named, f"an answer in {LANGUAGES[brief.language]}"]),
    )


def _deliverable_words(kind: str, brief: Brief) -> str:
    if kind == "mail":
        return "a mail to " + ", ".join(r.address for r in brief.recipients)
    if kind == "chart":
        return f"{brief.charts} charts" if brief.charts > 1 else f"a {brief.chart_kind or ''} chart".replace("  ", " ")
    if kind == "table":
        return "the result as a file (" + ", ".join(brief.formats) + ")"
    return "a PDF report"


def _period_facts(parts: Sequence[Part]) -> list[str]:
    seen = {}
    for part in parts:
        for p in part.periods:
            bounds = [f"from {p.start}" if p.start else "", f"before {p.end}" if p.end else ""]
            seen[p.label] = f"Period {p.label!r} ({p.mention}) is {' and '.join(b for b in bounds if b)}."
    return list(seen.values())


def messages(
    system: str, task: str, steps: Sequence[Step], closing: str, *, hidden: frozenset[int] = frozenset()
) -> list[BaseMessage]:
    """System, task, the steps that stay visible, and the closing line."""
    found: list[BaseMessage] = [SystemMessage(system), HumanMessage(task)]
    for step in steps:
        if step.n in hidden:
            continue
        call = {"thought": step.thought, "tool": step.tool, "args": dict(step.args)}
        found.append(AIMessage(json.dumps(call, ensure_ascii=False)))
        found.append(HumanMessage(step.observation if step.tool == SEARCH else _cut(step.observation)))
    last = found[-1]
    found[-1] = HumanMessage(f"{last.content}\n{closing}")
    return found


def _cut(text: str) -> str:
    if len(text) <= OBSERVATION_LENGTH:
        return text
    return text[:OBSERVATION_LENGTH] + f" ... ({len(text) - OBSERVATION_LENGTH} more characters on disk)"


def closing_line(
    brief: Brief,
    progress: Progress,
    offers: Sequence[Offer],
    tools: Mapping[str, AnyTool],
    *,
    facts: str,
    problem: str,
    question: str = "",
) -> str:
    """What to do next, in one line; the last failure with its cure before it."""
    names = [o.name for o in offers]
    part = brief.parts[progress.part]
    data = [n for n in names if n in tools and is_data_tool(tools[n])]
    if data:
        task = f"get the data for: {part.text}" if len(brief.parts) > 1 else "get the data that answers the goal"
        task += f" with {' or '.join(names)}."
    elif names == [QUOTE]:
        task = _QUOTING.format(question=question)
    elif names == [FINISH]:
        task = (
            f"finish. Answer the goal in {LANGUAGES[brief.language]} with the facts above, in one to three sentences."
        )
    else:
        task = f"call {' or '.join(names)}." + _writing_note(names, brief)
    return _NEXT.render(problem=problem, facts=facts if not data else "", task=task)


def _writing_note(names: Sequence[str], brief: Brief) -> str:
    if {"report", "mail"} & set(names):
        return f" Write in {LANGUAGES[brief.language]}, two or three sentences, only true facts."
    return f" Titles in {LANGUAGES[brief.language]}." if "chart" in names else ""
