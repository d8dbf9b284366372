"""Whether the parts of a workflow fit together: ids, needs, templates, inputs, tools, recipients, triggers.

Pure: tools are passed in, nothing is called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails
from rapidfuzz import process

from clawdbot.errors import ClawdbotError, UsageError
from clawdbot.tools.argument_errors import describe
from clawdbot.tools.registry import AnyTool, Registry
from clawdbot.workflows.definition import Definition, Input, Step
from clawdbot.workflows.definition_file import InvalidWorkflow, Problem
from clawdbot.workflows.inputs import value_of
from clawdbot.workflows.scope import STEP_FACTS, Place, from_data, places
from clawdbot.workflows.templates import MOMENTS, Path, is_constant, paths, problem, strings

_NEAR = 55
_SOME_DAY = date(2026, 1, 15)
_ONLY_WITH: Mapping[str, tuple[str, ...]] = {
    "goal": ("ask", "given"),
    "tool": ("args", "stands_on", "original"),
    "foreach": ("parallel",),
}
"""Keys that mean something only beside another one."""


def require(definition: Definition, registry: Registry, *, contacts: Mapping[str, str], source: str = "") -> None:
    """InvalidWorkflow with everything that is wrong."""
    found = check(definition, registry, contacts=contacts)
    if found:
        raise InvalidWorkflow(source or repr(definition.name), found)


def check(definition: Definition, registry: Registry, *, contacts: Mapping[str, str]) -> tuple[Problem, ...]:
    """Everything that is wrong with a definition; empty when it can run."""
    broken = tuple(_ids(definition)) or tuple(_needs(definition))
    if broken:  # without them the rest says little
        return broken
    return (
        *(found for step in definition.step for found in _form(step)),
        *_templates(definition),
        *_inputs(definition, contacts),
        *_given(definition),
        *(found for step in definition.step if step.tool for found in _tool(definition, step, registry)),
        *_triggers(definition, contacts),
    )


def _ids(definition: Definition) -> Iterator[Problem]:
    for kind, names in (("step", [s.id for s in definition.step]), ("trigger", [t.name for t in definition.trigger])):
        for name, times in Counter(names).items():
            if times > 1:
                yield Problem(where=f"{kind} {name!r}", what=f"the name stands {times} times.", hint="Change one.")


def _needs(definition: Definition) -> Iterator[Problem]:
    known = {step.id for step in definition.step}
    graph = {step.id: set(step.needs or ()) for step in definition.step}
    unknown = False
    for step in definition.step:
        for name in step.needs or ():
            if name not in known:
                unknown = True
                what = f"there is no step {name!r}."
                yield Problem(where=f"step {step.id!r}, needs", what=what, hint=_nearest(name, known))
    if unknown:
        return
    full = {name: set(definition.needs(step)) for name, step in zip(graph, definition.step, strict=True)}
    try:
        TopologicalSorter(full).prepare()
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        hint = "A step can only need steps that do not need it. needs = [] starts at once."
        yield Problem(where="step", what=f"steps wait for each other: {circle}.", hint=hint)


def _form(step: Step) -> Iterator[Problem]:
    where = f"step {step.id!r}"
    kinds = [key for key in ("goal", "tool", "write") if getattr(step, key)]
    if len(kinds) != 1:
        has = f"it has {' and '.join(kinds)}." if kinds else "it has none of them."
        yield Problem(where=where, what=f"a step has exactly one of goal, tool and write; {has}", hint="Split it.")
    for key, others in _ONLY_WITH.items():
        for other in others:
            if other in step.model_fields_set and not getattr(step, key):
                yield Problem(where=where, what=f"{other} means nothing without {key}.", hint=f"Remove {other}.")
    if step.approval == "":
        yield Problem(where=where, what="approval is empty.", hint="Write true, or the question to ask.")


def _templates(definition: Definition) -> Iterator[Problem]:
    for place in places(definition):
        said = problem(place.template, expression=place.expression)
        if said:
            yield Problem(where=place.where, what=f"the template cannot be read: {said}.")
            continue
        for path in sorted(paths(place.template, expression=place.expression)):
            yield from _name(definition, place, path)
    before: list[str] = []
    for name, spec in definition.inputs.items():
        yield from _default(name, spec, tuple(before))
        before.append(name)


def _name(definition: Definition, place: Place, path: Path) -> Iterator[Problem]:
    """What a template takes must be there at that place."""
    if path[0] not in place.names:
        hint = _nearest(path[0], place.names)
        if path[0] in ("item", "position"):
            hint = "It is there in steps with foreach."
        yield Problem(where=place.where, what=f"there is no {path[0]!r} here.", hint=hint)
    elif path[0] == "inputs" and len(path) > 1 and path[1] not in (*definition.inputs, "*"):
        hint = _nearest(path[1], definition.inputs)
        yield Problem(where=place.where, what=f"there is no input {path[1]!r}.", hint=hint)
    elif path[0] == "steps" and len(path) > 1 and path[1] != "*":
        yield from _step_fact(definition, place, path)


def _step_fact(definition: Definition, place: Place, path: Path) -> Iterator[Problem]:
    if path[1] not in {step.id for step in definition.step}:
        hint = _nearest(path[1], place.steps)
        yield Problem(where=place.where, what=f"there is no step {path[1]!r}.", hint=hint)
    elif path[1] not in place.steps:
        hint = f"Add {path[1]!r} to needs."
        yield Problem(where=place.where, what=f"step {path[1]!r} need not have ended before this one.", hint=hint)
    elif len(path) > 2 and path[2] not in STEP_FACTS:
        hint = _nearest(path[2], STEP_FACTS)
        yield Problem(where=place.where, what=f"a step has no {path[2]!r}.", hint=hint)


def _default(name: str, spec: Input, before: tuple[str, ...]) -> Iterator[Problem]:
    where = f"inputs.{name}, default"
    for at, text in strings(spec.default):
        said = problem(text)
        if said:
            yield Problem(where=f"{where}{at}", what=f"the template cannot be read: {said}.")
            continue
        for path in sorted(paths(text)):
            if path[0] not in {"inputs", *MOMENTS}:
                hint = "A default may use inputs before it and today(), period(), days(), date()."
                yield Problem(where=where, what=f"there is no {path[0]!r} here.", hint=hint)
            elif path[0] == "inputs" and len(path) > 1 and path[1] not in before:
                yield Problem(
                    where=where, what=f"no input {path[1]!r} stands before it.", hint=_nearest(path[1], before)
                )


def _inputs(definition: Definition, contacts: Mapping[str, str]) -> Iterator[Problem]:
    for name, spec in definition.inputs.items():
        where = f"inputs.{name}"
        if (spec.type == "choice") != bool(spec.choices):
            yield Problem(
                where=where, what="choices belong to type choice, and to no other.", hint="Mend type or choices."
            )
        elif spec.default is not None and is_constant(spec.default):
            yield from _value(spec, spec.default, contacts, f"{where}, default")


def _value(spec: Input, value: Any, contacts: Mapping[str, str], where: str) -> Iterator[Problem]:
    try:
        value_of(spec, value, day=_SOME_DAY, contacts=contacts)
    except ClawdbotError as error:
        yield Problem(where=where, what=error.message, hint=error.hint)


def _given(definition: Definition) -> Iterator[Problem]:
    for step in definition.step:
        before = definition.ancestors(step)
        for name in step.given:
            if name not in before:
                hint = f"Add it to needs. Steps before it: {', '.join(before) or 'none'}."
                yield Problem(where=f"step {step.id!r}, given", what=f"{name!r} need not have ended before.", hint=hint)


def _tool(definition: Definition, step: Step, registry: Registry) -> Iterator[Problem]:
    where = f"step {step.id!r}"
    try:
        tool = registry.get(step.tool)
    except UsageError as error:
        installed = [entry.name for entry in registry.entries]
        near = "" if step.tool in installed else f" {_nearest(step.tool, installed)}"
        yield Problem(where=f"{where}, tool", what=error.message, hint=f"{error.hint}{near}".strip())
        return
    said = _arguments(tool, step.args)
    if said:
        yield Problem(where=f"{where}, args", what=f"they do not fit {step.tool}: {said}")
    if tool.provides == "mail":
        yield from _recipients(definition, step)


def _arguments(tool: AnyTool, args: Mapping[str, Any]) -> str:
    """What is wrong with the constant arguments, and with the names of all."""
    constant = {name: value for name, value in args.items() if is_constant(value)}
    unknown = {name: "" for name in args if name not in tool.schema["properties"]}
    try:
        tool.validate({**constant, **unknown})
    except ValidationError as error:
        kept = [
            InitErrorDetails(type=d["type"], loc=d["loc"], input=d["input"], ctx=d.get("ctx", {}))
            for d in error.errors(include_url=False)
            if not (d["type"] == "missing" and d["loc"][0] in args)
        ]
        return describe(ValidationError.from_exception_data("args", kept), tool.schema) if kept else ""
    except (ClawdbotError, ValueError, TypeError) as error:  # a validator of the tool's own type
        return str(error)
    return ""


def _recipients(definition: Definition, step: Step) -> Iterator[Problem]:
    if "to" not in step.args:
        hint = 'Write args.to = ["name@example.com"], or take it from an input.'
        yield Problem(where=f"step {step.id!r}", what="a mail has args.to.", hint=hint)
    for at, text in strings(step.args.get("to"), "args.to"):
        if from_data(definition, step, text) and not definition.recipients_from_data:
            yield Problem(
                where=f"step {step.id!r}, {at}",
                what="the address comes from results of a step, which nobody reviews.",
                hint="Take it from an input, or write recipients_from_data = true at the top of the file.",
            )


def _triggers(definition: Definition, contacts: Mapping[str, str]) -> Iterator[Problem]:
    for trigger in definition.trigger:
        where = f"trigger {trigger.name!r}"
        own = [trigger.folder.input] if trigger.folder else []
        own += [trigger.after.input] if trigger.after and trigger.after.input else []
        for name in (*trigger.inputs, *own):
            if name not in definition.inputs:
                hint = _nearest(name, definition.inputs)
                yield Problem(where=where, what=f"the workflow has no input {name!r}.", hint=hint)
        for name, value in trigger.inputs.items():
            if name in definition.inputs and is_constant(value):
                yield from _value(definition.inputs[name], value, contacts, f"{where}, inputs.{name}")
        if trigger.webhook is not None:
            continue  # its body gives inputs
        for name, spec in definition.inputs.items():
            if spec.must_be_given and name not in (*trigger.inputs, *own):
                hint = f"Write it into inputs of the trigger, or give inputs.{name} a default."
                yield Problem(where=where, what=f"the input {name!r} must be given.", hint=hint)


def _nearest(name: str, known: Any) -> str:
    choices = sorted(known)
    near = process.extractOne(name, choices, score_cutoff=_NEAR)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Known: {', '.join(choices)}." if choices else ""
