"""Workflows as they were when a person reviewed and enabled them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from clawdbot.store import plain_json
from clawdbot.store.database import Database, now
from clawdbot.store.durable_tables import workflows
from clawdbot.store.upsert import insert


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """A workflow's snapshot: ``definition`` as JSON, ``digest`` of it; times are ISO 8601 in UTC."""

    name: str
    version: str
    digest: str
    definition: Mapping[str, Any]
    enabled: bool
    changed_at: str
    changed_by: str


class WorkflowStore:
    """Snapshots by name; safe between threads and processes.  StoreError as Database raises it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enable_in(
        self, connection: Connection, *, name: str, version: str, digest: str, definition: Mapping[str, Any], by: str
    ) -> None:
        """Keep the snapshot and switch it on, in the transaction of what depends on it."""
        values = {
            "version": version, "digest": digest, "definition": dict(definition), "enabled": True,
            "changed_at": now(), "changed_by": plain_json.text(by),
        }  # fmt: skip
        statement = insert(connection, workflows).values(name=name, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))

    def disable_in(self, connection: Connection, name: str, *, by: str) -> bool:
        """Switch it off; False when it was not on."""
        values = {"enabled": False, "changed_at": now(), "changed_by": plain_json.text(by)}
        is_on = (workflows.c.name == name, workflows.c.enabled.is_(True))
        return connection.execute(update(workflows).where(*is_on).values(**values)).rowcount == 1

    def get(self, name: str) -> Reviewed | None:
        """The snapshot of that name, enabled or not."""
        with self._database.read() as connection:
            row = connection.execute(select(workflows).where(workflows.c.name == name)).one_or_none()
        return None if row is None else _reviewed(row)

    def all(self) -> tuple[Reviewed, ...]:
        """Every snapshot by name."""
        with self._database.read() as connection:
            return tuple(_reviewed(row) for row in connection.execute(select(workflows).order_by(workflows.c.name)))


def _reviewed(row: Row[Any]) -> Reviewed:
    return Reviewed(**row._mapping)
