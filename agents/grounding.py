"""What the goal speaks of, found without a model: the database, its tables, columns, measures and values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clawdbot.agents.brief import Brief
from clawdbot.config import LABELS, Config, Label
from clawdbot.tools.database import query
from clawdbot.tools.database.databases import Databases


@dataclass(frozen=True, kw_only=True)
class Grounding:
    """The part of the chosen database that matters, in words for a small context, and facts for tools."""

    text: str = ""
    hints: Mapping[str, Any] = field(default_factory=dict)
    grounded: bool = False
    """The goal names something that is in the database."""
    label: Label = "public"
    """The highest label of what the steps can see."""


def ground(brief: Brief, part: int, config: Config, databases: Databases) -> Grounding:
    """Link a part of the goal to the configured databases and choose the one that it speaks of most."""
    allowed = frozenset(databases.names()) & brief.envelope.databases
    if not allowed:
        return Grounding()
    found = query.ground(brief.goal, brief.hints(part), config, databases, allowed)
    links = found.links
    return Grounding(
        text=found.describe(),
        hints={"values": links.hits},
        grounded=bool(links.tables or links.measures or links.hits or links.columns),
        label=max((config.databases[name].label for name in allowed), key=LABELS.index),
    )
