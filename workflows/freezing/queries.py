"""A data step of a run as a fixed call: the question that was really asked, with the goal's literals as inputs.

A call is taken over only when it is proved: rendered with the run's own values it must be the statement that was run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp

from clawdbot.agents.brief import Part
from clawdbot.config import Config
from clawdbot.errors import ClawdbotError, UsageError
from clawdbot.text.language import Language
from clawdbot.tools.database.absent import schema_of, table_labels
from clawdbot.tools.database.bound_sql import bind
from clawdbot.tools.database.catalog import Catalog
from clawdbot.tools.database.compiler import compile_query
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.guard import guard
from clawdbot.tools.database.measures import discover
from clawdbot.tools.database.typed import TypedQuery
from clawdbot.workflows.drift import StandsOn, record_query
from clawdbot.workflows.freezing.parameters import Parameters
from clawdbot.workflows.freezing.recorded_run import Kept
from clawdbot.workflows.freezing.times import place_of, time_part, without_times
from clawdbot.workflows.freezing.wording import Names
from clawdbot.workflows.templates import Span, render_all

_LIMIT = {"zh": "最多行数", "en": "Most rows"}
_THRESHOLD = {"zh": "界限", "en": "Threshold"}
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between, exp.Like, exp.ILike)
_PARTS = (
    ("year", re.compile(r"'%y'|\byear\b", re.IGNORECASE)),
    ("quarter", re.compile(r"\bquarter\b|%m'.*/ 3", re.IGNORECASE | re.DOTALL)),
    ("month", re.compile(r"'%m'|\bmonth\b", re.IGNORECASE)),
)
"""What is computed of a date as a number, in SQLite and in PostgreSQL."""
_TIME_IN_TEXT = re.compile(r"^(?:19|20)\d\d(?:-\d\d){0,2}(?:[T ].*)?$")


@dataclass(frozen=True, kw_only=True)
class FixedCall:
    """A tool with its arguments, and what they stand on."""

    tool: str
    args: Mapping[str, Any]
    stands_on: StandsOn


class Questions:
    """Makes fixed calls of data steps."""

    def __init__(self, databases: Databases, config: Config, parameters: Parameters) -> None:
        self._databases, self._config, self._parameters = databases, config, parameters

    def frozen(self, kept: Kept) -> FixedCall | None:
        """The call for a kept data step; None when its time cannot be made an input, so that only a planner can do it
        for another time.  UsageError when the database does not take the run's query any more."""
        database = str(kept.receipt["database"])
        try:
            catalog = self._databases.current_catalog(database)
            if kept.step.tool == "query":
                return self._typed(kept, database, catalog)
            return self._free(kept, database, catalog)
        except ClawdbotError as error:
            raise UsageError(
                f"Step {kept.step.n} cannot be frozen: the database {database!r} does not take its query any more "
                f"({error.message})",
                hint="Run the goal again, and freeze that run.",
            ) from error

    def names(self, database: str, language: Language) -> Names:
        """What people call the measures and columns of a database."""
        catalog = self._databases.catalog(database)
        return Names.of(catalog, discover(catalog, self._config.databases[database].measures), language)

    # --- typed queries ---------------------------------------------------------------------------------------

    def _typed(self, kept: Kept, database: str, catalog: Catalog) -> FixedCall | None:
        asked = TypedQuery.model_validate(kept.receipt["query"])
        body = asked.model_dump(mode="json", exclude_defaults=True)
        if not self._periods(asked, body):
            return None
        part = self._part(kept)
        if asked.limit is not None and asked.offset == 0 and _ranked(part, asked.limit):
            body["limit"] = self._parameters.add("limit", asked.limit, description=_LIMIT)
        for having in body.get("having", ()):
            having["value"] = self._threshold(having["value"])
        for condition, given in zip(body.get("filters", ()), asked.filters, strict=True):
            condition |= self._condition(catalog, given.column, given.value, given.values)
        measures = discover(catalog, self._config.databases[database].measures)
        again = TypedQuery.model_validate(render_all(body, self._names()))
        statement = guard(compile_query(again, catalog, measures).sql, catalog).sql
        if statement != kept.receipt["sql"]:
            raise UsageError("the query means something else now.")
        used = {f.column: [v for v in (f.value, *f.values) if isinstance(v, str)] for f in asked.filters}
        stands_on = record_query(
            self._databases, self._config, database, statement, measures=[m.of for m in asked.measures],
            values={column: values for column, values in used.items() if values},
        )  # fmt: skip
        return FixedCall(tool="typed_query", args={"database": database, "query": body}, stands_on=stands_on)

    def _periods(self, asked: TypedQuery, body: dict[str, Any]) -> bool:
        """Make the query's periods inputs; False when one is not of the goal."""
        made = []
        for period in asked.periods:
            start, end = (day.isoformat() if day else None for day in (period.start, period.end))
            given = next((t for t in self._parameters.times if t.is_of(start, end)), None)
            if given is None:
                return False
            bounds = {"start": start and given.of("start"), "end": end and given.of("end")}
            made.append({**{k: v for k, v in bounds.items() if v}, "label": given.of("label")})
        if made:
            body["periods"] = made
        return True

    def _condition(self, catalog: Catalog, column: str, value: Any, values: tuple[Any, ...]) -> dict[str, Any]:
        """The parts of a condition that become templates."""
        own = column.rpartition(".")[2]
        template = None if value is None else time_part(own, value, self._parameters.times)
        if template is not None:
            return {"value": template}
        if value is not None and self._parameters.said(value):
            return {"value": self._parameters.of_column(catalog, column, value)}
        if values and all(self._parameters.said(v) for v in values):
            return {"values": self._parameters.of_column(catalog, column, list(values))}
        return {}

    # --- free SQL --------------------------------------------------------------------------------------------

    def _free(self, kept: Kept, database: str, catalog: Catalog) -> FixedCall | None:
        ran = str(kept.receipt["sql"])
        tree = sqlglot.parse_one(ran, read=catalog.dialect)
        columns = _literal_columns(tree, catalog)
        templates: dict[str, str] = {}
        for literal in list(tree.find_all(exp.Literal)):
            column = columns.get(id(literal), "")
            found = self._place(literal, column, catalog, self._part(kept))
            if found is not None:
                name, template = found
                templates[name] = template
                literal.replace(exp.Var(this=f":{name}"))
            elif self._part(kept).periods and _is_time(literal, catalog.dialect):
                return None
        if self._part(kept).periods and not any(
            f"inputs.{t.name}." in v for v in templates.values() for t in self._parameters.times
        ):
            return None
        statement = tree.sql(dialect=catalog.dialect, pretty=True)
        again = guard(bind(statement, render_all(templates, self._names()), catalog.dialect), catalog)
        if again.sql != ran:
            raise UsageError("the statement means something else now.")
        title = str(kept.step.args.get("title") or kept.receipt["table"])
        for given in self._parameters.times:
            title = without_times(title, [given], given.of("label"))
        args = {"database": database, "title": title, "sql": statement, "parameters": templates}
        stands_on = record_query(self._databases, self._config, database, ran, values=_texts(ran, catalog))
        return FixedCall(tool="bound_sql", args=args, stands_on=stands_on)

    def _place(self, literal: exp.Literal, column: str, catalog: Catalog, part: Part) -> tuple[str, str] | None:
        """The parameter that a literal becomes, and its template; None leaves it as it is."""
        if literal.is_string:
            found = place_of(literal.name, self._parameters.times)
            if found is not None:
                return found
            if column and self._parameters.said(literal.name):
                return _named(self._parameters.of_column(catalog, column, literal.name))
            return None
        value = int(literal.name) if literal.name.isdigit() else float(literal.name)
        if isinstance(literal.parent, exp.Limit):
            if isinstance(value, int) and _ranked(part, value):
                return _named(self._parameters.add("limit", value, description=_LIMIT))
            return None
        word = column.rpartition(".")[2].lower() or _date_part(literal, catalog.dialect)
        template = time_part(word, value, self._parameters.times) if isinstance(literal.parent, exp.EQ) else None
        if template is not None:
            return f"{word}_of_period", template
        if isinstance(literal.parent, _COMPARED) and self._parameters.said(value):
            return _named(self._threshold(value))
        return None

    # --- both ------------------------------------------------------------------------------------------------

    def _threshold(self, value: float) -> Any:
        plain = int(value) if float(value).is_integer() else value
        if not self._parameters.said(plain):
            return value
        return self._parameters.add("threshold", plain, description=_THRESHOLD)

    def _part(self, kept: Kept) -> Part:
        parts = self._parameters.brief.parts
        return parts[min(kept.step.part, len(parts) - 1)]

    def _names(self) -> dict[str, Any]:
        """The run's own values, as templates see inputs."""
        kinds = {name: given["type"] for name, given in self._parameters.inputs.items()}
        values = self._parameters.values
        return {"inputs": {n: Span(v) if kinds[n] == "period" else v for n, v in values.items()}}


def _date_part(literal: exp.Literal, dialect: str) -> str:
    """'year', 'quarter' or 'month' when the number is compared with that part of a date; else empty."""
    if not isinstance(literal.parent, _COMPARED):
        return ""
    others = [side for side in literal.parent.iter_expressions() if not isinstance(side, exp.Literal)]
    text = " ".join(side.sql(dialect=dialect) for side in others)
    return next((name for name, pattern in _PARTS if pattern.search(text)), "")


def _is_time(literal: exp.Literal, dialect: str) -> bool:
    """A literal that says a time, and would go on to say it."""
    if literal.is_string:
        return bool(_TIME_IN_TEXT.match(literal.name))
    return bool(_date_part(literal, dialect))


def _ranked(part: Part, limit: int) -> bool:
    """The goal asks for that many: 'top 5'."""
    return part.ranking is not None and part.ranking.position is None and part.ranking.limit == limit > 1


def _named(template: str) -> tuple[str, str]:
    return template.removeprefix("{{ inputs.").removesuffix(" }}"), template


def _literal_columns(tree: exp.Expr, catalog: Catalog) -> dict[int, str]:
    """By the identity of each literal that is compared with a column: 'Table.Column'."""
    return {id(literal): name for literal, name in _compared(tree, catalog)}


def _texts(ran: str, catalog: Catalog) -> dict[str, list[str]]:
    """The texts that a statement compares columns of few values with."""
    found: dict[str, list[str]] = {}
    for literal, name in _compared(sqlglot.parse_one(ran, read=catalog.dialect), catalog):
        if literal.is_string and not _TIME_IN_TEXT.match(literal.name) and "%" not in literal.name:
            found.setdefault(name, []).append(literal.name)
    return found


def _compared(tree: exp.Expr, catalog: Catalog) -> Iterator[tuple[exp.Literal, str]]:
    tables = table_labels(tree, catalog)
    for node in tree.find_all(*_COMPARED):
        column = next((side for side in (node.this, node.args.get("expression")) if isinstance(side, exp.Column)), None)
        found = None if column is None else schema_of(column, tables)
        if found is None:
            continue
        for part in node.iter_expressions():
            if isinstance(part, exp.Literal):
                yield part, f"{found[0].name}.{found[1].name}"
