"""Rows of cells as a person laid them out, into tables: titles apart, the header found, the empty dropped."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from clawdbot.knowledge.extract import Block
from clawdbot.knowledge.loaders.cleaning import one_line
from clawdbot.knowledge.loaders.pipes import pipe_row, pipe_table

MAX_COLUMNS = 1000
"""Columns beyond are left out: nobody reads them."""

_NUMERIC = re.compile(
    r"[-+(]?\s*(?:[A-Z]{3}\s?|[¥$€£￥])?[-+]?\d[\d,.'\s]*(?:[%‰]|[A-Z]{3}|[万亿千]?元?)?\)?"
    r"|\d{4}[-/.年]\d{1,2}(?:[-/.月]\d{1,2}日?)?(?:[T\s]\d{1,2}:\d{2}.*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}:\d{2}(?::\d{2})?"
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """Cells of one row; ``number`` is from 1, as the program that made the file shows it."""

    number: int
    cells: tuple[str, ...]

    @property
    def filled(self) -> int:
        """How many cells are not empty."""
        return sum(bool(cell) for cell in self.cells)


def blocks_of(rows: Iterable[Sequence[str]], *, part: str = "", first: int = 1) -> Iterator[Block]:
    """Tables and titles of one sheet.

    A line with one filled cell above a table is a paragraph.  A header is a row of words, all different, that stands
    above; without one the columns are named A, B, C.  Where rows are empty the next table begins, with the same
    header, so that ``Block.row`` stays true; with a header of its own it is another table.
    """
    region: list[Row] = []
    header: tuple[str, ...] | None = None
    for number, cells in enumerate(rows, start=first):
        row = Row(number=number, cells=tuple(one_line(cell) for cell in cells))
        if row.filled:
            region.append(row)
        elif region:
            header = yield from _region(region, header, part)
            region = []
    if region:
        yield from _region(region, header, part)


def _region(
    rows: list[Row], inherited: tuple[str, ...] | None, part: str
) -> Generator[Block, None, tuple[str, ...] | None]:
    """Blocks of rows without an empty one; returns the header for those that follow."""
    rows = _even(rows)
    if len(rows[0].cells) > 1 and all(_is_words_alone(row) for row in rows):
        yield from (Block(kind="paragraph", text=_single(row), part=part) for row in rows)
        return inherited
    while len(rows) > 1 and len(rows[0].cells) > 1 and _is_title(rows, inherited):
        yield Block(kind="paragraph", text=_single(rows.pop(0)), part=part)
    height = header_height(rows)
    if height and inherited and _occupied(rows) == sum(map(bool, inherited)) and not any(map(_has_number, rows)):
        height = 0  # words in the same columns: the table goes on
    header = _merged(rows[:height]) if height else inherited or ()
    header = (*header, *(column_name(n) for n in range(len(header), len(rows[0].cells))))
    yield _table(header, rows[height:], rows[0].number, part)
    return header


def document_table(rows: Sequence[Sequence[str]], *, page: int | None = None, part: str = "") -> Block | None:
    """The table of a text document: its first row is the header, or two when the first spans columns.

    None when nothing is in it; a paragraph when it has one cell.
    """
    filled = [Row(number=n, cells=tuple(map(one_line, cells))) for n, cells in enumerate(rows, 1) if any(cells)]
    filled = [row for row in filled if row.filled]
    if not filled:
        return None
    filled = _even(filled)
    if len(filled) == 1 and filled[0].filled == 1:
        return Block(kind="paragraph", text=_single(filled[0]), page=page, part=part)
    height = 2 if header_height(filled) == 2 else 1
    lines = pipe_table([_merged(filled[:height]), *(row.cells for row in filled[height:])])
    return Block(kind="table", text=lines, page=page, part=part)


def header_height(rows: Sequence[Row]) -> int:
    """How many of the first rows are the header: 0, 1, or 2 when the first spans several columns."""
    first = rows[0]
    if not _words(first) or len(rows) == 1 or first.filled * 2 < max(row.filled for row in rows[:20]):
        return 0
    if len(rows) > 2 and _spans(first) and _words(rows[1]) and not _words(rows[2]):
        return 2
    named = [cell for cell in first.cells if cell]
    return 1 if len(set(named)) == len(named) or not _words(rows[1]) else 0


def column_name(index: int) -> str:
    """A, B, ... Z, AA as spreadsheets call the column with this index from 0."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def is_numeric(cell: str) -> bool:
    """A number, an amount, a percentage, a date or a time."""
    return bool(_NUMERIC.fullmatch(cell))


def _even(rows: list[Row]) -> list[Row]:
    width = max(len(row.cells) for row in rows)
    return [Row(number=row.number, cells=row.cells + ("",) * (width - len(row.cells))) for row in rows]


def _is_words_alone(row: Row) -> bool:
    return bool(_single(row)) and not is_numeric(_single(row))


def _is_title(rows: list[Row], inherited: tuple[str, ...] | None) -> bool:
    """A text alone in its row; below another table only when a header follows."""
    return bool(_single(rows[0])) and (inherited is None or header_height(rows[1:]) > 0)


def _occupied(rows: list[Row]) -> int:
    return sum(any(row.cells[n] for row in rows) for n in range(len(rows[0].cells)))


def _has_number(row: Row) -> bool:
    return any(is_numeric(cell) for cell in row.cells)


def _single(row: Row) -> str:
    """The text of a row whose filled cells all hold the same (one cell, or one that spans several)."""
    found = {cell for cell in row.cells if cell}
    return found.pop() if len(found) == 1 else ""


def _words(row: Row) -> bool:
    named = [cell for cell in row.cells if cell]
    return bool(named) and not any(is_numeric(cell) and not _year(cell) for cell in named)


def _year(cell: str) -> bool:
    """Years and months stand in headers too."""
    return bool(re.fullmatch(r"(?:19|20)\d{2}(?:[-/年]?\d{0,2}月?)?|\d{1,2}月", cell))


def _spans(row: Row) -> bool:
    return any(a and a == b for a, b in pairwise(row.cells))


def _merged(rows: Sequence[Row]) -> tuple[str, ...]:
    columns = zip(*(row.cells for row in rows), strict=True)
    return tuple(" ".join(dict.fromkeys(cell for cell in column if cell)) for column in columns)


def _table(header: tuple[str, ...], body: list[Row], first: int, part: str) -> Block:
    # A header alone is still a table: a form with nothing filled in.
    used = [n for n in range(len(header)) if any(len(r.cells) > n and r.cells[n] for r in body) or not body]
    lines = [pipe_row(header[n] for n in used), *(pipe_row(row.cells[n] for n in used) for row in body)]
    return Block(kind="table", text="\n".join(lines), part=part, row=body[0].number if body else first)
