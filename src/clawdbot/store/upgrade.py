"""Bringing an older ledger to the format of today: missing tables are made, changed ones are altered in place."""

from __future__ import annotations

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Connection, Table, inspect

from clawdbot.store import durable_tables, knowledge_tables, routing_tables
from clawdbot.store.tables import DECISIONS, RUN_STATES, approvals, effects, metadata, runs

_PARTS = (durable_tables, knowledge_tables, routing_tables)
"""Modules that put their tables into ``metadata``."""


def make_tables(connection: Connection, version: int | None) -> None:
    """All tables as they are today, in the transaction of ``connection``; ``version`` is None for a new ledger.

    SQLite alters a constraint by copying its table: foreign keys must be off in that connection.
    """
    if version is not None and version < 4:
        _to_format_4(connection)
    metadata.create_all(connection)


def _to_format_4(connection: Connection) -> None:
    """Runs are a queue and can be cancelled, approvals expire, effects are settled by a person."""
    operations = Operations(MigrationContext.configure(connection))
    _alter(connection, operations, runs, ("runs_status", RUN_STATES))
    _alter(connection, operations, approvals, ("approvals_decision", DECISIONS))
    _alter(connection, operations, effects, None)


def _alter(connection: Connection, operations: Operations, table: Table, check: tuple[str, str] | None) -> None:
    known = {column["name"] for column in inspect(connection).get_columns(table.name)}
    missing = [column for column in table.columns if column.name not in known]
    with operations.batch_alter_table(table.name) as batch:
        for column in missing:
            batch.add_column(_copy(column))
        if check is not None:
            batch.drop_constraint(check[0], type_="check")
            batch.create_check_constraint(*check)
    for index in table.indexes:
        index.create(connection, checkfirst=True)


def _copy(column: Column[object]) -> Column[object]:
    return Column(column.name, column.type, nullable=column.nullable, server_default=column.server_default)
