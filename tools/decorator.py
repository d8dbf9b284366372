"""``@tool(effect=...)``: a typed Python function becomes something a run can do.

    @tool(effect="read")
    def exchange_rate(base: str, quote: str) -> str:
        \"\"\"Look up today's exchange rate.

        base: ISO 4217 code to convert from
        quote: ISO 4217 code to convert to
        \"\"\"
        return RATES[base, quote]

A definition that a model could not use is refused when it is loaded, with one sentence for the author.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, get_args, get_type_hints

from pydantic.fields import FieldInfo
from rapidfuzz import process

from clawdbot.errors import InvalidTool
from clawdbot.tools.arguments import MISSING, compile_arguments
from clawdbot.tools.contract import Deliverable, Effect, Tool, ToolContext
from clawdbot.tools.docstring import read_docstring

P = ParamSpec("P")
R = TypeVar("R")

RESERVED = frozenset({"finish"})
"""Names of the planner's own steps."""

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_NAME_LIMIT = 64


def tool(
    *, effect: Effect, name: str | None = None, provides: Deliverable | None = None, resumes: bool = False
) -> Callable[[Callable[P, R]], Tool[P, R]]:
    """Make a function a tool; ``effect`` says what a call changes and has no default.

    ``name`` is the function's unless given; ``provides`` is the deliverable that a successful call gives;
    ``resumes`` is for an external tool that keeps its own outbox (see :class:`Tool`).
    The function may be ``async``.  Raises InvalidTool with what the author must change.
    """

    def decorate(function: Callable[P, R]) -> Tool[P, R]:
        own_name = getattr(function, "__name__", type(function).__name__) if name is None else name
        check_name(own_name)
        _check_word(own_name, "effect", effect, get_args(Effect))
        if provides is not None:
            _check_word(own_name, "provides", provides, get_args(Deliverable))
        _check_kind(own_name, function)
        hints, defaults, context_parameter = _parameters(own_name, function)
        description, descriptions = read_docstring(function.__doc__ or "", hints.keys())
        if not description:
            raise InvalidTool(
                f"Tool {own_name!r} has no docstring.",
                hint="Begin the function with one sentence that says what it does.",
            )
        schema, validate = compile_arguments(own_name, hints, defaults, descriptions)
        return Tool(
            name=own_name,
            description=description,
            effect=effect,
            function=function,
            schema=schema,
            provides=provides,
            context_parameter=context_parameter,
            validate=validate,
            resumes=resumes,
        )

    return decorate


def check_name(name: str) -> None:
    """Raise InvalidTool unless the name can be a tool's."""
    if not _NAME.fullmatch(name) or len(name) > _NAME_LIMIT:
        raise InvalidTool(
            f"{name!r} is not a name for a tool.",
            hint=f"Use lower-case letters, digits and '_', a letter first, at most {_NAME_LIMIT}: 'exchange_rate'.",
        )
    if name in RESERVED:
        raise InvalidTool(f"The name {name!r} belongs to the planner.", hint="Choose another with @tool(name=...).")


def _check_word(owner: str, option: str, word: object, allowed: tuple[str, ...]) -> None:
    if word in allowed:
        return
    nearest = process.extractOne(str(word), allowed)
    raise InvalidTool(
        f"Tool {owner!r}: {option} is {word!r}.",
        hint=f"Use one of {', '.join(map(repr, allowed))}; the nearest is {nearest[0]!r}.",
    )


def _check_kind(owner: str, function: Callable[..., Any]) -> None:
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise InvalidTool(f"Tool {owner!r} is a generator.", hint="Return the whole result instead of yielding parts.")
    if inspect.isclass(function) or not callable(function):
        raise InvalidTool(f"Tool {owner!r} is not a function.", hint="Put @tool(effect=...) above a 'def'.")


def _parameters(owner: str, function: Callable[..., Any]) -> tuple[dict[str, Any], dict[str, Any], str | None]:
    """Type hints and defaults of what a model gives, and the name of the parameter that is injected."""
    try:
        known = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise InvalidTool(
            f"Tool {owner!r}: the type hint {error.name!r} is not known when the tool is loaded.",
            hint="Import it at the top of the file, not under TYPE_CHECKING or inside a function.",
        ) from error
    hints: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    context: str | None = None
    for name, parameter in inspect.signature(function).parameters.items():
        _check_parameter(owner, parameter, known)
        if known[name] is ToolContext:
            if context is not None:
                raise InvalidTool(f"Tool {owner!r} asks for two contexts, {context!r} and {name!r}.", hint="Keep one.")
            context = name
            continue
        hints[name] = known[name]
        defaults[name] = MISSING if parameter.default is parameter.empty else parameter.default
    return hints, defaults, context


def _check_parameter(owner: str, parameter: inspect.Parameter, known: dict[str, Any]) -> None:
    name = parameter.name
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
        raise InvalidTool(
            f"Tool {owner!r} takes {stars}{name}.", hint="Name every argument: a model is shown names and types."
        )
    if parameter.kind is parameter.POSITIONAL_ONLY:
        raise InvalidTool(f"Tool {owner!r}: argument {name!r} is positional-only.", hint="Remove the '/'.")
    if name not in known:
        raise InvalidTool(
            f"Tool {owner!r}: argument {name!r} has no type hint.", hint=f"Write {name}: str, for example."
        )
    if isinstance(parameter.default, FieldInfo):
        raise InvalidTool(
            f"Tool {owner!r}: argument {name!r} has Field(...) as its default.",
            hint=f"Write {name}: Annotated[TYPE, Field(...)] = VALUE.",
        )
