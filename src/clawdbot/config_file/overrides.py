"""``CLAWDBOT_SECTION__KEY`` from the environment, laid over what the file says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rapidfuzz import process

from clawdbot.config_file.shape import MODEL, Shape
from clawdbot.errors import ConfigError

PREFIX = "CLAWDBOT_"
_OTHERS = frozenset({"CLAWDBOT_TEX"})
"""Variables with our prefix that are no keys (read by scripts/tex)."""


def apply(body: dict[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Put the overrides into ``body``; returns dotted key -> variable.  ConfigError for one that means no key."""
    done: dict[str, str] = {}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable in _OTHERS:
            continue
        rest = variable.removeprefix(PREFIX)
        if "__" not in rest:
            if rest.partition("_")[0].lower() in MODEL.known():
                raise _unknown(variable, MODEL, rest)
            continue
        done[_put(body, variable, rest.split("__"), environ[variable])] = variable
    return done


def _put(body: dict[str, Any], variable: str, parts: list[str], text: str) -> str:
    shape, place, path = MODEL, body, []
    for number, part in enumerate(parts, 1):
        key = _key(shape, place, part)
        if key is None:
            raise _unknown(variable, shape, part)
        path.append(key)
        shape = shape.part(key)
        if number == len(parts):
            place[key] = _value(variable, shape, text)
        else:
            if not (shape.model or shape.is_named):
                raise _unknown(variable, shape, parts[number])
            inner = place.get(key)
            place[key] = place = dict(inner) if isinstance(inner, Mapping) else {}
    return ".".join(path)


def _key(shape: Shape, place: Mapping[str, Any], part: str) -> str | None:
    """The key that an upper-case part means: a known one, or a name in the file, or a new name where one may be."""
    known = tuple(place) if shape.is_named else shape.known()
    for key in known:
        if _folded(key) == _folded(part):
            return key
    return part.lower() if shape.is_named and part else None


def _folded(key: str) -> str:
    return key.lower().replace("-", "_").replace(".", "_")


def _value(variable: str, shape: Shape, text: str) -> Any:
    if shape.is_path and not text:
        return None
    if not (shape.is_list or shape.is_named or shape.model or shape.kind is None):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        if shape.kind is None:
            return text
        example = '["a", "b"]' if shape.is_list else '{"name": "value"}'
        raise ConfigError(
            f"{variable} is not JSON.", hint=f"A {'list' if shape.is_list else 'table'} is written as {example}."
        ) from None


def _unknown(variable: str, shape: Shape, part: str) -> ConfigError:
    known = {key.upper(): key for key in shape.known()}
    if shape is MODEL and "__" not in variable.removeprefix(PREFIX):
        section = part.partition("_")[0]
        return ConfigError(
            f"The variable {variable} means no configuration key.",
            hint=f"Between section and key stand two underscores: {PREFIX}{section}__{part.partition('_')[2]}.",
        )
    near = process.extractOne(part.upper(), list(known), score_cutoff=50)
    meant = variable.replace(part, near[0]) if near else ""
    return ConfigError(
        f"The variable {variable} means no configuration key.",
        hint=f"Did you mean {meant}?" if meant else "Write CLAWDBOT_SECTION__KEY, or unset it.",
    )
