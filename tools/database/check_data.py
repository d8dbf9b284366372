"""The tool ``check_data``: what looks wrong in the tables of a database, by rules, a row for each finding."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from clawdbot.config import AppConfig
from clawdbot.errors import RetryableToolError
from clawdbot.text.language import Language
from clawdbot.tools.contract import RunView, ToolContext, ToolResult
from clawdbot.tools.database.catalog import Catalog, TableSchema
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.oddities import Check, Finding, Oddities
from clawdbot.tools.database.preview import preview
from clawdbot.tools.database.sql import allowed_databases, chosen_database
from clawdbot.tools.decorator import tool

_CHECKS: dict[Language, dict[Check, str]] = {
    "zh": {
        "missing": "缺失值", "blanks": "首尾有空格", "duplicate_key": "键重复", "duplicate_rows": "除键外相同的行",
        "orphans": "外键无对应记录", "negative": "负值", "range": "超出比例范围", "no_date": "不是日期",
        "past": "日期过早", "future": "日期在未来",
    },
    "en": {
        "missing": "missing values", "blanks": "blanks at the edge", "duplicate_key": "duplicate keys",
        "duplicate_rows": "rows alike but for their key", "orphans": "reference without a row",
        "negative": "negative values", "range": "outside the range of a share", "no_date": "not a date",
        "past": "date too early", "future": "date in the future",
    },
}  # fmt: skip
_NAMES: dict[Language, tuple[str, ...]] = {
    "zh": ("表", "列", "检查", "行数", "占比_%", "示例"),
    "en": ("table", "column", "check", "rows", "share_percent", "example"),
}


@tool(effect="read", provides="table")
def check_data(
    context: ToolContext,
    database: str = "",
    tables: list[str] | None = None,
    ignore: list[str] | None = None,
    earliest: str = "1970-01-01",
    days_ahead: int = 366,
    title: str = "",
) -> ToolResult:
    """Look for what is wrong in tables: missing values, duplicates, references to nothing, odd numbers and dates.

    database: which database; may be left out when there is one
    tables: tables to look at; left out: all
    ignore: what is meant to be so: 'Table', 'Table.Column' or 'Table.Column:check'
    earliest: dates before this day are odd
    days_ahead: dates more days than this after today are odd
    title: name of the result
    """
    databases = context.service(Databases)
    name = chosen_database(database, allowed_databases(databases, context.envelope.databases))
    catalog = databases.current_catalog(name)
    looked_at = _tables(catalog, tables)
    latest = _today(context.config.app) + timedelta(days=days_ahead)
    oddities = Oddities(databases, catalog, earliest=_day(earliest), latest=latest)
    found = [f for table in looked_at for f in oddities.of(table) if not _ignored(f, ignore or ())]
    rows = sum(table.rows for table in looked_at)
    frame = _frame(found, context.language)
    info = context.workspace.save_table(frame, name=title or "data_check", source=name, title=title or "data check")
    return ToolResult(
        observation=preview(frame, name=info.name),
        summary=f"{len(found)} findings in {len(looked_at)} tables of {name}",
        table=info.name,
        receipt={
            "database": name,
            "table": info.name,
            "rows": info.rows,
            "empty": not found,
            "columns": [c.name for c in info.columns],
            "sha256": info.sha256,
            "findings": len(found),
            "tables": [table.name for table in looked_at],
            "rows_looked_at": rows,
        },
    )


@check_data.when
def _ready(view: RunView) -> bool:
    return bool(allowed_databases(view.service(Databases), view.envelope.databases))


def _tables(catalog: Catalog, wanted: Sequence[str] | None) -> list[TableSchema]:
    if not wanted:
        return [table for table in catalog.tables if not table.is_view]
    found = []
    for name in wanted:
        table = catalog.table(name)
        if table is None:
            known = ", ".join(t.name for t in catalog.tables)
            raise RetryableToolError(f"There is no table {name!r} in {catalog.name!r}.", hint=f"Tables: {known}.")
        found.append(table)
    return found


def _ignored(finding: Finding, ignore: Sequence[str]) -> bool:
    names = {finding.table, f"{finding.table}.{finding.column}", f"{finding.table}.{finding.column}:{finding.check}"}
    return any(name.lower() in {n.lower() for n in names} for name in ignore)


def _frame(found: Sequence[Finding], language: Language) -> pd.DataFrame:
    words = _CHECKS[language]
    rows = [
        (f.table, f.column, words[f.check], f.rows, round(100 * f.rows / max(1, f.of), 2), f.example) for f in found
    ]
    return pd.DataFrame(rows, columns=list(_NAMES[language]))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RetryableToolError(f"{text!r} is no day.", hint="Write it as 2026-01-31.") from None


def _today(app: AppConfig) -> date:
    if app.today:
        return date.fromisoformat(app.today)
    return datetime.now(None if app.timezone == "local" else ZoneInfo(app.timezone)).date()
