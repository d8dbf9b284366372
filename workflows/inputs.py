"""Inputs of a workflow: what a person, a schedule or a default gives, as checked values of their types."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from rapidfuzz import process

from clawdbot.agents.periods import find_periods
from clawdbot.errors import ClawdbotError, UsageError
from clawdbot.tools.mail.address import mailbox
from clawdbot.workflows.definition import Definition, Input, InputType
from clawdbot.workflows.templates import Span, moments, render_all, span

_BETWEEN = re.compile(r"\s*[,，、;；\n]\s*")
_TRUE = frozenset({"true", "yes", "on", "1", "是", "对"})
_FALSE = frozenset({"false", "no", "off", "0", "否", "不"})
_NEAR = 55


def resolve(
    definition: Definition, given: Mapping[str, Any], *, day: date, contacts: Mapping[str, str]
) -> dict[str, Any]:
    """The value of every input, as JSON values; relative dates are seen from ``day``.

    ``contacts`` are names that stand for addresses.  UsageError names all inputs that are wrong, missing or unknown.
    """
    wrong = [_unknown(name, definition) for name in given if name not in definition.inputs]
    values: dict[str, Any] = {}
    reading = _Reading(day=day, contacts=contacts)
    for name, spec in definition.inputs.items():
        try:
            values[name] = reading.value(spec, given.get(name), values)
        except _Missing:
            said = spec.description.in_("en")
            wrong.append(f"{name} must be given ({spec.type}{': ' + said if said else ''})")
        except ClawdbotError as error:
            wrong.append(f"{name}: {str(error).rstrip('.')}")
    if wrong:
        raise UsageError(
            f"The inputs of workflow {definition.name!r} do not fit: {'; '.join(wrong)}.",
            hint=f"See them with: clawdbot workflow show {definition.name}",
        )
    return values


def value_of(spec: Input, given: Any, *, day: date, contacts: Mapping[str, str]) -> Any:
    """One value that is given for an input, checked and converted; an error in words when it does not fit."""
    return _Reading(day=day, contacts=contacts).value(spec, given, {})


def named(values: Mapping[str, Any], definition: Definition) -> dict[str, Any]:
    """The kept values as templates see them."""
    return {
        name: Span(value) if definition.inputs[name].type == "period" and value is not None else value
        for name, value in values.items()
    }


class _Missing(Exception):
    """No value, no default, and one is needed."""


class _Reading:
    """Values of inputs, read one after the other; a default may use those before it."""

    def __init__(self, *, day: date, contacts: Mapping[str, str]) -> None:
        self._day = day
        self._contacts = {name.lower(): address for name, address in contacts.items()}
        self._readers: dict[InputType, Callable[[Any], Any]] = {
            "string": _text, "integer": _integer, "number": _number, "boolean": _boolean, "date": self._date,
            "period": self._period, "address": self._address,
        }  # fmt: skip

    def value(self, spec: Input, given: Any, before: Mapping[str, Any]) -> Any:
        """The value to use; _Missing or an error in words."""
        if given is None and spec.default is None:
            if spec.must_be_given:
                raise _Missing
            return None
        if given is None:
            given = render_all(spec.default, {"inputs": dict(before), **moments(self._day)})
        if spec.type == "choice":
            return _chosen(given, spec)
        if spec.type == "list":
            return [self._readers[spec.of](item) for item in _items(given)]
        return self._readers[spec.type](given)

    def _date(self, given: Any) -> str:
        if isinstance(given, date):
            return given.isoformat()[:10]
        found = find_periods(_text(given), self._day)
        if len(found) == 1 and found[0].start and found[0].end and (found[0].end - found[0].start).days == 1:
            return found[0].start.isoformat()
        raise UsageError(f"{given!r} is no day.", hint='Write it as "2026-01-31", or "today", "昨天".')

    def _period(self, given: Any) -> dict[str, Any]:
        if not isinstance(given, Mapping):
            return dict(span(given.isoformat() if isinstance(given, date) else _text(given), self._day))
        ends = {key: self._date(given[key]) if given.get(key) else None for key in ("start", "end")}
        if not any(ends.values()) or set(given) - {"start", "end", "label"}:
            raise UsageError(f"{given!r} is no period.", hint="A period has start and end (not included), and a label.")
        return {**ends, "label": str(given.get("label") or f"{ends['start'] or ''}..{ends['end'] or ''}")}

    def _address(self, given: Any) -> str:
        text = _text(given).strip()
        return mailbox(self._contacts.get(text.lower(), text)).given


def _text(given: Any) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, bool) or not isinstance(given, int | float | date):
        raise UsageError(f"{given!r} is no text.")
    return str(given)


def _integer(given: Any) -> int:
    number = _number(given)
    if not float(number).is_integer():
        raise UsageError(f"{given!r} is no whole number.")
    return int(number)


def _number(given: Any) -> int | float:
    if isinstance(given, int | float) and not isinstance(given, bool):
        return given
    try:
        number = json.loads(given.strip()) if isinstance(given, str) else None
    except ValueError:
        number = None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise UsageError(f"{given!r} is no number.")
    return number


def _boolean(given: Any) -> bool:
    if isinstance(given, bool):
        return given
    word = str(given).strip().lower()
    if word not in _TRUE | _FALSE:
        raise UsageError(f"{given!r} is neither yes nor no.", hint="Write true or false.")
    return word in _TRUE


def _chosen(given: Any, spec: Input) -> str:
    text = _text(given)
    if text in spec.choices:
        return text
    near = process.extractOne(text, spec.choices, score_cutoff=_NEAR)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    raise UsageError(f"{text!r} is none of {', '.join(spec.choices)}.{meant}")


def _items(given: Any) -> list[Any]:
    """A list as it is, one in JSON, or text with commas."""
    if isinstance(given, list | tuple):
        return list(given)
    text = _text(given).strip()
    if text.startswith("["):
        try:
            items = json.loads(text)
        except ValueError as error:
            raise UsageError(f"{text!r} is no list in JSON: {error}.") from None
        return list(items)
    return [item for item in _BETWEEN.split(text) if item]


def _unknown(name: str, definition: Definition) -> str:
    near = process.extractOne(name, list(definition.inputs), score_cutoff=_NEAR)
    known = ", ".join(definition.inputs) or "none"
    return f"there is no input {name!r} ({f'did you mean {near[0]!r}?' if near else f'inputs: {known}'})"
