"""Reading order of a PDF page: columns apart, lines joined to paragraphs, tables in their place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median

from clawdbot.knowledge.loaders.pdf_glyphs import PageGlyphs
from clawdbot.knowledge.loaders.pdf_lines import Piece, joined, pieces_of, rows_of
from clawdbot.knowledge.loaders.pdf_tables import Table, aligned, between_rules, leads, ruled

_MIN_COLUMN_LINES = 5
_MIN_COLUMN_EM = 9.0
_LEADING = 1.45
"""Distance of lines, in that of most, from which on a new paragraph begins."""
_ITEM = re.compile(
    r"(?:[•‣◦▪●○■□–*·➢✓-]\s*|\(?(?:\d{1,3}|[a-z])[.)](?:\s+|(?=[\u4e00-\u9fff]))|"
    r"[（(][一二三四五六七八九十\d]{1,3}[)）]\s*|\d{1,2}、\s*)\S"
)
_SENTENCE_END = re.compile(r"[.。!！?？;；:：”\"’)）]$")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of running text, of a column ``left`` to ``right``."""

    text: str
    size: float
    bold: bool
    x0: float
    x1: float
    base: float
    left: float
    right: float


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Lines that belong together."""

    lines: tuple[Line, ...]
    item: bool = False

    @property
    def size(self) -> float:
        """Em size of its text, points."""
        return median(line.size for line in self.lines)

    @property
    def bold(self) -> bool:
        """All of it."""
        return all(line.bold for line in self.lines)


Element = Line | Table


def elements_of(page: PageGlyphs) -> list[Element]:
    """Lines and tables in the order in which a person reads them."""
    boxed = ruled(page.glyphs, page.horizontal, page.vertical)
    pieces = pieces_of(
        glyph for glyph in page.glyphs if not any(_within(t, (glyph.x0 + glyph.x1) / 2, glyph.base) for t in boxed)
    )
    striped = between_rules(pieces, page.horizontal)
    pieces = [piece for piece in pieces if not any(_within(table, piece.middle, piece.base) for table in striped)]
    found = [element for band in _bands(pieces) for element in band]
    for table in (*boxed, *striped):
        _insert(found, table)
    found.extend(line for row in rows_of(pieces_of(page.turned)) for line in _lines([row]))
    return found


def paragraphs_of(lines: Sequence[Line], alone: Callable[[Line], bool]) -> list[Paragraph]:
    """Lines that follow each other as paragraphs and list items; a line that is ``alone`` is one by itself."""
    leading = _typical_leading(lines)
    groups: list[list[Line]] = []
    for line in lines:
        apart = not groups or alone(line) or alone(groups[-1][0])
        if not apart and not _begins(groups[-1], line, leading):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [
        Paragraph(lines=tuple(group), item=bool(_ITEM.match(group[0].text)) or leads(group[-1].text))
        for group in groups
    ]


def _within(table: Table, x: float, y: float) -> bool:
    return table.x0 - 1 <= x <= table.x1 + 1 and table.y0 - 1 <= y <= table.y1 + 1


def _bands(pieces: list[Piece]) -> list[list[Element]]:
    """Parts of the page under each other: those in columns are read column by column."""
    if not pieces:
        return []
    gutter = _gutter(pieces)
    if gutter is None:
        return [_flow(pieces)]
    ordered = sorted(pieces, key=lambda piece: -piece.base)
    bands: list[list[Element]] = []
    for crossing, band in groupby(ordered, key=lambda piece: _side(piece, gutter) == 0):
        members = list(band)
        if crossing:
            bands.append(_flow(members))
        else:
            bands.extend(_bands([piece for piece in members if _side(piece, gutter) < 0]))
            bands.extend(_bands([piece for piece in members if _side(piece, gutter) > 0]))
    return bands


def _gutter(pieces: list[Piece]) -> float | None:
    """Where a second column of text begins: many lines start there, hardly any cross it; None without columns."""
    left, right = min(p.x0 for p in pieces), max(p.x1 for p in pieces)
    size = median(p.size for p in pieces)
    starts = Counter(round(p.x0 / 3) for p in pieces if p.x0 > left + 0.25 * (right - left))
    for start, _ in starts.most_common(3):
        x = start * 3 - 2.0
        if x > right - 0.12 * (right - left):
            continue
        before = [p for p in pieces if _side(p, x) < 0]
        after = [p for p in pieces if _side(p, x) > 0]
        crossing = len(pieces) - len(before) - len(after)
        if min(len(before), len(after)) < _MIN_COLUMN_LINES or crossing * 2 > len(pieces):
            continue
        if min(_typical_width(before), _typical_width(after)) >= _MIN_COLUMN_EM * size and _overlap(before, after):
            return x
    return None


def _side(piece: Piece, x: float) -> int:
    """-1 left of a place, 1 right of it, 0 across; punctuation may hang over by half an em."""
    hanging = 0.6 * piece.size
    if piece.x0 < x - hanging and piece.x1 > x + hanging:
        return 0
    return -1 if piece.middle < x else 1


def _typical_width(pieces: list[Piece]) -> float:
    return median(piece.x1 - piece.x0 for piece in pieces)


def _overlap(before: list[Piece], after: list[Piece]) -> bool:
    """Both stand at the same height for most of the shorter one."""
    low, high = (
        max(min(p.base for p in side) for side in (before, after)),
        min(max(p.base for p in side) for side in (before, after)),
    )
    return any(sum(low - 1 <= p.base <= high + 1 for p in side) * 2 > len(side) for side in (before, after))


def _flow(pieces: list[Piece]) -> list[Element]:
    """Rows of one column from the top; rows in aligned columns become tables."""
    tables = aligned(pieces)
    loose = [p for p in pieces if not any(_within(t, p.middle, p.base) for t in tables)]
    found: list[Element] = list(_lines(rows_of(loose)))
    for table in tables:
        _insert(found, table)
    return found


def _lines(rows: list[list[Piece]]) -> list[Line]:
    if not rows:
        return []
    left, right = min(row[0].x0 for row in rows), max(row[-1].x1 for row in rows)
    found = []
    for row in rows:
        whole = joined(row)
        found.append(
            Line(
                text=whole.text, size=whole.size, bold=whole.bold, x0=whole.x0, x1=whole.x1, base=whole.base,
                left=left, right=right,
            )
        )  # fmt: skip
    return found


def _insert(elements: list[Element], table: Table) -> None:
    """Put a table before the first line that stands below it in its column."""
    for at, element in enumerate(elements):
        if isinstance(element, Table):
            below = element.y1 < table.y0 and element.x0 < table.x1 and table.x0 < element.x1
        else:
            below = element.base < table.y0 and element.x0 < table.x1 and table.x0 < element.x1
        if below:
            elements.insert(at, table)
            return
    elements.append(table)


def _typical_leading(lines: Sequence[Line]) -> float:
    distances = [a.base - b.base for a, b in pairwise(lines) if 0 < a.base - b.base < 3 * max(a.size, b.size)]
    return median(distances) if distances else 0.0


def _begins(group: list[Line], line: Line, leading: float) -> bool:
    """A new paragraph: a gap, another size, an indent, a bullet, or the line before ended early."""
    last = group[-1]
    if leads(last.text):
        return True
    distance = last.base - line.base
    if abs(last.size - line.size) > 0.08 * max(last.size, line.size) or (last.bold != line.bold and len(group) == 1):
        return True
    if distance <= 0 or distance > _LEADING * max(leading, 1.05 * line.size):
        return not _continues_in_next_column(last, line, distance)
    if _ITEM.match(line.text):
        return not (group[0].text[0].isdigit() and line.text[0].isdigit() and last.x1 > last.right - last.size)
    item = bool(_ITEM.match(group[0].text))
    margin = group[1].x0 if len(group) > 1 else line.x0 if item else min(last.x0, line.x0)
    if line.x0 > margin + 0.8 * line.size and not item:
        return True
    if item and line.x0 < group[0].x0 + 0.3 * line.size and last.x1 < last.right - 3 * last.size:
        return True
    return last.x1 < last.right - 0.15 * (last.right - last.left) and bool(_SENTENCE_END.search(last.text))


def _continues_in_next_column(last: Line, line: Line, distance: float) -> bool:
    """A sentence that goes on at the top of the next column."""
    return (
        distance < 0
        and line.x0 > last.x1
        and not _SENTENCE_END.search(last.text)
        and not _ITEM.match(line.text)
        and (line.text[0].islower() or last.x1 > last.right - 2 * last.size)
    )
