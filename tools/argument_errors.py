"""What is wrong with the arguments of a call, in one line that helps a small model to mend it."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rapidfuzz import process

from clawdbot.tools.contract import Schema

_SHOWN = 60
_BRANCHES = frozenset({"int", "float", "str", "bool", "decimal", "date", "none"})
"""Tags of union branches in pydantic's error locations; they say nothing to a model."""


def describe(error: ValidationError, schema: Schema) -> str:
    """All complaints in one line, with the allowed values and the nearest one."""
    seen: dict[str, str] = {}
    for detail in error.errors(include_url=False):
        place = _place(detail)
        seen.setdefault(place, _complaint(place, detail, schema))
    return "; ".join(seen.values()) + "."


def _complaint(place: str, detail: ErrorDetails, schema: Schema) -> str:
    kind, given = detail["type"], detail["input"]
    known = list(schema.get("properties", {}))
    if kind == "missing":
        return f"{place} is missing"
    if kind == "extra_forbidden":
        names = ", ".join(known) or "none"
        return f"there is no argument {place!r} (arguments: {names}{_nearest(place, known)})"
    allowed = _allowed(schema, detail["loc"])
    if allowed:
        values = ", ".join(map(repr, allowed[:12])) + (", ..." if len(allowed) > 12 else "")
        return f"{place} is {_short(given)}; allowed: {values}{_nearest(given, allowed)}"
    message = detail["msg"]
    return f"{place} is {_short(given)}: {message[:1].lower()}{message[1:]}"


def _nearest(given: object, allowed: list[Any]) -> str:
    choices = [str(value) for value in allowed]
    found = process.extractOne(str(given), choices, processor=str.lower, score_cutoff=50)
    return f"; nearest: {found[0]!r}" if found else ""


def _allowed(schema: Schema, place: tuple[int | str, ...]) -> list[Any]:
    """The enum at that place of the schema; empty when there is none."""
    part: Any = schema
    for key in place:
        if not isinstance(part, dict):
            return []
        inner = part.get("items") if isinstance(key, int) else part.get("properties", {}).get(key)
        if inner is None:
            break
        part = inner
    if not isinstance(part, dict):
        return []
    choices = [part, *part.get("anyOf", ())]
    return [value for choice in choices for value in choice.get("enum", [choice["const"]] if "const" in choice else [])]


def _place(detail: ErrorDetails) -> str:
    names: list[str] = []
    for key in detail["loc"]:
        if isinstance(key, int):
            names.append(f"[{key}]")
        elif not names or (key.isidentifier() and key not in _BRANCHES):
            names.append(f".{key}" if names else key)
    return "".join(names) or "the arguments"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
