"""The state of the library in figures, and all of it as JSON lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, Row, Table, case, func, select

from clawdbot.knowledge.library.access import read_scopes
from clawdbot.knowledge.library.collections import count_pending, read_collections
from clawdbot.knowledge.library.part import LibraryPart
from clawdbot.knowledge.library.records import FailedDocument, LibraryStatus, SourceStatus
from clawdbot.store import plain_json
from clawdbot.store.knowledge_tables import chunks, documents, sources, versions

_EXPORT_BATCH = 50


class Status(LibraryPart):
    """For the person who runs it: these answers ask for no identity."""

    def status(self) -> LibraryStatus:
        """Sources, failures with their reasons, and sizes."""
        with self._database.read() as connection:
            listed = _sources(connection)
            broken = select(documents).where(documents.c.status == "failed")
            failures = connection.execute(broken.order_by(documents.c.source, documents.c.name)).all()
            found = read_collections(connection)
            pending = {one.name: count_pending(connection, one.name) for one in found}
            kept = connection.scalar(select(func.count()).select_from(versions)) or 0
        checks = [one.checked_at for one in listed]
        return LibraryStatus(
            sources=listed,
            failures=tuple(
                FailedDocument(
                    source=row.source, name=row.name, reason=row.reason, live=row.live, checked_at=row.checked_at
                )
                for row in failures
            ),
            documents=sum(one.documents for one in listed),
            chunks=sum(one.chunks for one in listed),
            versions=kept,
            bytes_on_disk=self._database.bytes_on_disk,
            oldest_check=min((check for check in checks if check), default=None) if all(checks) else None,
            collections=found,
            pending=pending,
        )  # fmt: skip

    def export(self, write: Callable[[str], object]) -> int:
        """Write everything but vectors as JSON lines, each ended by a newline; returns how many documents.

        A line is a source with its scopes (``record`` 'source'), or a document (``record`` 'document') with its access
        and all kept versions, each with text and chunks.  Documents that change meanwhile are old or new, never mixed.
        """
        with self._database.read() as connection:
            scopes = {scope.id: scope for scope in read_scopes(connection)}
            for source in connection.execute(select(sources).order_by(sources.c.name)):
                own = [scope for scope in scopes.values() if scope.source == source.name]
                write(plain_json.dumps({"record": "source", **_plain(source), "scopes": own}) + "\n")
        after = number = 0
        while True:
            with self._database.read() as connection:
                following = select(documents).where(documents.c.id > after).order_by(documents.c.id)
                rows = connection.execute(following.limit(_EXPORT_BATCH)).all()
                lines = [_document(connection, row) for row in rows]
                scopes = {scope.id: scope for scope in read_scopes(connection)}
            for row, line in zip(rows, lines, strict=True):
                scope = scopes[row.scope_id]
                access = {"owner": scope.owner, "label": scope.label, "access": scope.access}
                write(plain_json.dumps({"record": "document", **access, **line}) + "\n")
            number += len(rows)
            if len(rows) < _EXPORT_BATCH:
                return number
            after = rows[-1].id


def _sources(connection: Connection) -> tuple[SourceStatus, ...]:
    failed = func.sum(case((documents.c.status == "failed", 1), else_=0)).label("failed")
    by_source = select(documents.c.source, func.count().label("documents"), failed).group_by(documents.c.source)
    counts = {row.source: row for row in connection.execute(by_source)}
    joined = chunks.join(documents, documents.c.id == chunks.c.document_id)
    live = (
        select(documents.c.source, func.count()).select_from(joined).where(chunks.c.live).group_by(documents.c.source)
    )
    pieces: dict[str, int] = {source: number for source, number in connection.execute(live)}
    listed = []
    for row in connection.execute(select(sources).order_by(sources.c.name)):
        own = counts.get(row.name)
        listed.append(
            SourceStatus(
                name=row.name, kind=row.kind, origin=row.origin, checked_at=row.checked_at, error=row.error,
                documents=own.documents if own else 0, failed=own.failed if own else 0,
                chunks=pieces.get(row.name, 0),
            )
        )  # fmt: skip
    return tuple(listed)


def _document(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    kept = []
    for version in _of(connection, versions, row.id, "n"):
        own = [one for one in _of(connection, chunks, row.id, "ordinal") if one.version == version.n]
        kept.append({**_plain(version), "chunks": [_plain(chunk) for chunk in own]})
    return {**_plain(row), "versions": kept}


def _of(connection: Connection, table: Table, document: int, order: str) -> Iterable[Row[Any]]:
    return connection.execute(select(table).where(table.c.document_id == document).order_by(table.c[order])).all()


def _plain(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in ("scope_id", "document_id")}
