"""Whom a workflow's own file wants to be told of how its run ended."""

from __future__ import annotations

from datetime import date

from pydantic import ValidationError

from clawdbot.config import Config
from clawdbot.store.ledger import RunRecord
from clawdbot.store.notices import Target
from clawdbot.workflows.definition import Definition
from clawdbot.workflows.flow.envelopes import addressed
from clawdbot.workflows.flow.views import Named
from clawdbot.workflows.inputs import named
from clawdbot.workflows.templates import TemplateFailed, moments, render


def target_of(run: RunRecord, config: Config) -> Target | None:
    """The receivers of ``[notify] on_success`` or ``on_failure`` of the workflow; None for other runs.

    A receiver whose template gives nothing is left out: those of the configuration are told all the same.
    """
    spec = run.spec or {}
    if run.kind != "workflow" or "definition" not in spec:
        return None
    try:
        definition = Definition.from_json(spec["definition"])
    except ValidationError:  # accepted by another version
        return None
    tell = definition.notify.on_success if run.verdict == "verified" else definition.notify.on_failure
    if tell is None:
        return None
    names = {
        "inputs": Named(named(spec["inputs"], definition)),
        "run": Named({"id": run.id, "user": run.user}),
        "workflow": Named({"name": definition.name, "version": definition.version, "title": run.goal}),
        "language": run.language,
        **moments(date.fromisoformat(spec["day"])),
    }
    found: list[str] = []
    for template in tell.mail:
        try:
            found += addressed(render(template, names), config)
        except TemplateFailed:
            continue
    return Target(mail=tuple(dict.fromkeys(found)), webhook=tell.webhook)
