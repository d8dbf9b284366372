"""A workflow becomes a run: its inputs are checked, and what was reviewed is kept with the run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from clawdbot.agents.briefing import today
from clawdbot.config import Config
from clawdbot.store.queue import INTERACTIVE, NewRun
from clawdbot.text.language import Language, detect
from clawdbot.workflows.definition import Definition
from clawdbot.workflows.inputs import resolve


def new_run(
    definition: Definition,
    inputs: Mapping[str, Any],
    *,
    config: Config,
    user: str,
    priority: int = INTERACTIVE,
    ready_at: str = "",
    run_id: str = "",
    day: date | None = None,
    language: Language | None = None,
    schedule: str = "",
    extra: Mapping[str, Any] | None = None,
) -> NewRun:
    """The run to accept.  ``day`` is what relative dates are seen from, for a late start the day it was due; None is
    today.  ``language`` is the person's, for where neither inputs nor the configuration say one; ``extra`` is kept in
    the run's spec besides.  UsageError when the inputs do not fit.
    """
    seen_from = day or today(config.app)
    values = resolve(definition, inputs, day=seen_from, contacts=config.mail.contacts)
    spoken = _language(definition, values, config, language)
    spec: dict[str, Any] = {
        **(extra or {}),
        "workflow": definition.name,
        "version": definition.version,
        "digest": definition.digest,
        "definition": definition.as_json(),
        "inputs": values,
        "day": seen_from.isoformat(),
    }
    if schedule:
        spec["schedule"] = schedule
    return NewRun(
        goal=definition.heading(spoken), language=spoken, user=user, id=run_id, kind="workflow", spec=spec,
        priority=priority, ready_at=ready_at,
    )  # fmt: skip


def _language(
    definition: Definition, values: Mapping[str, Any], config: Config, preferred: Language | None
) -> Language:
    """An input of that name says it, then [app] language, then the person's where the title is in both, else that."""
    both = bool(definition.title.zh and definition.title.en and definition.title.zh != definition.title.en)
    for said in (values.get("language"), config.app.language, preferred if both else None):
        if said == "zh":
            return "zh"
        if said == "en":
            return "en"
    return detect(definition.title.en or definition.title.zh or definition.name)
