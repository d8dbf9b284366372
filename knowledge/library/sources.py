"""Sources in the library: their settings and access, and whether they could be reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select, update

from clawdbot.config import AccessRule, SourceConfig
from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.library.access import choose_scope, read_scopes, scope_rules, unknown_source
from clawdbot.knowledge.library.log import log_added, log_gone, log_removed, sweep
from clawdbot.knowledge.library.part import LibraryPart, batches
from clawdbot.knowledge.library.records import Origin, Scope, SourceRecord
from clawdbot.store import plain_json
from clawdbot.store.database import now
from clawdbot.store.knowledge_tables import chunks, documents, scopes, sources

MAX_NAME = 80


class Sources(LibraryPart):
    """Changes of sources.  Every method is one transaction, on the disk when it returns."""

    def put_source(self, name: str, config: SourceConfig, origin: Origin) -> None:
        """Record a source, or its new settings.

        New access lists count from here on.  Documents that another rule matches now move to its scope.
        KnowledgeError when the name is too long, or taken by a source of the other origin.
        """
        if not name or len(name) > MAX_NAME:
            raise KnowledgeError(f"A source's name has 1 to {MAX_NAME} characters: {name!r} does not fit.")
        rules = scope_rules(config)
        settings = config.model_dump(mode="json")
        own = select(sources.c.settings, sources.c.origin).where(sources.c.name == name)
        with self._database.read() as connection:
            same = connection.execute(own).one_or_none()
        if same is not None and (same.settings, same.origin) == (settings, origin):
            return  # every command that reads the configuration says what is known already
        with self._write() as connection:
            there = connection.execute(select(sources.c.origin).where(sources.c.name == name)).one_or_none()
            if there is None:
                new = {"name": name, "kind": config.kind, "settings": settings, "origin": origin}
                connection.execute(insert(sources).values(**new, created_at=now(), checked_at=None, error=""))
            elif there.origin != origin:
                raise _taken(name, there.origin)
            else:
                changed = update(sources).where(sources.c.name == name)
                connection.execute(changed.values(kind=config.kind, settings=settings))
            _put_scopes(connection, name, rules)

    def sources(self) -> tuple[SourceRecord, ...]:
        """All sources by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(sources).order_by(sources.c.name)).all()
        return tuple(
            SourceRecord(
                name=row.name, config=SourceConfig.model_validate(row.settings), origin=row.origin,
                created_at=row.created_at, checked_at=row.checked_at, error=row.error,
            )
            for row in rows
        )  # fmt: skip

    def drop_source(self, name: str) -> int:
        """Delete a source with its documents, texts and vectors; returns how many documents.  KnowledgeError."""
        own = select(documents.c.id).where(documents.c.source == name)
        with self._write() as connection:
            log_gone(connection, chunks.c.document_id.in_(own))
            log_removed(connection, documents.c.source == name)
            gone = connection.execute(delete(documents).where(documents.c.source == name)).rowcount
            if connection.execute(delete(sources).where(sources.c.name == name)).rowcount != 1:
                raise unknown_source(name)
        with self._write() as connection:  # of its own, so that others need not wait for all of it
            sweep(connection)
        return gone

    def source_checked(self, name: str, error: str = "") -> None:
        """The source was looked at just now: ``error`` says why it could not be listed.

        Without an error every document in it was found there, so that each counts as checked.
        """
        moment = now()
        with self._write() as connection:
            values = {"error": plain_json.text(error)} | ({} if error else {"checked_at": moment})
            if connection.execute(update(sources).where(sources.c.name == name).values(**values)).rowcount != 1:
                raise unknown_source(name)
            if not error:
                connection.execute(update(documents).where(documents.c.source == name).values(checked_at=moment))


def _put_scopes(connection: Connection, name: str, rules: Mapping[str, AccessRule]) -> None:
    """Make the source's scopes what the rules say, and each document a member of the right one."""
    known = {scope.pattern: scope for scope in read_scopes(connection, (name,))}
    for position, (pattern, rule) in enumerate(rules.items()):
        values = {
            "position": position, "owner": plain_json.text(rule.owner), "label": rule.label,
            "access": list(rule.access),
        }  # fmt: skip
        if pattern in known:
            connection.execute(update(scopes).where(scopes.c.id == known[pattern].id).values(**values))
        else:
            connection.execute(insert(scopes).values(source=name, pattern=pattern, **values))
    found = read_scopes(connection, (name,))
    _move_documents(connection, name, [scope for scope in found if scope.pattern in rules])
    gone = [scope.id for pattern, scope in known.items() if pattern not in rules]
    connection.execute(delete(scopes).where(scopes.c.id.in_(gone)))


def _move_documents(connection: Connection, source: str, found: Sequence[Scope]) -> None:
    """Put each document into the scope that its name has now; the indexes hear of those that moved."""
    own = select(documents.c.id, documents.c.name, documents.c.scope_id).where(documents.c.source == source)
    moved: dict[int, list[int]] = {}
    for row in connection.execute(own):
        scope = choose_scope(found, row.name)
        if scope.id != row.scope_id:
            moved.setdefault(scope.id, []).append(row.id)
    for target, ids in moved.items():
        for some in batches(ids):
            connection.execute(update(documents).where(documents.c.id.in_(some)).values(scope_id=target))
            log_added(connection, chunks.c.document_id.in_(some))


def _taken(name: str, origin: Origin) -> KnowledgeError:
    if origin == "config":
        return KnowledgeError(
            f"The source {name!r} is in the configuration file, which wins.",
            hint="Give yours another name with --source, or take it out of [knowledge.sources].",
        )
    return KnowledgeError(
        f"The source {name!r} of the configuration file was added by a command before.",
        hint=f"Remove that one with: clawdbot knowledge remove {name}",
    )
