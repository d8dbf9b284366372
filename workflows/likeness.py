"""How alike two calls of a step are: the same tool, and the same arguments once spelling does not count."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot.errors import SqlglotError

from clawdbot.models.chat import Schema


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """Of a call to the recorded one; ``differs`` names the arguments that are not the same."""

    same_tool: bool
    differs: tuple[str, ...] = ()
    only_words: bool = False
    """Every argument that differs is free text, such as a title: there is no one right wording."""

    @property
    def same_arguments(self) -> bool:
        """The same call."""
        return self.same_tool and not self.differs


def likeness(schema: Schema, recorded: Mapping[str, Any], answer: Mapping[str, Any]) -> Likeness:
    """Compare a recorded step {tool, args} with an answer {thought, tool, args}, or with one of arguments alone."""
    tool = str(answer.get("tool", recorded["tool"]))
    if tool != recorded["tool"]:
        return Likeness(same_tool=False)
    then = dict(recorded["args"])
    now: Mapping[str, Any] = answer["args"] if "tool" in answer else answer
    names = [name for name in dict.fromkeys((*then, *now)) if not _same(name, then.get(name), now.get(name))]
    free = _free_text(schema, tool)
    return Likeness(same_tool=True, differs=tuple(names), only_words=bool(names) and free.issuperset(names))


def _same(name: str, then: Any, now: Any) -> bool:
    if name == "sql" and isinstance(then, str) and isinstance(now, str):
        return _statement(then) == _statement(now)
    return bool(_plain(then) == _plain(now))


def _plain(value: Any) -> Any:
    """Without what does not matter: case, width, spaces, and members that are not set."""
    if isinstance(value, str):
        return " ".join(unicodedata.normalize("NFKC", value).split()).casefold() or None
    if isinstance(value, Mapping):
        return {key: plain for key, inner in value.items() if (plain := _plain(inner)) is not None} or None
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value] or None
    return value


def _statement(sql: str) -> str:
    try:
        return sqlglot.parse_one(sql).sql(normalize=True, comments=False)
    except SqlglotError:
        return str(_plain(sql))


def _free_text(schema: Schema, tool: str) -> set[str]:
    """Arguments of the tool that are any text; SQL is not, since it says what is done."""
    for branch in schema.get("anyOf", [schema]):
        parts = branch.get("properties", {})
        if "tool" in parts and parts["tool"].get("const") != tool:
            continue
        arguments = parts["args"].get("properties", {}) if "tool" in parts else parts
        return {name for name, inner in arguments.items() if name != "sql" and _is_any_text(inner)}
    return set()


def _is_any_text(schema: Schema) -> bool:
    return schema.get("type") == "string" and not {"enum", "const", "pattern", "format"} & schema.keys()
