"""Which values of a database a text mentions, without a model.

Values and texts are cut into the same tokens: a run of letters and digits of a script with spaces, or one
character of a script without.  A value is found when its tokens stand in the text in a row, so a Chinese value is
found inside a sentence and 'Chai' is not found in 'chain'.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from clawdbot.errors import ToolError
from clawdbot.tools.database.catalog import Catalog, ColumnSchema, TableSchema, ValueHit
from clawdbot.tools.database.engine import Engine
from clawdbot.tools.database.lexicon import stem
from clawdbot.tools.database.sampling import quoted

_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_MAX_TOKENS = 12
_MAX_VALUES = 200_000
_MAX_LENGTH = 80
_SECONDS = 4.0
_COMMON_WORDS = """
    a an and are as at be by for from has in is it its of on or that the this to was were with how many much
    what which who when where all any each every no not yes new old top best list show give total sum average count
    number date day week month year quarter name order orders customer customers product products sales report
    chart mail true false none null other others general standard default active open closed"""
_COMMON = frozenset(_COMMON_WORDS.split())
"""Words that are too common in goals to mean a value when they stand alone."""


@dataclass(frozen=True, slots=True)
class _Place:
    table: str
    column: str
    value: str
    rows: int


class ValueIndex:
    """Short text values of a catalogue's base tables by their tokens; immutable once built."""

    def __init__(self, places: dict[tuple[str, ...], list[_Place]]) -> None:
        self._places = places
        self._longest = max((len(k) for k in places), default=0)

    @classmethod
    def build(cls, engine: Engine, catalog: Catalog, *, limit: int = _MAX_VALUES) -> ValueIndex:
        """Read distinct values and their row counts, small columns first, until ``limit`` values or 4 seconds."""
        places: dict[tuple[str, ...], list[_Place]] = {}
        others: dict[tuple[str, ...], list[_Place]] = {}
        left = limit
        end = time.monotonic() + _SECONDS
        for table, column in _indexable(catalog):
            if left <= 0 or time.monotonic() > end:
                break
            for value, rows in _counted(engine, table, column, left, end - time.monotonic()):
                left -= 1
                tokens = tuple(t for t, _, _ in _tokens(value))
                if 0 < len(tokens) <= _MAX_TOKENS:
                    place = _Place(table.name, column.name, value, rows)
                    places.setdefault(tokens, []).append(place)
                    if column.values and (other := _other_number(tokens)) is not None:
                        others.setdefault(other, []).append(place)
        return cls({**others, **places})

    def find(self, text: str) -> tuple[ValueHit, ...]:
        """Values that ``text`` mentions, longest mention first; a mention inside a longer one is not told."""
        tokens = list(_tokens(text))
        found: list[tuple[int, int, tuple[str, ...]]] = []
        taken = [False] * len(tokens)
        for size in range(min(self._longest, len(tokens)), 0, -1):
            for start in range(len(tokens) - size + 1):
                if any(taken[start : start + size]):
                    continue
                key = tuple(t for t, _, _ in tokens[start : start + size])
                mention = text[tokens[start][1] : tokens[start + size - 1][2]]
                if key in self._places and _telling(key, mention):
                    taken[start : start + size] = [True] * size
                    found.append((tokens[start][1], tokens[start + size - 1][2], key))
        found.sort(key=lambda f: (f[0] - f[1], f[0]))
        return tuple(
            ValueHit(table=p.table, column=p.column, value=p.value, rows=p.rows, mention=text[start:end])
            for start, end, key in found
            for p in self._places[key]
            if _same_case_when_short(p.value, text[start:end])
        )

    def values_of(self, table: str, column: str) -> tuple[str, ...]:
        """All indexed values of one column."""
        places = (p for found in self._places.values() for p in found if p.table == table and p.column == column)
        return tuple(dict.fromkeys(p.value for p in places))


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Folded tokens with their place in ``text``; a possessive 's is left out."""
    for match in _TOKEN.finditer(text):
        folded = unicodedata.normalize("NFKC", match.group()).casefold()
        if folded == "s" and match.start() > 0 and text[match.start() - 1] in "'\u2019":
            continue
        yield folded, match.start(), match.end()


def _other_number(key: tuple[str, ...]) -> tuple[str, ...] | None:
    """The singular of a category in the plural, as people say 'beverage sales' of Beverages; None of other names."""
    last = stem(key[-1])
    return (*key[:-1], last) if last != key[-1] and len(last) > 3 and last.isalpha() and last.isascii() else None


def _telling(key: tuple[str, ...], mention: str) -> bool:
    joined = "".join(key)
    if joined.isnumeric() or (len(key) == 1 and joined in _COMMON):
        return False
    if joined.isascii():
        return len(joined) >= 3 or (len(joined) == 2 and mention.isupper())
    return len(joined) >= 2


def _same_case_when_short(value: str, mention: str) -> bool:
    return len(value) > 2 or not value.isascii() or value == mention


def _indexable(catalog: Catalog) -> list[tuple[TableSchema, ColumnSchema]]:
    base = [t for t in catalog.tables if not t.is_view] or list(catalog.tables)
    pairs = [(t, c) for t in base for c in t.columns if c.kind == "text"]
    return sorted(pairs, key=lambda p: (not p[1].values, p[0].rows))


def _counted(
    engine: Engine, table: TableSchema, column: ColumnSchema, limit: int, seconds: float
) -> list[tuple[str, int]]:
    name, source = quoted(column.name), quoted(table.name)
    cast = f"CAST({name} AS TEXT)"
    sql = (
        f"SELECT {cast}, COUNT(*) FROM {source} WHERE {name} IS NOT NULL AND LENGTH({cast}) <= {_MAX_LENGTH}"
        f" GROUP BY {cast} LIMIT {limit}"
    )
    try:
        with engine.session(max(0.1, seconds)) as connection:
            return [(str(value), int(rows)) for value, rows in connection.execute(sql).fetchall()]
    except ToolError:  # grounding is a help; a slow column is left out of it
        return []
