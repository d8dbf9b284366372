"""Reading a workflow file: TOML in, a checked definition out, and everything that is wrong in plain words."""

from __future__ import annotations

import json
import tomllib
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from rapidfuzz import process

from clawdbot.errors import UsageError
from clawdbot.workflows.definition import Definition

_NEAR = 55
_MUST: tuple[tuple[str, str], ...] = (
    ("int_", "must be a whole number"),
    ("float_", "must be a number"),
    ("decimal_", "must be a number"),
    ("bool_", "must be true or false"),
    ("string_pattern_mismatch", "must be letters and digits, beginning with a small letter"),
    ("string_too", "is too long or too short"),
    ("string_", "must be text in quotes"),
    ("tuple_", 'must be a list: ["a", "b"]'),
    ("list_", 'must be a list: ["a", "b"]'),
    ("dict_", "must be a table of its own"),
    ("model_", "must be a table of its own"),
    ("too_", "has too many or too few parts"),
)
_TABLES = frozenset({"step", "trigger"})


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong: where in the file ("step 'mails', args.to"), what, and what to do."""

    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} {self.hint}".strip()


class InvalidWorkflow(UsageError):
    """A workflow cannot be used; ``problems`` are all the reasons."""

    code = "invalid_workflow"

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"The workflow {source} cannot be used:{lines}")
        self.problems = tuple(problems)


def read(path: Path) -> Definition:
    """The definition in a file, with its form checked; InvalidWorkflow names the file and every wrong key."""
    return parse(read_text(path), str(path))


def read_text(path: Path) -> str:
    """The text of a workflow file; UsageError when it cannot be read."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text.", hint="Save it as UTF-8 in your editor.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", hint="Check the path and the rights.") from None


def parse(text: str, source: str) -> Definition:
    """The definition in a file's text; ``source`` is named in errors."""
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = 'Text stands in quotes, lists in brackets, each step below a line [[step]]: id = "a".'
        raise InvalidWorkflow(source, [Problem(where="", what=f"it is not valid TOML: {error}.", hint=hint)]) from None
    try:
        return Definition.model_validate(body)
    except ValidationError as error:
        found = _own(error.errors(include_url=False))
        raise InvalidWorkflow(source, [_problem(detail, body) for detail in found]) from None


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of workflow files, for editors."""
    made = Definition.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Clawdbot workflow",
        **{key: part for key, part in made.items() if key != "title"},
    }


def json_schema_text() -> str:
    """The same as the text of ``docs/workflow.schema.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _own(found: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Without those that only follow from another: a list of steps that are all wrong is not too short as well."""
    deeper = {loc[:n] for one in found for loc in [one["loc"]] for n in range(1, len(loc))}
    return [one for one in found if not (one["type"].startswith("too_") and one["loc"] in deeper)]


def _problem(detail: ErrorDetails, body: Mapping[str, Any]) -> Problem:
    loc, kind = detail["loc"], detail["type"]
    context: Mapping[str, Any] = detail.get("ctx") or {}
    where = _where(loc, body)
    if kind == "extra_forbidden":
        known = _known(loc[:-1])
        near = process.extractOne(str(loc[-1]), known, score_cutoff=_NEAR)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known there: {', '.join(known)}."
        return Problem(where=_where(loc[:-1], body), what=f"there is no key {str(loc[-1])!r}.", hint=hint)
    if kind == "missing":
        hint = f"Add {loc[-1]} = ..."
        return Problem(where=_where(loc[:-1], body), what=f"the key {str(loc[-1])!r} is missing.", hint=hint)
    if kind == "value_error":
        error = context.get("error", "it cannot be used")
        return Problem(where=where, what=f"{str(error).rstrip('.')}.", hint=getattr(error, "hint", ""))
    given = repr(detail["input"])
    shown = f", not {given if len(given) <= 60 else given[:59] + '…'}"
    if kind == "literal_error":
        near = process.extractOne(str(detail["input"]), context["expected"].replace("'", "").split(", "))
        return Problem(where=where, what=f"must be one of {context['expected']}{shown}.",
                       hint=f"Did you mean {near[0]!r}?" if near[1] >= _NEAR else "")  # fmt: skip
    return Problem(where=where, what=f"{_must(kind, context)}{shown}.")


def _must(kind: str, context: Mapping[str, Any]) -> str:
    limits = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    for name, words in limits.items():
        if name in context:
            return f"must be {words} {context[name]}"
    return next((words for begins, words in _MUST if kind.startswith(begins)), "has a value that cannot be used")


def _where(loc: Sequence[int | str], body: Mapping[str, Any]) -> str:
    """'step 'mails', args.to': steps and triggers by their names, the rest as dotted keys."""
    keys = list(loc)
    place = ""
    if len(keys) >= 2 and keys[0] in _TABLES and isinstance(keys[1], int):
        entry = body[str(keys[0])][keys[1]]
        name = entry.get("id" if keys[0] == "step" else "name") if isinstance(entry, Mapping) else None
        place = f"{keys[0]} {name!r}" if isinstance(name, str) else f"{keys[0]} {keys[1] + 1}"
        keys = keys[2:]
    dotted = ""
    for key in keys:
        if isinstance(key, int):
            dotted += f"[{key}]"
        elif key.replace("_", "").isalnum():  # pydantic's marks of union branches are none
            dotted += f".{key}" if dotted else key
    return ", ".join(part for part in (place, dotted) if part)


def _known(loc: Sequence[int | str]) -> tuple[str, ...]:
    """The keys of the table at that place."""
    kind: Any = Definition
    for key in loc:
        inner = _inner(kind, key)
        kind = kind if inner is None else inner
    model = _model(kind)
    return tuple(field.alias or name for name, field in model.model_fields.items()) if model else ()


def _inner(kind: Any, key: int | str) -> Any:
    model = _model(kind)
    if model is not None:
        field = model.model_fields.get(str(key))
        return None if field is None else field.annotation
    kind = _plain(kind)
    origin, args = get_origin(kind), get_args(kind)
    if origin in (tuple, list):
        return args[0]
    return args[1] if origin is dict else None


def _model(kind: Any) -> type[BaseModel] | None:
    kind = _plain(kind)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _plain(kind: Any) -> Any:
    """The type without Annotated, and of a union its first table."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        parts = [_plain(part) for part in get_args(kind) if part is not type(None)]
        return next((part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)), parts[0])
    return kind
