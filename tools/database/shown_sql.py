"""A query as a person approves it: the statement that will run, the database, and its label."""

from __future__ import annotations

from clawdbot.text.language import Language
from clawdbot.tools.contract import ToolContext
from clawdbot.tools.database.databases import Databases

_SHOWN: dict[Language, str] = {
    "zh": "数据库：{database}（密级：{label}）\n最多行数：{rows:,}\n将执行的 SQL：\n{sql}",
    "en": "Database: {database} (label: {label})\nRows at most: {rows:,}\nThe SQL that will run:\n{sql}",
}


def shown_sql(context: ToolContext, database: str, sql: str) -> str:
    """The text; RetryableToolError when the guard refuses the statement."""
    config = context.config.databases[database]
    guarded = context.service(Databases).guarded(database, sql)
    return _SHOWN[context.language].format(database=database, label=config.label, rows=config.max_rows, sql=guarded.sql)
