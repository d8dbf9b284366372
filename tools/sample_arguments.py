"""Arguments that fit a schema, made without chance, for the first call of a new tool."""

from __future__ import annotations

import math
from typing import Any

from clawdbot.tools.contract import Schema

_FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T12:00:00Z",
    "time": "12:00:00",
    "duration": "PT1H",
    "email": "someone@example.org",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def sample_arguments(schema: Schema) -> dict[str, Any]:
    """A value for each required argument; a 'pattern' is not understood."""
    properties = schema.get("properties", {})
    return {name: _sample(properties[name]) for name in schema.get("required", ())}


def _sample(schema: Schema) -> Any:
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        return _sample(branches[0])
    kind = schema.get("type")
    if kind == "object":
        return sample_arguments(schema)
    if kind == "array":
        fixed = [_sample(part) for part in schema.get("prefixItems", ())]
        return fixed + [_sample(schema.get("items", {}))] * (schema.get("minItems", 0) - len(fixed))
    if kind in ("integer", "number"):
        return _number(schema, whole=kind == "integer")
    if kind == "boolean":
        return False
    if kind == "null":
        return None
    text = _FORMATS.get(schema.get("format", ""), "sample")
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]


def _number(schema: Schema, *, whole: bool) -> int | float:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    step = schema.get("multipleOf", 1 if whole else 0)
    value: float = 1
    if low is not None and high is not None:
        value = (low + high) / 2 if not whole else (low + high) // 2
    elif low is not None:
        value = low + 1
    elif high is not None:
        value = high - 1
    if step:
        value = (math.ceil if low is not None else math.floor)(value / step) * step
    return int(value) if whole else value
