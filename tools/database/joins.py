"""How tables are joined: foreign keys as a graph, and the tree that connects the tables of a question.

A step against a foreign key (from the one to the many) multiplies rows; the tree says so, and the compiler then
counts each row of its root once.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clawdbot.errors import RetryableToolError
from clawdbot.tools.database.catalog import Catalog, ForeignKey, TableSchema
from clawdbot.tools.database.lexicon import related, split_name

_UP, _DOWN = 1.0, 3.0
"""Cost of a step to the one side and to the many side: a longer way up is better than a multiplying one."""
_MOST_PATHS = 24


@dataclass(frozen=True, kw_only=True)
class Step:
    """One join: from a table that is already there to a new one."""

    source: str
    target: str
    pairs: tuple[tuple[str, str], ...]
    """(column of source, column of target)."""
    fans_out: bool
    """A source row may have several target rows."""
    nullable: bool = True
    fit: int = 0
    """How well the foreign key's name says the table it refers to."""


@dataclass(frozen=True, kw_only=True)
class JoinTree:
    """Steps in the order they are joined; ``notes`` name choices between ways that are equally short."""

    root: str
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.root, *(s.target for s in self.steps))

    @property
    def fans_out(self) -> bool:
        return any(s.fans_out for s in self.steps)


class JoinGraph:
    """The foreign keys of a catalogue.  References of a table to itself are left out."""

    def __init__(self, catalog: Catalog) -> None:
        self._rows = {t.name: t.rows for t in catalog.tables}
        self._steps: dict[str, list[Step]] = {t.name: [] for t in catalog.tables}
        for child in catalog.tables:
            for key in child.foreign_keys:
                parent = catalog.table(key.ref_table)
                if parent is not None and parent.name != child.name:
                    self._add(child, parent, key)

    def _add(self, child: TableSchema, parent: TableSchema, key: ForeignKey) -> None:
        references = key.ref_columns or tuple(c.name for c in parent.columns if c.primary_key)
        pairs = tuple(zip(key.columns, references, strict=False))
        columns = [child.column(c) for c in key.columns]
        nullable = any(c is None or c.nullable for c in columns)
        fit = _name_fit(key.columns, parent.name)
        self._steps[child.name].append(
            Step(source=child.name, target=parent.name, pairs=pairs, fans_out=False, nullable=nullable, fit=fit)
        )
        back = tuple((b, a) for a, b in pairs)
        fans = not _is_key(child, key.columns)
        self._steps[parent.name].append(Step(source=parent.name, target=child.name, pairs=back, fans_out=fans, fit=fit))

    def distances(self, root: str) -> dict[str, float]:
        """Cost of the cheapest way from ``root`` to every table that can be reached."""
        return self._distances({root})

    def reaches_up(self, root: str, target: str) -> bool:
        """Each row of ``root`` has at most one row of ``target``."""
        if root == target:
            return True
        seen, queue = {root}, [root]
        while queue:
            for step in self._steps.get(queue.pop(), ()):
                if not step.fans_out and step.target not in seen:
                    if step.target == target:
                        return True
                    seen.add(step.target)
                    queue.append(step.target)
        return False

    def tree(self, root: str, targets: Iterable[str]) -> JoinTree:
        """The tree from ``root`` over all ``targets``; RetryableToolError when they are not connected."""
        wanted = set(targets) - {root}
        joined, steps, notes = {root}, list[Step](), list[str]()
        while wanted - joined:
            near = self._distances(joined)
            missing = sorted(wanted - joined, key=lambda t: (near.get(t, float("inf")), t))
            if missing[0] not in near:
                raise self._not_connected(root, missing[0], near)
            path, others = self._choose(joined, missing[0], wanted, near)
            steps.extend(path)
            joined.update(s.target for s in path)
            if others:
                notes.append(f"{missing[0]} joined by {_way(path)} (not by {'; '.join(map(_way, others))})")
        return JoinTree(root=root, steps=tuple(steps), notes=tuple(notes))

    def _distances(self, sources: Iterable[str]) -> dict[str, float]:
        found: dict[str, float] = {}
        queue = [(0.0, s) for s in sorted(sources)]
        heapq.heapify(queue)
        while queue:
            cost, table = heapq.heappop(queue)
            if table in found:
                continue
            found[table] = cost
            for step in self._steps.get(table, ()):
                if step.target not in found:
                    heapq.heappush(queue, (cost + _cost(step), step.target))
        return found

    def _choose(
        self, joined: set[str], target: str, wanted: set[str], near: dict[str, float]
    ) -> tuple[tuple[Step, ...], list[tuple[Step, ...]]]:
        paths = list(itertools.islice(self._shortest(joined, target, near), _MOST_PATHS))
        by_tables: dict[tuple[str, ...], list[tuple[Step, ...]]] = {}
        for path in paths:
            by_tables.setdefault((path[0].source, *(s.target for s in path)), []).append(path)
        best = [_best_keys(ways) for ways in by_tables.values()]
        best.sort(key=lambda p: self._rank(p, wanted))
        chosen, *others = best
        told = [o for o in others if self._rank(o, wanted)[0] == self._rank(chosen, wanted)[0]]
        return chosen, told

    def _rank(self, path: Sequence[Step], wanted: set[str]) -> tuple[int, int, int, tuple[str, ...]]:
        between = [s.target for s in path[:-1]]
        asked = -sum(t in wanted for t in (path[0].source, *between))
        return asked, -sum(s.fit for s in path), -sum(self._rows[t] for t in between), tuple(between)

    def _shortest(self, joined: set[str], target: str, near: dict[str, float]) -> Iterable[tuple[Step, ...]]:
        """All cheapest ways, walked backwards from the target."""
        if target in joined:
            yield ()
            return
        for table, steps in sorted(self._steps.items()):
            for step in steps:
                reached = step.target == target and table in near
                if reached and abs(near[table] + _cost(step) - near[target]) < 1e-9:
                    for head in self._shortest(joined, table, near):
                        yield (*head, step)

    def _not_connected(self, root: str, target: str, near: dict[str, float]) -> RetryableToolError:
        others = ", ".join(sorted(t for t, cost in near.items() if cost)) or "none"
        return RetryableToolError(
            f"{target!r} is not connected with {root!r} by foreign keys.",
            hint=f"Ask about them separately. Connected with {root!r}: {others}.",
        )


def _cost(step: Step) -> float:
    return _DOWN if step.fans_out else _UP


def _is_key(table: TableSchema, columns: Sequence[str]) -> bool:
    """At most one row of the table has given values of these columns."""
    names = {c.lower() for c in columns}
    keys = {c.name.lower() for c in table.columns if c.primary_key}
    unique = any(c.unique and c.name.lower() in names for c in table.columns)
    return unique or (bool(keys) and keys <= names)


def _name_fit(columns: Sequence[str], parent: str) -> int:
    words = {w for c in columns for w in split_name(c)}
    return sum(1 for part in split_name(parent) if any(related(w, part) for w in words))


def _best_keys(ways: list[tuple[Step, ...]]) -> tuple[Step, ...]:
    """Of parallel foreign keys between the same tables, those whose names say the table; else it is reported."""
    if len(ways) == 1:
        return ways[0]
    ranked = sorted(ways, key=lambda p: -sum(s.fit for s in p))
    if sum(s.fit for s in ranked[0]) > sum(s.fit for s in ranked[1]):
        return ranked[0]
    step = next(a for a, b in zip(ranked[0], ranked[1], strict=True) if a != b)
    raise RetryableToolError(
        f"{step.source!r} and {step.target!r} are connected in several ways: {'; '.join(map(_way, ranked))}.",
        hint="Ask with the columns of one table, or use sql and write the join.",
    )


def _way(path: Sequence[Step]) -> str:
    return ", ".join(f"{s.source}.{a} = {s.target}.{b}" for s in path for a, b in s.pairs)
