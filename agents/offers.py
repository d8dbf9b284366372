"""Live schemas: which tools the next step may call, and the JSON Schema it is decoded under.

Masking does what telling a small model does not: a tool that the brief does not ask for, that is not ready, or that
just failed in the same way is not in the schema; ``finish`` is there when nothing else is left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clawdbot.agents.brief import Brief
from clawdbot.agents.progress import AnyTool, Progress, is_data_tool
from clawdbot.agents.quotations import QUOTE, SEARCH
from clawdbot.agents.steps import Step
from clawdbot.tools.contract import RunView, Schema

FINISH = "finish"
THOUGHT_LENGTH = 160
ANSWER_LENGTH = 900

FINISH_SCHEMA: Schema = {
    "type": "object",
    "properties": {"answer": {"type": "string", "minLength": 1, "maxLength": ANSWER_LENGTH}},
    "required": ["answer"],
    "additionalProperties": False,
}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A tool that may be called now, with its arguments' schema for this state."""

    name: str
    schema: Schema


def sole_value(schema: Schema) -> Any | None:
    """The only value that a schema admits, None when it leaves a choice; an object without arguments is ``{}``."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0] if len(schema["enum"]) == 1 else None
    if schema.get("type") == "array" and schema.get("minItems") == schema.get("maxItems") == 1:
        item = sole_value(schema["items"])
        return None if item is None else [item]
    if schema.get("type", "object") != "object" or "anyOf" in schema:
        return None
    values = {name: sole_value(inner) for name, inner in schema.get("properties", {}).items()}
    decided = all(v is not None for v in values.values()) and set(values) == set(schema.get("required", ()))
    return values if decided else None


def make_offers(
    brief: Brief,
    progress: Progress,
    steps: Sequence[Step],
    tools: Mapping[str, AnyTool],
    view: RunView,
    *,
    grounded: bool,
    answer: str = "",
) -> tuple[Offer, ...]:
    """What the next step may call, at least one.  ``grounded``: the goal speaks of data that is there; ``answer``: the
    only answer that is left, when nothing was found."""
    if "passages" in progress.open and "passages" not in progress.abandoned:
        readers = [t for name in (QUOTE, SEARCH) if (t := tools.get(name)) is not None and t.ready(view)]
        if readers:
            return (_offer(readers[0], view),)
    if answer:
        return (Offer(name=FINISH, schema=_finish_schema(answer)),)
    extra = [t for t in tools.values() if _wanted_extra(t, brief, steps, view)]
    if not progress.data_done:
        data = _rotate([t for t in tools.values() if is_data_tool(t) and t.ready(view)], progress)
        if grounded and not progress.failed_tools and view.config.planner.free_sql == "fallback":
            data = data[:1]
        offers = [_offer(t, view) for t in (*extra, *data)]
        if not grounded or not offers:
            offers.append(Offer(name=FINISH, schema=FINISH_SCHEMA))
        return tuple(offers)
    makers = _makers(progress, tools, view)
    if extra or makers:
        return tuple(_offer(t, view) for t in (*extra, *makers))
    return (Offer(name=FINISH, schema=_finish_schema(answer)),)


def _finish_schema(answer: str) -> Schema:
    if not answer:
        return FINISH_SCHEMA
    return {**FINISH_SCHEMA, "properties": {"answer": {"const": answer}}}


def _rotate(data: list[AnyTool], progress: Progress) -> list[AnyTool]:
    """After a failure the other way to the data comes first; the one that failed last is left out."""
    failed = progress.failed_tools[-1] if progress.failed_tools else None
    others = [t for t in data if t.name != failed]
    return others or data


def _makers(progress: Progress, tools: Mapping[str, AnyTool], view: RunView) -> list[AnyTool]:
    for kind in progress.open:
        if kind in progress.abandoned:
            continue
        ready = [t for t in tools.values() if t.provides == kind and not is_data_tool(t) and t.ready(view)]
        if ready:
            return ready
    return []


def _offer(tool: AnyTool, view: RunView) -> Offer:
    return Offer(name=tool.name, schema=tool.narrow(view, tool.schema))


_WORD = re.compile(r"[a-z]{3,}|[\u4e00-\u9fff]{2,}")
_STOP = frozenset(
    [
        "the",
        "and",
        "for",
        "with",
        "from",
        "into",
        "that",
        "this",
        "tool",
        "get",
        "give",
        "return",
        "value",
        "name",
        "text",
        "list",
        "data",
        "number",
    ]
)


def _stems(text: str) -> set[str]:
    words: set[str] = set()
    for word in _WORD.findall(text.lower()):
        if word[0] > "z":
            words.update(word[i : i + 2] for i in range(len(word) - 1))
        elif word not in _STOP:
            words.add(re.sub(r"(?:ies|es|s|ing|ed)$", "", word) or word)
    return words


def _wanted_extra(tool: AnyTool, brief: Brief, steps: Sequence[Step], view: RunView) -> bool:
    """A tool of the user's own that the goal speaks of and that has not done its work yet."""
    if tool.provides is not None or any(s.tool == tool.name and s.ok for s in steps):
        return False
    if sum(1 for s in steps if s.tool == tool.name and not s.ok) >= 2:
        return False
    return speaks_of(tool, brief.goal) and tool.ready(view)


def speaks_of(tool: AnyTool, goal: str) -> bool:
    """The goal uses the tool's name, or two words of its description."""
    described = _stems(f"{tool.name.replace('_', ' ')} {tool.description}")
    named = _stems(tool.name.replace("_", " "))
    asked = _stems(goal)
    return len(described & asked) >= 2 or bool(named & asked)


def step_schema(offers: Sequence[Offer]) -> Schema:
    """The schema of one step ``{thought, tool, args}``; one branch for each offer."""
    thought = {"type": "string", "maxLength": THOUGHT_LENGTH}
    branches: list[dict[str, Any]] = [
        {
            "type": "object",
            "properties": {"thought": thought, "tool": {"const": offer.name}, "args": offer.schema},
            "required": ["thought", "tool", "args"],
            "additionalProperties": False,
        }
        for offer in offers
    ]
    return branches[0] if len(branches) == 1 else {"anyOf": branches}
