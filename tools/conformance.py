"""What ``clawdbot tools check`` tells the author of a tool, before a model stumbles over it."""

from __future__ import annotations

import copy
import inspect
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import ValidationError

from clawdbot.access.envelope import Envelope
from clawdbot.config import Config
from clawdbot.errors import ClawdbotError, InvalidTool
from clawdbot.tools.contract import RunView, Schema, ToolContext
from clawdbot.tools.invoke import invoke
from clawdbot.tools.registry import AnyTool, tools_in_file
from clawdbot.tools.results import as_result
from clawdbot.tools.sample_arguments import sample_arguments
from clawdbot.tools.workspace import Workspace

Severity = Literal["error", "warning"]
"""error: a run would trip over it; warning: a model will use the tool worse than it could."""

_DESCRIPTION = range(12, 301)
_MANY_ARGUMENTS = 10
_CHANGING = ("send_", "post_", "delete_", "remove_", "write_", "create_", "update_", "pay_", "book_", "upload_")
_CALL_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing to mend in a tool; ``tool`` is a tool's name, or a file's when nothing could be loaded."""

    tool: str
    message: str
    severity: Severity = "error"


def check_path(path: Path, *, call: bool = False) -> list[Problem]:
    """Problems of all tools in a file, or in the files of a folder; empty when all is well."""
    if not path.exists():
        return [Problem(tool=str(path), message="There is no such file or folder.")]
    found: list[Problem] = []
    files = sorted(path.glob("[!_]*.py")) if path.is_dir() else [path]
    for file in files:
        if path.is_dir() and file.name.startswith(("test_", "conftest")):
            continue
        try:
            tools = tools_in_file(file)
        except InvalidTool as error:
            found.append(Problem(tool=file.name, message=str(error)))
            continue
        if not tools:
            found.append(Problem(tool=file.name, message="It defines no tool: put @tool(effect=...) above a function."))
        for tool in tools:
            found.extend(check_tool(tool, call=call))
    return found or ([] if files else [Problem(tool=str(path), message="It holds no Python file.")])


def check_tool(tool: AnyTool, *, call: bool = False) -> list[Problem]:
    """Problems of one tool; with ``call`` a tool with effect 'read' is also called once with generated arguments."""
    broken = list(_schema_problems(tool.name, tool.schema))
    found = [*broken, *_wording(tool), *_effect(tool)]
    with tempfile.TemporaryDirectory(prefix="clawdbot-check-") as folder:
        workspace = Workspace(Path(folder))
        found.extend(_hooks(tool, workspace))
        if call and tool.effect == "read" and not broken:
            found.extend(_called(tool, workspace))
    return found


def _schema_problems(name: str, schema: Schema, *, whose: str = "the schema") -> Iterator[Problem]:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        yield Problem(tool=name, message=f"In {whose}: {error.message} (not JSON Schema draft 2020-12).")
        return
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        yield Problem(tool=name, message=f"In {whose}: it must be an object with additionalProperties false.")
    for argument, part in schema.get("properties", {}).items():
        if not {"type", "enum", "const", "anyOf", "oneOf", "allOf"} & part.keys():
            yield Problem(tool=name, message=f"In {whose}: argument {argument!r} may be anything; give it a type.")


def _wording(tool: AnyTool) -> Iterator[Problem]:
    length = len(tool.description)
    if length not in _DESCRIPTION:
        low, high = _DESCRIPTION.start, _DESCRIPTION.stop - 1
        message = f"The description has {length} characters; say what it does in {low} to {high}."
        yield Problem(tool=tool.name, message=message, severity="warning")
    arguments = tool.schema.get("properties", {})
    for argument, part in arguments.items():
        if not part.get("description"):
            message = f"Argument {argument!r} is not described; add a line '{argument}: ...' to the docstring."
            yield Problem(tool=tool.name, message=message, severity="warning")
    if len(arguments) > _MANY_ARGUMENTS:
        message = f"It has {len(arguments)} arguments; a small model handles about {_MANY_ARGUMENTS}."
        yield Problem(tool=tool.name, message=message, severity="warning")
    if inspect.signature(tool.function).return_annotation is inspect.Signature.empty:
        message = "The return type is not declared, so that its own test is not typed."
        yield Problem(tool=tool.name, message=message, severity="warning")


def _effect(tool: AnyTool) -> Iterator[Problem]:
    if tool.effect == "read" and tool.name.startswith(_CHANGING):
        message = f"It is called {tool.name!r} but declares effect 'read'; 'external' is for what changes the world."
        yield Problem(tool=tool.name, message=message, severity="warning")
    if tool.effect == "read" and tool.provides in ("chart", "report", "mail"):
        yield Problem(tool=tool.name, message=f"It provides a {tool.provides} but declares effect 'read'.")


def _hooks(tool: AnyTool, workspace: Workspace) -> Iterator[Problem]:
    """``when`` and ``narrows`` must bear the state of a run that has just begun."""
    view = RunView(
        goal="", language="en", deliverables=frozenset(), workspace=workspace, envelope=Envelope(), config=Config()
    )
    hooks: Any = tool  # an author's functions may return anything, whatever their types say
    before = copy.deepcopy(tool.schema)
    try:
        ready = hooks.ready(view)
        narrowed = hooks.narrow(view, tool.schema) if ready else before
    except KeyError as error:
        message = f"Its 'when' or 'narrows' looks for {error}, which a run that has just begun lacks; not checked."
        yield Problem(tool=tool.name, message=message, severity="warning")
        return
    except Exception as error:
        message = f"Its 'when' or 'narrows' fails at the beginning of a run: {type(error).__name__}: {error}."
        yield Problem(tool=tool.name, message=message)
        return
    if not isinstance(ready, bool):
        yield Problem(tool=tool.name, message=f"Its 'when' returns {ready!r}; return True or False.")
    if not isinstance(narrowed, dict):
        yield Problem(tool=tool.name, message=f"Its 'narrows' returns {type(narrowed).__name__}; return a schema.")
        return
    if tool.schema != before:
        yield Problem(tool=tool.name, message="Its 'narrows' changes the schema that it is given; return a new one.")
    yield from _schema_problems(tool.name, narrowed, whose="the narrowed schema")


def _called(tool: AnyTool, workspace: Workspace) -> Iterator[Problem]:
    args = sample_arguments(tool.schema)
    try:
        checked = tool.validate(args)
    except ValidationError:
        message = "No arguments could be generated from its schema, so it was not called."
        yield Problem(tool=tool.name, message=message, severity="warning")
        return
    context = ToolContext(
        run_id="check", goal="", language="en", workspace=workspace, envelope=Envelope(), config=Config(),
        deadline=time.monotonic() + _CALL_S,
    )  # fmt: skip
    try:
        as_result(tool, invoke(tool, checked, context), workspace)
    except ClawdbotError:
        return  # it refuses these arguments with words for the model, which is what it should do
    except (Exception, SystemExit) as error:
        yield Problem(tool=tool.name, message=f"Called with {args}: {type(error).__name__}: {error}.")
