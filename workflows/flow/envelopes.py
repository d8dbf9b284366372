"""The fence around a step: exactly its tool, the databases that it names, and addresses that people wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from clawdbot.access.envelope import Envelope
from clawdbot.agents.recipients import find_recipients
from clawdbot.config import Config
from clawdbot.errors import ClawdbotError
from clawdbot.tools.registry import AnyTool
from clawdbot.workflows.definition import Definition, Step
from clawdbot.workflows.flow.views import Blank
from clawdbot.workflows.scope import from_data
from clawdbot.workflows.templates import render, strings

_DATA = ("steps", "item", "position", "result")


def envelope(
    definition: Definition,
    step: Step,
    tool: AnyTool,
    args: Mapping[str, Any],
    *,
    names: Mapping[str, Any],
    config: Config,
) -> Envelope:
    """What the call of a step may do; ``args`` are rendered, ``names`` what its templates may use."""
    to = _reviewed(definition, step, names, config) if tool.provides == "mail" else ()
    return Envelope(
        tools=frozenset({tool.name}),
        databases=databases(definition, args, names=names, config=config),
        recipients=frozenset(address.lower() for address in to),
        allow_recipients=config.mail.allow_recipients,
    )


def databases(
    definition: Definition, args: Mapping[str, Any], *, names: Mapping[str, Any], config: Config
) -> frozenset[str]:
    """Those that the workflow names, else the one that the call names, else all."""
    named = [str(render(text, names)) for text in definition.databases]
    if not named and isinstance(args.get("database"), str) and args["database"]:
        named = [args["database"]]
    return frozenset(named) if named else frozenset(config.databases)


def addressed(to: Any, config: Config) -> list[str]:
    """The receivers of a mail as addresses: contacts by their names are looked up."""
    contacts = {name.lower(): address for name, address in config.mail.contacts.items()}
    given = [to] if isinstance(to, str) else list(to or ())
    return [contacts.get(str(one).strip().lower(), str(one).strip()) for one in given]


def fence(definition: Definition, step: Step, text: str, *, names: Mapping[str, Any], config: Config) -> dict[str, Any]:
    """What a goal may do at most, whatever data stands in its words: as ``agents/fence.py`` reads it."""
    allowed: dict[str, Any] = {}
    if definition.databases:
        allowed["databases"] = sorted(databases(definition, {}, names=names, config=config))
    if from_data(definition, step, text) and not definition.recipients_from_data:
        blank = {**names, **dict.fromkeys(_DATA, Blank())}
        try:
            found, _ = find_recipients(str(render(text, blank)), config.mail.contacts)
        except ClawdbotError:  # its words make no sense without the data
            found = ()
        allowed["recipients"] = sorted(one.address.lower() for one in found)
    return allowed


def _reviewed(definition: Definition, step: Step, names: Mapping[str, Any], config: Config) -> Iterable[str]:
    """Receivers that come from the file or from inputs; those from data only where the file says so."""
    found: list[str] = []
    for _, text in strings(step.args.get("to")):
        if definition.recipients_from_data or not from_data(definition, step, text):
            found += addressed(render(text, names), config)
    return found
