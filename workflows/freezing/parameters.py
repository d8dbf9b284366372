"""The inputs of a workflow that is being made: each literal of the goal that a call used, once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clawdbot.agents.brief import Brief
from clawdbot.text.figures import mentions
from clawdbot.text.language import normalise
from clawdbot.tools.database.catalog import Catalog
from clawdbot.tools.database.lexicon import split_name
from clawdbot.workflows.freezing.times import TimeInput

_TYPES: Mapping[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
_MOST_CHOICES = 30
_NO_NAME = re.compile(r"[^a-z0-9_\u4e00-\u9fff]+")


@dataclass(kw_only=True)
class Parameters:
    """Inputs by name, as they stand in the file, with the values that the run had."""

    brief: Brief
    times: tuple[TimeInput, ...]
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What a reviewer must look at."""

    def __post_init__(self) -> None:
        for given in self.times:
            words = {
                "zh": f"时间范围；原来是 {given.period.label}", "en": f"Time; the run was of {given.period.label}"
            }  # fmt: skip
            self.inputs[given.name] = {"type": "period", "default": given.default, "description": words}
            self.values[given.name] = given.value

    def said(self, value: object) -> bool:
        """The goal names the value."""
        goal = normalise(self.brief.goal)
        if isinstance(value, bool) or value is None:
            return False
        if isinstance(value, int | float):
            return any(m.value == float(value) for m in mentions(goal))
        return str(value).strip() != "" and str(value).lower() in goal.lower()

    def add(self, wanted: str, value: Any, *, description: Mapping[str, str], choices: Sequence[str] = ()) -> str:
        """The template of an input with that value: one that is there already, or a new one under a free name."""
        stem = identifier(wanted, fallback="value")
        name, number = stem, 2
        while name in self.inputs and (self.values[name] != value or self.inputs[name]["description"] != description):
            name, number = f"{stem}_{number}", number + 1
        self.values[name] = value
        made: dict[str, Any] = {"type": _TYPES.get(type(value), "string")}
        if isinstance(value, list):
            made = {"type": "list", "of": _TYPES.get(type(value[0]), "string") if value else "string"}
        elif choices and value in choices:
            made = {"type": "choice", "choices": list(choices)}
        self.inputs[name] = {**made, "default": value, "description": dict(description)}
        return f"{{{{ inputs.{name} }}}}"

    def of_column(self, catalog: Catalog, column: str, value: Any) -> str:
        """The template of an input for the value of a column in a condition."""
        table, _, own = column.rpartition(".")
        schema = catalog.table(table)
        found = schema.column(own) if schema else None
        words = split_name(table)[-1:] if own.lower() in ("name", "name_zh", "title") else split_name(own)
        known = [] if found is None else list(found.values)
        choices = known if 1 < len(known) <= _MOST_CHOICES else []
        told = {"zh": f"{column} 的条件", "en": f"Condition on {column}"}
        return self.add("_".join(words) or own, value, description=told, choices=choices)

    def recipients(self, addresses: Sequence[str]) -> str:
        """The template of the list of addresses that a mail went to."""
        told = {"zh": "收件人", "en": "Who gets the mail"}
        template = self.add("recipients", list(addresses), description=told)
        name = template.removeprefix("{{ inputs.").removesuffix(" }}")
        self.inputs[name] |= {"type": "list", "of": "address"}
        return template


def identifier(text: str, *, fallback: str) -> str:
    """A name that templates can use, from any text."""
    plain = _NO_NAME.sub("_", text.lower()).strip("_")[:44].strip("_")
    if not plain:
        return fallback
    return plain if not plain[0].isdigit() else f"{fallback}_{plain}"
