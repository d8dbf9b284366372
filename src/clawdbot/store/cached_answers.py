"""Answers of models kept under the hash of everything that they depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select

from clawdbot.store import plain_json
from clawdbot.store.database import Database
from clawdbot.store.routing_tables import cached_answers
from clawdbot.store.upsert import insert


@dataclass(frozen=True, kw_only=True)
class CachedRow:
    """One answer; ``made_at`` is ISO 8601 in UTC."""

    key: str
    kind: str
    user: str
    label: str
    model: str
    answer: dict[str, Any]
    made_at: str


class CachedAnswerStore:
    """The answers of one installation.  Every method raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> CachedRow | None:
        """The answer under ``key``."""
        with self._database.read() as connection:
            row = connection.execute(select(cached_answers).where(cached_answers.c.key == key)).one_or_none()
        return None if row is None else CachedRow(**row._mapping)

    def put(self, row: CachedRow) -> None:
        """Keep an answer; of two under one key the one that comes last stays."""
        values = {
            "kind": row.kind, "user": plain_json.text(row.user), "label": row.label,
            "model": plain_json.text(row.model), "answer": dict(row.answer), "made_at": row.made_at,
        }  # fmt: skip
        with self._database.write() as connection:
            new = insert(connection, cached_answers).values(key=row.key, **values)
            connection.execute(new.on_conflict_do_update(index_elements=["key"], set_=values))

    def forget(self, key: str) -> None:
        """Delete the answer under ``key``, if there is one."""
        with self._database.write() as connection:
            connection.execute(delete(cached_answers).where(cached_answers.c.key == key))

    def prune(self, *, before: str, rows: int) -> int:
        """Delete what was made before that moment, and the oldest beyond so many rows; returns how many."""
        made = cached_answers.c.made_at
        with self._database.write() as connection:
            gone = connection.execute(delete(cached_answers).where(made < before)).rowcount
            many = int(connection.scalar(select(func.count()).select_from(cached_answers)) or 0) - rows
            if many > 0:
                oldest = select(cached_answers.c.key).order_by(made, cached_answers.c.key).limit(many)
                gone += connection.execute(delete(cached_answers).where(cached_answers.c.key.in_(oldest))).rowcount
        return gone
