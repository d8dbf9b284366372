"""Workflows for people: a list, one in detail, and what it may do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from clawdbot.cli.streams import clean
from clawdbot.cli.wording import Words
from clawdbot.workflows.catalogue import Found, State
from clawdbot.workflows.definition import Definition, Input, Step
from clawdbot.workflows.powers import Powers, Receiver
from clawdbot.workflows.schedules.trigger import Trigger

_MARKS: dict[State, tuple[str, str]] = {
    "enabled": ("●", "green"),
    "changed": ("●", "yellow"),
    "disabled": ("○", ""),
    "new": ("○", ""),
    "broken": ("✗", "red"),
}


def print_list(console: Console, found: Sequence[Found], words: Words) -> None:
    """Every workflow with its state and where it comes from."""
    if not found:
        console.print(words("workflow.none"))
    for one in found:
        _print_head(console, one, words)
        if one.definition is not None and one.definition.title:
            _line(console, one.definition.title.in_(words.language))
        if one.problem:
            _line(console, one.problem, style="red")


def print_workflow(console: Console, found: Found, definition: Definition, words: Words) -> None:
    """One workflow: what it is for, its inputs, its steps."""
    _print_head(console, found, words)
    for text in (definition.title, definition.description):
        if text:
            _line(console, text.in_(words.language))
    if found.path is not None:
        _line(console, str(found.path), style="dim")
    if definition.inputs:
        _heading(console, words("workflow.inputs"))
        for name, spec in definition.inputs.items():
            _line(console, _input(name, spec, words))
    _heading(console, words("workflow.steps"))
    for step in definition.step:
        _line(console, _step(definition, step, words))
    if definition.outputs:
        _heading(console, words("workflow.outputs"))
        _line(console, words.separator.join(definition.outputs))


def print_powers(console: Console, definition: Definition, may: Powers, words: Words) -> None:
    """What the workflow may do, for the person who reviews it."""
    _heading(console, words("workflow.may", name=definition.name, version=definition.version))
    for use in may.tools:
        effect = words(f"workflow.effect_{use.effect}")
        _line(console, words("workflow.uses", tool=use.tool, effect=effect, steps=words.separator.join(use.steps)))
    if may.goals:
        _line(console, words("workflow.plans", steps=words.separator.join(may.goals)))
    if may.databases:
        _line(console, words("workflow.reads", databases=words.separator.join(may.databases)))
    for receiver in may.receivers:
        _line(console, _receiver(receiver, words), style="yellow" if receiver.from_data else "")
    if may.approvals:
        _line(console, words("workflow.asks", steps=words.separator.join(may.approvals)))
    if may.told:
        _line(console, words("workflow.tells", whom=words.separator.join(may.told)))
    if definition.budget_usd is not None:
        _line(console, words("workflow.budget", budget=definition.budget_usd))
    for trigger in may.triggers:
        _line(console, words("workflow.starts", what=_trigger(trigger, words)))
    if not may.triggers:
        _line(console, words("workflow.by_hand"))


def _print_head(console: Console, found: Found, words: Words) -> None:
    mark, colour = _MARKS[found.state]
    head = Text.assemble((f"{mark} ", colour), (found.name, "bold"))
    if found.definition is not None:
        head.append(f"  {found.definition.version}")
    origin, state = words(f"workflow.origin_{found.origin}"), words(f"workflow.state_{found.state}")
    head.append(f"  ({state}{words.separator}{origin})", "dim")
    console.print(head)


def _input(name: str, spec: Input, words: Words) -> str:
    kind = f"{spec.type}[{spec.of}]" if spec.type == "list" else spec.type
    parts = [f"{name}: {kind}"]
    if spec.choices:
        parts.append(f"({' | '.join(spec.choices)})")
    if spec.must_be_given:
        parts.append(words("workflow.required"))
    elif spec.default is not None:
        parts.append(f"= {_shown(spec.default)}")
    said = spec.description.in_(words.language)
    return "  ".join([*parts, *([said] if said else [])])


def _step(definition: Definition, step: Step, words: Words) -> str:
    parts = [f"{step.id}: {step.tool or words(f'workflow.kind_{step.kind}')}"]
    title = step.title.in_(words.language) or (step.goal if step.kind == "goal" else "")
    if title:
        parts.append(title)
    notes = []
    if definition.needs(step):
        notes.append(words("workflow.after", steps=words.separator.join(definition.needs(step))))
    if step.when:
        notes.append(words("workflow.when", condition=step.when))
    if step.foreach:
        notes.append(words("workflow.foreach", items=step.foreach))
    if step.approval:
        notes.append(words("workflow.approval"))
    return "  ".join([*parts, *([f"({'; '.join(notes)})"] if notes else [])])


def _receiver(receiver: Receiver, words: Words) -> str:
    if receiver.from_data:
        return words("workflow.writes_data", whom=receiver.text)
    default = words.separator.join(receiver.default)
    return words("workflow.writes", whom=f"{receiver.text} ({default})" if default else receiver.text)


def _trigger(trigger: Trigger, words: Words) -> str:
    match trigger.kind:
        case "cron" | "every" | "at":
            said = f"{trigger.kind} {getattr(trigger, trigger.kind)} {trigger.timezone}".strip()
        case "folder":
            assert trigger.folder is not None, "its kind says so"
            said = f"{trigger.folder.path}/{trigger.folder.glob}"
        case "after":
            assert trigger.after is not None, "its kind says so"
            said = words("workflow.after", steps=f"{trigger.after.workflow} ({trigger.after.outcome})")
        case "webhook":
            said = "webhook"
    return f"{trigger.name}: {said}"


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _heading(console: Console, text: str) -> None:
    console.print(Text(clean(text), style="bold"))


def _line(console: Console, text: str, *, style: str = "") -> None:
    console.print(Text(f"  {clean(text)}", style=style), soft_wrap=True)
