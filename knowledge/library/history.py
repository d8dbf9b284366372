"""What became of documents in a stretch of time: which came, which changed, which are gone."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from sqlalchemy import Connection, Row, and_, select

from clawdbot.access.identity import Identity
from clawdbot.config import Label
from clawdbot.knowledge.library.part import LibraryPart
from clawdbot.store.knowledge_tables import documents, removals, scopes, versions
from clawdbot.text.sentences import sentence_spans

ChangeKind = Literal["new", "changed", "removed"]

_MOST_TEXT = 200_000
"""Characters of a version that are compared; a longer document is quoted from its beginning."""


@dataclass(frozen=True, kw_only=True)
class DocumentChange:
    """A document that came, changed or went at ``at`` (ISO 8601, UTC); ``sentences`` are those that are new in it."""

    kind: ChangeKind
    source: str
    name: str
    title: str
    label: Label
    at: str
    version: int = 0
    sentences: tuple[str, ...] = ()
    gone: int = 0
    """Sentences of the version before that it has no more."""


class History(LibraryPart):
    """Looks back; what was taken in again without another content is no change."""

    def history(self, since: str, until: str, identity: Identity) -> tuple[DocumentChange, ...]:
        """Changes from ``since`` to before ``until`` of documents that this user may see, or could see before they
        went; new ones first, then changed, then removed, each by time."""
        with self._database.read() as connection:
            came = _came(connection, since, until, identity)
            went = _went(connection, since, until, identity)
        order: dict[ChangeKind, int] = {"new": 0, "changed": 1, "removed": 2}
        return tuple(sorted((*came, *went), key=lambda c: (order[c.kind], c.at, c.source, c.name)))


def _came(connection: Connection, since: str, until: str, identity: Identity) -> list[DocumentChange]:
    own = and_(versions.c.document_id == documents.c.id, versions.c.n == documents.c.version)
    statement = (
        select(documents, scopes.c.label, scopes.c.access, versions.c.loaded_at, versions.c.text)
        .select_from(documents.join(scopes, scopes.c.id == documents.c.scope_id).join(versions, own))
        .where(documents.c.live, versions.c.loaded_at >= since, versions.c.loaded_at < until)
    )
    found = []
    for row in connection.execute(statement):
        change = _change(connection, row, since) if identity.may_see(tuple(row.access)) else None
        if change is not None:
            found.append(change)
    return found


def _change(connection: Connection, row: Row[Any], since: str) -> DocumentChange | None:
    new = row.added_at >= since
    before = None if new else _before(connection, row.id, since)
    if before is not None and before.content_hash == row.content_hash:
        return None
    came, gone = _differences("" if before is None else before.text, row.text)
    return DocumentChange(
        kind="new" if new else "changed", source=row.source, name=row.name, title=row.title, label=row.label,
        at=row.loaded_at, version=row.version, sentences=came, gone=gone,
    )  # fmt: skip


def _before(connection: Connection, document: int, since: str) -> Any:
    """The version that answered at that moment, else the oldest that is kept."""
    kept: list[Any] = list(
        connection.execute(
            select(versions.c.n, versions.c.content_hash, versions.c.text, versions.c.loaded_at)
            .where(versions.c.document_id == document)
            .order_by(versions.c.n.desc())
        ).all()
    )
    older = kept[1:]
    return next((row for row in older if row.loaded_at < since), older[-1] if older else None)


def _went(connection: Connection, since: str, until: str, identity: Identity) -> list[DocumentChange]:
    there = {tuple(row) for row in connection.execute(select(documents.c.source, documents.c.name))}
    within = and_(removals.c.removed_at >= since, removals.c.removed_at < until)
    last = {
        (row.source, row.name): row
        for row in connection.execute(select(removals).where(within).order_by(removals.c.removed_at))
        if identity.may_see(tuple(row.access)) and (row.source, row.name) not in there
    }
    return [
        DocumentChange(
            kind="removed", source=row.source, name=row.name, title=row.title, label=row.label, at=row.removed_at
        )
        for row in last.values()
    ]


def _differences(before: str, after: str) -> tuple[tuple[str, ...], int]:
    """The sentences that only the text after has, and how many only the one before had."""
    old, new = _sentences(before), _sentences(after)
    if not old:
        return tuple(new), 0
    came: list[str] = []
    gone = 0
    for tag, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag != "equal":
            came += new[c:d]
            gone += b - a
    return tuple(came), gone


def _sentences(text: str) -> list[str]:
    part = text[:_MOST_TEXT]
    return [" ".join(part[a:b].split()) for a, b in sentence_spans(part)]
