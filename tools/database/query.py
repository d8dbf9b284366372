"""The tool ``query``: a typed question about a database, compiled to SQL by us."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from clawdbot.config import Config
from clawdbot.errors import TerminalToolError
from clawdbot.tools.contract import RunView, Schema, ToolContext, ToolResult
from clawdbot.tools.database.asked import Asked, Hints, read_question
from clawdbot.tools.database.brief_query import apply_brief, read_arguments
from clawdbot.tools.database.catalog import Catalog, ValueHit
from clawdbot.tools.database.compiler import Compiled, compile_query
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.describe import describe
from clawdbot.tools.database.focus import Focus, focus
from clawdbot.tools.database.linking import Links, link
from clawdbot.tools.database.measures import Measure, discover
from clawdbot.tools.database.preview import preview
from clawdbot.tools.database.query_check import check_result
from clawdbot.tools.database.query_schema import build_schema
from clawdbot.tools.database.shown_sql import shown_sql
from clawdbot.tools.database.typed import TypedQuery
from clawdbot.tools.decorator import tool


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A question on its database: what it links to and what its words call for."""

    catalog: Catalog
    measures: dict[str, Measure]
    links: Links
    asked: Asked
    hints: Hints

    def describe(self) -> str:
        """The relevant part of the database as text for the prompt."""
        return self._description

    def focus(self) -> Focus:
        """What is offered to a model."""
        return self._focus

    @cached_property
    def _description(self) -> str:
        return describe(self.catalog, self.links, self.measures, question=self.hints.question, language=self.language)

    @property
    def language(self) -> str:
        """The question's: columns may exist in both languages."""
        return "zh" if re.search(r"[\u3400-\u9fff]", self.hints.question) else "en"

    @cached_property
    def _focus(self) -> Focus:
        return focus(self.catalog, self.measures, self.links, self.asked, language=self.language)


def ground(
    goal: str, hints: Mapping[str, Any], config: Config, databases: Databases, allowed: frozenset[str]
) -> Ground:
    """The database that a question fits best, of those that are allowed, and what the question means there.

    A run asks several times in every step; the answer follows from the arguments alone, so it is remembered.
    """
    key = json.dumps([goal, dict(hints), sorted(allowed)], sort_keys=True, default=repr)
    return databases.remembered(key, lambda: _ground(goal, hints, config, databases, allowed))


def _ground(
    goal: str, hints: Mapping[str, Any], config: Config, databases: Databases, allowed: frozenset[str]
) -> Ground:
    read = Hints.of(hints, goal)
    names = [n for n in databases.names() if n in allowed]
    if not names:
        raise TerminalToolError("No database may be read.", hint="Add one under [databases] in clawdbot.toml.")
    found = [_ground_on(name, read, hints, config, databases) for name in names]
    return max(found, key=lambda g: _fit(g.links))


def _ground_on(name: str, read: Hints, hints: Mapping[str, Any], config: Config, databases: Databases) -> Ground:
    catalog = databases.catalog(name)
    configured = config.databases[name].measures if name in config.databases else {}
    measures = discover(catalog, configured)
    given = hints.get("values")
    hits = databases.find_values(name, read.question) if given is None else tuple(map(_hit, given))
    links = link(read.question, catalog, measures, hits)
    return Ground(catalog=catalog, measures=measures, links=links, asked=read_question(read.question), hints=read)


def _hit(value: ValueHit | Mapping[str, Any]) -> ValueHit:
    return value if isinstance(value, ValueHit) else ValueHit(**value)


def _fit(links: Links) -> float:
    return sum(links.tables.values()) + sum(links.measures.values()) + len(links.hits)


@tool(effect="read", provides="table")
def query(
    context: ToolContext,
    measures: list[str] | None = None,
    by: list[str] | None = None,
    columns: list[str] | None = None,
    per: Literal["day", "week", "month", "quarter", "year"] | None = None,
    filters: list[dict[str, Any]] | None = None,
    without: str | None = None,
    having: dict[str, Any] | None = None,
    sort: str | None = None,
    order: Literal["asc", "desc"] | None = None,
    limit: int | None = None,
) -> ToolResult:
    """Ask the database: numbers (measures by columns) or a list of rows (columns).

    measures: numbers to compute
    by: columns to group by; empty for one total
    columns: columns of a plain list, instead of measures
    per: time step
    filters: conditions, all must hold
    without: only those that have no rows in this table
    having: condition on the first measure
    sort: column that a list is sorted by
    order: highest or lowest first
    limit: number of rows
    """
    databases = context.service(Databases)
    asked, found = _understood(
        context,
        {
            "measures": measures,
            "by": by,
            "columns": columns,
            "per": per,
            "filters": filters,
            "without": without,
            "having": having,
            "sort": sort,
            "order": order,
            "limit": limit,
        },
    )
    return _answer(asked, found, context, databases)


@query.shown_by
def _shown(context: ToolContext, arguments: Mapping[str, Any]) -> str:
    asked, found = _understood(context, arguments)
    return shown_sql(context, found.catalog.name, compile_query(asked, found.catalog, found.measures).sql)


@query.when
def _ready(view: RunView) -> bool:
    """There is a database that this run may read."""
    return any(name in view.envelope.databases for name in view.service(Databases).names())


@query.narrows
def _narrow(view: RunView, schema: Schema) -> Schema:
    """Only what the question can mean in this database; see :mod:`.query_schema`."""
    found = ground(view.goal, view.hints, view.config, view.service(Databases), view.envelope.databases)
    return build_schema(found.catalog, found.links, found.focus(), found.asked, found.hints)


def _understood(context: ToolContext, arguments: Mapping[str, Any]) -> tuple[TypedQuery, Ground]:
    """The whole question: what was written, and what the brief adds to it."""
    databases = context.service(Databases)
    found = ground(context.goal, context.hints, context.config, databases, context.envelope.databases)
    written = read_arguments(arguments)
    return apply_brief(written, found.hints, found.asked, catalog=found.catalog, links=found.links), found


def _answer(asked: TypedQuery, found: Ground, context: ToolContext, databases: Databases) -> ToolResult:
    compiled = compile_query(asked, found.catalog, found.measures)
    result = databases.run(found.catalog.name, compiled.sql, timeout_s=context.remaining_s())
    complaints = check_result(result.frame, asked, found.hints, compiled)
    info = context.workspace.save_table(
        result.frame,
        name=table_name(asked, compiled),
        source=found.catalog.name,
        sql=result.sql,
        title=title(asked, compiled),
        truncated=result.truncated,
    )
    lines = [preview(result.frame, name=info.name, truncated=result.truncated)]
    lines += [f"note: {note}" for note in (*compiled.notes, *result.notes)]
    lines += [f"check: {complaint}" for complaint in complaints]
    return ToolResult(
        observation="\n".join(lines),
        table=info.name,
        summary=f"{info.name}: {info.rows} rows from {found.catalog.name}",
        receipt={
            "database": found.catalog.name,
            "sql": result.sql,
            "rows": info.rows,
            "columns": [c.name for c in info.columns],
            "sha256": info.sha256,
            "table": info.name,
            "truncated": result.truncated,
            "time": compiled.time,
            "grain": compiled.grain,
            "period": [p.model_dump(mode="json") for p in asked.periods],
            "filters": [f.model_dump(mode="json", exclude_defaults=True) for f in asked.filters],
            "query": asked.model_dump(mode="json", exclude_defaults=True),
            "complaints": complaints,
        },
    )


def table_name(asked: TypedQuery, compiled: Compiled) -> str:
    """'revenue_by_CategoryName_1997-Q3': what was computed, of what, when."""
    roles = compiled.roles
    main = [c for c, role in roles.items() if role == "measure"][:2]
    groups = [c for c, role in roles.items() if role in ("time", "dimension", "period")][:2]
    if asked.columns:
        main = [asked.columns[0].rsplit(".", 1)[0]]
        groups = []
    labels = [p.label for p in asked.periods[:1] if len(asked.periods) == 1 and p.label]
    if asked.without:
        labels.insert(0, f"without_{asked.without}")
    return "_".join([*main, *(["by", *groups] if groups else []), *labels])


def title(asked: TypedQuery, compiled: Compiled) -> str:
    """The same in words, for a heading."""
    return table_name(asked, compiled).replace("_", " ")
