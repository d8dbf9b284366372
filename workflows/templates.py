"""Templates in workflow files: Jinja2 in a sandbox, with values that keep their types.

A template that is nothing but ``{{ expression }}`` gives the expression's value; any other gives text.  Jinja2's own
native environment would read text as Python literals, so that a customer called '007' became the number 7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from jinja2 import StrictUndefined, TemplateError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic_core import PydanticSerializationError, to_jsonable_python

from clawdbot.agents.periods import find_periods
from clawdbot.errors import UsageError

_FAILURES = (TemplateError, TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RecursionError)
_BUILT_IN = ("range", "dict", "namespace")
_LONGEST = 200_000
"""Characters that a template may give."""

Path = tuple[str, ...]
"""A name and the attributes that are read of it: ('steps', 'sales', 'rows')."""


class TemplateFailed(UsageError):
    """A template cannot be read, or gives no value; the message says why."""

    code = "template"


class Span(dict[str, Any]):
    """A period in templates: ``start`` and ``end`` (not included) as ISO dates, ``label``; its text is the label."""

    @property
    def last(self) -> str | None:
        """The last day in it, ISO."""
        end = self["end"]
        return None if end is None else (date.fromisoformat(end) - timedelta(days=1)).isoformat()

    def __str__(self) -> str:
        return str(self["label"])


def span(text: str, day: date) -> Span:
    """The one period that a text names, relative words seen from ``day``; UsageError when there is none or several."""
    found = find_periods(text, day)
    if len(found) != 1:
        what = "names no period" if not found else "names more than one period"
        raise UsageError(
            f"{text!r} {what}.",
            hint='Write it as "2026-Q3", "2026-07", "last quarter", "上个月" or "1 to 5 July".',
        )
    begin, end = found[0].start, found[0].end
    return Span(start=begin and begin.isoformat(), end=end and end.isoformat(), label=found[0].label)


def moments(day: date) -> dict[str, Callable[..., Any]]:
    """Functions of time for templates, all as seen from ``day``."""
    return {
        "today": lambda: day,
        "period": lambda text: span(str(text), day),
        "days": lambda number: timedelta(days=number),
        "date": lambda text: date.fromisoformat(str(text)),
    }


MOMENTS = frozenset(moments(date.min))


def _environment() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, finalize=lambda value: "" if value is None else value
    )
    made.globals = {name: made.globals[name] for name in _BUILT_IN}
    return made


_JINJA = _environment()


def render(template: str, names: Mapping[str, Any]) -> Any:
    """What a template gives; TemplateFailed with the reason."""
    lone = _lone_expression(template)
    if lone is not None:
        return evaluate(lone, names)
    try:
        text = _JINJA.from_string(template).render(names)
    except _FAILURES as error:
        raise _failed(template, error) from error
    if len(text) > _LONGEST:
        raise TemplateFailed(f"The template {_short(template)} gives {len(text)} characters; the most is {_LONGEST}.")
    return text


def evaluate(expression: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression, with or without braces around it; TemplateFailed with the reason."""
    bare = _bare(expression)
    try:
        value = _JINJA.compile_expression(bare, undefined_to_none=False)(**names)
        if isinstance(value, Undefined):
            str(value)  # raises, with the name that is missing
        return plain(value)
    except _FAILURES as error:
        raise _failed(expression, error) from error


def render_all(value: Any, names: Mapping[str, Any]) -> Any:
    """The value with every string in it rendered; keys stay."""
    if isinstance(value, str):
        return render(value, names)
    if isinstance(value, Mapping):
        return {key: render_all(part, names) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [render_all(part, names) for part in value]
    return value


def plain(value: Any) -> Any:
    """JSON values; NaN becomes None.  ValueError for what JSON cannot say."""
    try:
        return to_jsonable_python(value, inf_nan_mode="null")
    except PydanticSerializationError as error:
        raise ValueError(f"it gives {type(value).__name__}, which is no plain value") from error


def problem(template: str, *, expression: bool = False) -> str:
    """Why a template cannot be read; empty when it can."""
    try:
        if expression:
            _JINJA.compile_expression(_bare(template))
        else:
            _JINJA.from_string(template)
    except TemplateError as error:
        return _reason(error)
    return ""


def strings(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Every string in a value of mappings and lists, with where it stands: ('to[0]', 'x@example.com')."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from strings(part, f"{at}.{key}" if at else str(key))
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from strings(part, f"{at}[{number}]")


def paths(template: str, *, expression: bool = False) -> frozenset[Path]:
    """What a readable template takes from outside: names with the attributes that are read of them."""
    source = "{{ " + _bare(template) + " }}" if expression else template
    tree = _JINJA.parse(source)
    own = {node.name for node in tree.find_all(nodes.Name) if node.ctx in ("store", "param")}
    inner: set[int] = set()
    found: set[Path] = set()
    for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Name)):
        if id(node) in inner:
            continue
        chain = _chain(node, inner)
        if chain and chain[0] not in own and chain[0] not in _BUILT_IN:
            found.add(chain)
    return frozenset(found)


def is_constant(value: Any) -> bool:
    """No string in the value is a template."""
    return not any("{{" in text or "{%" in text or "{#" in text for _, text in strings(value))


def _chain(node: nodes.Node, inner: set[int]) -> Path:
    """The path that a node reads; empty when it begins with something other than a name."""
    parts: list[str] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getattr):
            parts.append(node.attr)
        elif isinstance(node.arg, nodes.Const):
            parts.append(str(node.arg.value))
        else:
            parts.append("*")
        node = node.node
        inner.add(id(node))
    return (node.name, *reversed(parts)) if isinstance(node, nodes.Name) and node.ctx == "load" else ()


def _lone_expression(template: str) -> str | None:
    text = template.strip()
    if not (text.startswith("{{") and text.endswith("}}")):
        return None
    try:
        body = _JINJA.parse(text).body
    except TemplateError as error:
        raise _failed(template, error) from error
    if len(body) != 1 or not isinstance(body[0], nodes.Output) or len(body[0].nodes) != 1:
        return None
    return None if isinstance(body[0].nodes[0], nodes.TemplateData) else text


def _bare(expression: str) -> str:
    text = expression.strip()
    if not (text.startswith("{{") and text.endswith("}}")):
        return text
    inside = text[2:-2]
    return inside.removeprefix("-").removeprefix("+").removesuffix("-").removesuffix("+").strip()


def _failed(template: str, error: Exception) -> TemplateFailed:
    return TemplateFailed(f"The template {_short(template)} gives nothing: {_reason(error)}.")


def _reason(error: Exception) -> str:
    said = getattr(error, "message", None) or str(error) or type(error).__name__
    return " ".join(said.split()).rstrip(".")


def _short(template: str) -> str:
    text = " ".join(template.split())
    return repr(text if len(text) <= 80 else text[:79] + "…")
