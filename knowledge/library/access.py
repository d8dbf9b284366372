"""Who may see what: scopes, the rules that choose them, and what an identity sees."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, func, select

from clawdbot.access.identity import Identity
from clawdbot.config import AccessRule, SourceConfig
from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.library.part import LibraryPart
from clawdbot.knowledge.library.records import Scope
from clawdbot.knowledge.sources.patterns import matches
from clawdbot.store.knowledge_tables import documents, scopes


class Access(LibraryPart):
    """Questions about access.  The answer is always of this moment: a changed list counts for the next question."""

    def scopes(self, sources: Collection[str] = ()) -> tuple[Scope, ...]:
        """The scopes of these sources, of all when none is named."""
        with self._database.read() as connection:
            return read_scopes(connection, sources)

    def scope_for(self, source: str, document: str) -> Scope:
        """The scope that a document of this name belongs to; KnowledgeError for an unknown source."""
        with self._database.read() as connection:
            found = read_scopes(connection, (source,))
        if not found:
            raise unknown_source(source)
        return choose_scope(found, document)

    def visible(self, identity: Identity, sources: Collection[str] = ()) -> frozenset[int]:
        """Ids of the scopes that this user may see."""
        return frozenset(scope.id for scope in self.scopes(sources) if identity.may_see(scope.access))

    def scopes_hidden(self, identity: Identity, sources: Collection[str] = ()) -> frozenset[int]:
        """Ids of the scopes that this user may not see."""
        return frozenset(scope.id for scope in self.scopes(sources) if not identity.may_see(scope.access))

    def visible_documents(self, identity: Identity, sources: Collection[str] = ()) -> int:
        """How many documents answer questions of this user."""
        counted = select(documents.c.scope_id, func.count()).where(documents.c.live).group_by(documents.c.scope_id)
        with self._database.read() as connection:
            allowed = {scope.id for scope in read_scopes(connection, sources) if identity.may_see(scope.access)}
            return sum(number for scope, number in connection.execute(counted) if scope in allowed)


def read_scopes(connection: Connection, named: Collection[str] = ()) -> tuple[Scope, ...]:
    """The scopes of these sources, of all when none is named."""
    statement = select(scopes).order_by(scopes.c.id)
    if named:
        statement = statement.where(scopes.c.source.in_(list(named)))
    return tuple(Scope(**{**row._mapping, "access": tuple(row.access)}) for row in connection.execute(statement))


def choose_scope(found: Sequence[Scope], document: str) -> Scope:
    """Of one source's scopes that of the last rule that matches, else the source's own."""
    fits = (scope for scope in found if not scope.position or matches(scope.pattern, document))
    return max(fits, key=lambda scope: scope.position)


def scope_rules(config: SourceConfig) -> dict[str, AccessRule]:
    """Pattern -> rule, the source's own list first under the empty pattern; a pattern that comes again moves back."""
    rules = {"": AccessRule(match="", access=config.access, owner=config.owner, label=config.label)}
    for rule in config.rules:
        if not rule.match:
            raise KnowledgeError("An access rule has an empty match.", hint="'**' matches every document.")
        rules.pop(rule.match, None)
        owner, label = rule.owner or config.owner, rule.label or config.label
        rules[rule.match] = rule.model_copy(update={"owner": owner, "label": label})
    return rules


def unknown_source(name: str) -> KnowledgeError:
    """The error for a source that is not there."""
    return KnowledgeError(f"There is no source {name!r}.", hint="List them with: clawdbot knowledge status")
