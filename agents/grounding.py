"""What the goal speaks of, found without a model: databases, tables, columns, values and measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clawdbot.agents.brief import Brief
from clawdbot.config import LABELS, Config, Label
from clawdbot.tools.database.catalog import Catalog, ValueHit
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.lexicon import Links, link
from clawdbot.tools.database.measures import Measure, find_measures
from clawdbot.tools.database.narrowing import describe

_SHOWN_VALUES = 6


@dataclass(frozen=True, kw_only=True)
class Grounding:
    """The chosen database in words that fit a small context, and facts that narrow schemas."""

    database: str = ""
    text: str = ""
    notes: tuple[str, ...] = ()
    hints: Mapping[str, Any] = field(default_factory=dict)
    grounded: bool = False
    """The goal names something that is in the database."""
    label: Label = "public"
    """The highest label of what the steps can see."""


def ground(brief: Brief, config: Config, databases: Databases) -> Grounding:
    """Link the goal to the configured databases and choose the one that it speaks of most."""
    best: tuple[float, Catalog, tuple[Measure, ...], Links, tuple[ValueHit, ...]] | None = None
    for name in databases.names():
        catalog = databases.catalog(name)
        measures = tuple(find_measures(catalog, config.databases[name].measures))
        links = link(brief.goal, catalog, measures)
        values = databases.find_values(name, brief.goal)
        weight = _weight(links) + 0.5 * len(values)
        if best is None or weight > best[0]:
            best = (weight, catalog, measures, links, values)
    if best is None:
        return Grounding()
    weight, catalog, measures, links, values = best
    return Grounding(
        database=catalog.name,
        text=f"Database {catalog.name} ({catalog.dialect}):\n{describe(catalog, links, measures)}",
        notes=_value_notes(values),
        hints={"database": catalog.name, "links": links, "values": values},
        grounded=weight > 0,
        label=max((config.databases[n].label for n in databases.names()), key=LABELS.index),
    )


def _weight(links: Links) -> float:
    return sum(links.tables.values()) + sum(links.columns.values()) + sum(links.measures.values())


def _value_notes(values: tuple[ValueHit, ...]) -> tuple[str, ...]:
    return tuple(
        f"{hit.value!r} is a value of {hit.table}.{hit.column} ({hit.rows} rows)." for hit in values[:_SHOWN_VALUES]
    )
