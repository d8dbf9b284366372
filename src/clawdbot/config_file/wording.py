"""What pydantic says of a configuration, as one sentence for the person who wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rapidfuzz import process

from clawdbot.config_file.shape import MODEL, Shape
from clawdbot.errors import ConfigError

_NEAR = 55
_QUOTED = re.compile(r"'([^']*)'")
_MUST: tuple[tuple[tuple[str, ...], str], ...] = (
    (("int_",), "must be a whole number"),
    (("float_", "decimal_"), "must be a number"),
    (("bool_",), "must be true or false"),
    (("string_", "path_"), "must be text in quotes"),
    (("tuple_", "list_"), 'must be a list: ["a", "b"]'),
    (("dict_", "model_"), "must be a section of its own"),
)


def explain(error: ValidationError, *, file: Path | None, overridden: Mapping[str, str]) -> ConfigError:
    """The first thing that is wrong and how many more there are; ``overridden`` is dotted key -> variable."""
    found = error.errors()
    # An unknown key is often why another one is missing.
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    # Places in a list and pydantic's mark of a wrong key say nothing to the person who wrote the file.
    loc = tuple(part for part in first["loc"] if isinstance(part, str) and part != "[key]")
    sentence, hint = _sentence(first["type"], loc, first.get("ctx") or {}, first.get("input"))
    variable = overridden.get(".".join(loc))
    source = f"{variable}: " if variable else f"{file}: " if file is not None else ""
    more = f" ({len(found) - 1} more after this one.)" if len(found) > 1 else ""
    return ConfigError(f"{source}{sentence}{more}", hint=hint)


def _sentence(kind: str, loc: Sequence[str], context: Mapping[str, Any], value: Any) -> tuple[str, str]:
    if not loc or kind == "value_error":
        error = context.get("error", "wrong value")
        return f"{error}.", getattr(error, "hint", "Correct the value.")
    section, key = _section(loc[:-1]), loc[-1]
    if kind == "extra_forbidden":
        return _unknown(loc)
    if kind == "missing":
        return f"{section} lacks {key!r}.", f"Add {key} = ... below {section}."
    if not loc[:-1]:
        return f"[{key}] {_must(kind, context)}.", f"Write its keys below a line [{key}]."
    shown = str(value) if isinstance(value, int | float) else repr(value)
    hint = "Every key is explained in clawdbot.toml."
    if kind == "literal_error" and isinstance(value, str):
        near = process.extractOne(value, _QUOTED.findall(context["expected"]), score_cutoff=_NEAR)
        hint = f"Did you mean {near[0]!r}?" if near else hint
    return f"{section} {key} {_must(kind, context)}, not {shown[:80]}.", hint


def _must(kind: str, context: Mapping[str, Any]) -> str:
    if kind == "literal_error":
        return f"must be one of {context['expected']}"
    limits = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    for name, words in limits.items():
        if name in context:
            return f"must be {words} {context[name]:g}"
    for starts, words in _MUST:
        if kind.startswith(starts):
            return words
    return "has a value that cannot be used"


def _section(loc: Sequence[str]) -> str:
    return f"[{'.'.join(loc)}]" if loc else "The file"


def _unknown(loc: Sequence[str]) -> tuple[str, str]:
    shape = MODEL
    for part in loc[:-1]:
        shape = shape.part(part)
    key, where = loc[-1], _section(loc[:-1])
    what = f"there is no section [{key}]" if not loc[:-1] else f"{where} has no key {key!r}"
    near = process.extractOne(key, shape.known(), score_cutoff=_NEAR)
    elsewhere = [section for section, keys in _sections() if key in keys]
    if near and near[1] < 90 and elsewhere and loc[:-1] != elsewhere[:1]:
        near = None
    if near:
        meant = f"[{near[0]}]" if not loc[:-1] else f"{near[0]!r} in {where}"
        return f"{what}.", f"Did you mean {meant}?"
    if elsewhere:
        return f"{what}.", f"{key!r} is a key of [{elsewhere[0]}]."
    return f"{what}.", f"Known there: {', '.join(shape.known())}."


def _sections() -> list[tuple[str, tuple[str, ...]]]:
    """Sections with their keys; those with names of the person's choice as [models.NAME]."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for name in MODEL.known():
        part: Shape = MODEL.part(name)
        found.append((name, part.known()) if part.model else (f"{name}.NAME", part.part("NAME").known()))
    return found
