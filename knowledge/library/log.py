"""Writing the log of changes that the indexes follow, within a transaction of the library."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, exists, insert, literal, select, update

from clawdbot.store.database import now
from clawdbot.store.knowledge_tables import changes, chunks, documents, removals, scopes, vectors

_REMEMBERED = timedelta(days=366)


def log_added(connection: Connection, which: ColumnElement[bool]) -> None:
    """The live chunks came, or must be looked at anew (another scope, a vector that was missing)."""
    _log(connection, which & chunks.c.live, "add")


def log_gone(connection: Connection, which: ColumnElement[bool]) -> None:
    """The live chunks are about to be deleted."""
    _log(connection, which & chunks.c.live, "remove")


def retire(connection: Connection, which: ColumnElement[bool]) -> None:
    """The live chunks answer no more; their rows stay until their version goes."""
    log_gone(connection, which)
    connection.execute(update(chunks).where(which, chunks.c.live).values(live=False))


def log_removed(connection: Connection, which: ColumnElement[bool]) -> None:
    """The live documents are about to be deleted: who could see them may be told of it later."""
    long_ago = (datetime.now(UTC) - _REMEMBERED).isoformat(timespec="microseconds")
    connection.execute(delete(removals).where(removals.c.removed_at < long_ago))
    kept = select(
        documents.c.source, documents.c.name, documents.c.title, scopes.c.label, scopes.c.access, literal(now())
    ).select_from(documents.join(scopes, scopes.c.id == documents.c.scope_id))
    columns = ["source", "name", "title", "label", "access", "removed_at"]
    connection.execute(insert(removals).from_select(columns, kept.where(which, documents.c.live)))


def sweep(connection: Connection) -> int:
    """Delete the vectors that no live chunk uses; returns how many."""
    used = exists().where(chunks.c.digest == vectors.c.digest, chunks.c.live)
    return connection.execute(delete(vectors).where(~used)).rowcount


def _log(connection: Connection, which: ColumnElement[bool], kind: str) -> None:
    touched = select(chunks.c.id).where(which)
    connection.execute(delete(changes).where(changes.c.chunk_id.in_(touched)))
    lines = select(chunks.c.id, literal(kind)).where(which).order_by(chunks.c.id)
    connection.execute(insert(changes).from_select(["chunk_id", "kind"], lines))
