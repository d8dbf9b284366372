"""What a workflow may do, for the person who reviews it before it starts by itself.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clawdbot.config import Config
from clawdbot.tools.contract import Effect
from clawdbot.tools.registry import Registry
from clawdbot.workflows.definition import Definition, Step
from clawdbot.workflows.schedules.trigger import Trigger
from clawdbot.workflows.scope import from_data
from clawdbot.workflows.templates import is_constant, paths, strings


@dataclass(frozen=True, kw_only=True)
class ToolUse:
    """A tool that steps call: what kind of effect it has, and in which steps."""

    tool: str
    effect: Effect
    steps: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """Somebody who is written to: an address or a template, what it gives by default, and if it comes from data."""

    text: str
    default: tuple[str, ...] = ()
    from_data: bool = False


@dataclass(frozen=True, kw_only=True)
class Powers:
    """Everything that a workflow may do."""

    tools: tuple[ToolUse, ...]
    goals: tuple[str, ...]
    """Steps that a planner works on, with every tool that a goal in plain words may use."""
    databases: tuple[str, ...]
    """Names or templates; empty when no step reads one."""
    receivers: tuple[Receiver, ...]
    told: tuple[str, ...]
    """Who is told how a run ended: addresses and URLs."""
    approvals: tuple[str, ...]
    """Steps before which a person must say yes."""
    triggers: tuple[Trigger, ...]

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "tools": [{"tool": use.tool, "effect": use.effect, "steps": list(use.steps)} for use in self.tools],
            "goals": list(self.goals),
            "databases": list(self.databases),
            "receivers": [
                {"text": one.text, "default": list(one.default), "from_data": one.from_data} for one in self.receivers
            ],
            "told": list(self.told),
            "approvals": list(self.approvals),
            "triggers": [one.model_dump(mode="json", exclude_defaults=True) for one in self.triggers],
        }


def powers(definition: Definition, registry: Registry, config: Config) -> Powers:
    """What the workflow may do under that configuration; its tools exist."""
    steps: dict[str, list[str]] = {}
    for step in definition.step:
        if step.tool:
            steps.setdefault(step.tool, []).append(step.id)
    uses = [ToolUse(tool=name, effect=registry.get(name).effect, steps=tuple(ids)) for name, ids in steps.items()]
    notify = definition.notify
    tells = [tell for tell in (notify.on_success, notify.on_failure) if tell is not None]
    return Powers(
        tools=tuple(uses),
        goals=tuple(step.id for step in definition.step if step.goal or step.original),
        databases=_databases(definition, registry, config),
        receivers=tuple(one for step in definition.step for one in _receivers(definition, step, registry)),
        told=tuple(
            dict.fromkeys(text for tell in tells for text in (*tell.mail, *([tell.webhook] * bool(tell.webhook))))
        ),
        approvals=tuple(step.id for step in definition.step if step.approval),
        triggers=definition.trigger,
    )


def _databases(definition: Definition, registry: Registry, config: Config) -> tuple[str, ...]:
    if definition.databases:
        return definition.databases
    found: list[str] = []
    for step in definition.step:
        if step.goal or step.original:
            found += config.databases
        elif (step.tool and "database" in registry.get(step.tool).schema["properties"]) or step.tool == "query":
            found += [step.args["database"]] if step.args.get("database") else list(config.databases)
    return tuple(dict.fromkeys(found))


def _receivers(definition: Definition, step: Step, registry: Registry) -> list[Receiver]:
    if not step.tool or registry.get(step.tool).provides != "mail":
        return []
    return [
        Receiver(text=text, default=_defaults(definition, text), from_data=from_data(definition, step, text))
        for _, text in strings(step.args.get("to"))
    ]


def _defaults(definition: Definition, text: str) -> tuple[str, ...]:
    """Addresses that inputs in a template have by default."""
    if is_constant(text):
        return ()
    names = [path[1] for path in sorted(paths(text)) if path[0] == "inputs" and len(path) > 1]
    values = [definition.inputs[name].default for name in names if name in definition.inputs]
    return tuple(str(one) for value in values if value for one in (value if isinstance(value, list) else [value]))
