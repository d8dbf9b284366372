"""Tables of a PDF page: drawn with rules, under and over rules, or by aligned columns alone."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from clawdbot.knowledge.loaders.cleaning import join_lines
from clawdbot.knowledge.loaders.pdf_glyphs import Glyph, Rule
from clawdbot.knowledge.loaders.pdf_lines import Piece, joined, pieces_of, rows_of

_NEAR = 3.0
"""Points; rules that are not further apart meet."""
_MAX_RULES = 3000
_MIN_ROWS = 3
_LEADER = re.compile(r"(?:[.．·]\s?){4,}|…{2,}")


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of cells at a place on the page."""

    x0: float
    y0: float
    x1: float
    y1: float
    rows: list[list[str]]


def ruled(glyphs: Sequence[Glyph], horizontal: Sequence[Rule], vertical: Sequence[Rule]) -> list[Table]:
    """Tables whose cells are boxes."""
    if len(horizontal) + len(vertical) > _MAX_RULES:
        return []
    found = []
    for across, down in _components(_collinear(horizontal), _collinear(vertical)):
        ys, xs = _places(across), _places(down)
        if len(xs) < 3 or len(ys) < 3:
            continue
        table = _grid(glyphs, across, down, xs, ys)
        if table is not None:
            found.append(table)
    return found


def between_rules(pieces: Sequence[Piece], horizontal: Sequence[Rule]) -> list[Table]:
    """Tables without upright rules: three or more rules of one width, words in columns between the first and last."""
    groups: list[list[Rule]] = []
    for rule in sorted(_collinear(horizontal), key=lambda rule: -rule.at):
        for group in groups:
            if abs(group[0].start - rule.start) < _NEAR and abs(group[0].end - rule.end) < _NEAR:
                group.append(rule)
                break
        else:
            groups.append([rule])
    return [table for group in groups if len(group) > 2 for table in _between(group, pieces)]


def _between(rules: list[Rule], pieces: Sequence[Piece]) -> list[Table]:
    """Tables of two or more strips between rules that follow each other, most of whose rows have several pieces."""
    left, right = rules[0].start - 6, rules[0].end + 6
    strips = []
    for upper, lower in pairwise(rules):
        inside = [p for p in pieces if lower.at - 1 <= p.base <= upper.at and left <= p.middle <= right]
        strips.append(rows_of(inside))
    found = []
    separators = [rule.at for rule in rules]
    for tabular, run in groupby(strips, key=_tabular):
        members = list(run)
        if tabular and len(members) > 1:
            table = _aligned([row for rows in members for row in rows], least=2, separators=separators)
            if table is not None:
                found.append(table)
    return found


def _tabular(rows: list[list[Piece]]) -> bool:
    several = [row for row in rows if len(row) > 1]
    return bool(several) and len(several) * 2 >= len(rows) and not _prose(several)


def aligned(pieces: Sequence[Piece]) -> list[Table]:
    """Tables without rules: rows under each other whose pieces stand in the same columns."""
    found = []
    run: list[list[Piece]] = []
    for row in [*rows_of(pieces), []]:
        if len(row) > 1 and not leads(row[-2].text + row[-1].text) and (not run or _follows(run[-1], row)):
            run.append(row)
            continue
        if len(run) >= _MIN_ROWS and not _prose(run):
            table = _aligned(run, least=_MIN_ROWS)
            if table is not None:
                found.append(table)
        run = [row] if len(row) > 1 else []
    return found


def leads(text: str) -> bool:
    """Dots lead to a page number: a line of a table of contents."""
    return bool(_LEADER.search(text))


def _follows(above: list[Piece], row: list[Piece]) -> bool:
    """Near enough below, and at least two of its pieces under pieces of the row above."""
    distance = above[0].base - row[0].base
    shared = sum(any(a.x0 < b.x1 and b.x0 < a.x1 for a in above) for b in row)
    return distance < 3.2 * max(above[0].size, row[0].size) and shared >= 2


def _prose(rows: list[list[Piece]]) -> bool:
    """Columns of running text beside each other, not cells."""
    lengths = [(piece.x1 - piece.x0) / piece.size for row in rows for piece in row]
    return sum(length > 14 for length in lengths) * 2 > len(lengths)


def _aligned(rows: list[list[Piece]], *, least: int, separators: Sequence[float] = ()) -> Table | None:
    counts = Counter(len(row) for row in rows if len(row) > 1)
    if sum(counts.values()) < least:
        return None
    columns = _columns([row for row in rows if len(row) > 1])
    if len(columns) < 2:
        return None
    cells: list[list[str]] = []
    for above, row in zip([None, *rows], rows, strict=False):
        placed = [""] * len(columns)
        for piece in row:
            column = _column(columns, piece)
            placed[column] = f"{placed[column]} {piece.text}".strip()
        if cells and above and _continues(above, row, placed, separators, columns):
            cells[-1] = [join_lines((a, b)) for a, b in zip(cells[-1], placed, strict=True)]
        else:
            cells.append(placed)
    everything = [piece for row in rows for piece in row]
    if len(cells) < 2:
        return None
    return Table(
        x0=min(piece.x0 for piece in everything),
        y0=min(piece.y0 for piece in everything),
        x1=max(piece.x1 for piece in everything),
        y1=max(piece.y1 for piece in everything),
        rows=cells,
    )


def _continues(
    above: list[Piece], row: list[Piece], placed: list[str], separators: Sequence[float], columns: list[list[float]]
) -> bool:
    """The row is the second line of cells in the row above: its first cell is empty and no rule lies between."""
    between = any(row[0].base < at < above[0].base for at in separators)
    return not placed[0] and not between and sum(map(bool, placed)) * 2 <= len(columns)


def _columns(rows: list[list[Piece]]) -> list[list[float]]:
    """Left and right end of each column: where the rows with most pieces have theirs."""
    most = max(len(row) for row in rows)
    typical = [row for row in rows if len(row) * 4 >= most * 3]
    spans: list[list[float]] = []
    for piece in sorted((piece for row in typical for piece in row), key=lambda piece: piece.x0):
        if spans and piece.x0 < spans[-1][1]:
            spans[-1][1] = max(spans[-1][1], piece.x1)
        else:
            spans.append([piece.x0, piece.x1])
    return spans


def _column(columns: list[list[float]], piece: Piece) -> int:
    def overlap(n: int) -> tuple[float, float]:
        start, end = columns[n]
        return min(piece.x1, end) - max(piece.x0, start), -abs(piece.middle - (start + end) / 2)

    return max(range(len(columns)), key=overlap)


def _collinear(rules: Sequence[Rule]) -> list[Rule]:
    """Rules in one line that touch, as one."""
    merged: list[Rule] = []
    for rule in sorted(rules, key=lambda rule: (round(rule.at / 2), rule.start)):
        last = merged[-1] if merged else None
        if last and abs(last.at - rule.at) <= 2 and rule.start <= last.end + _NEAR:
            merged[-1] = Rule(last.at, last.start, max(last.end, rule.end))
        else:
            merged.append(rule)
    return merged


def _components(horizontal: list[Rule], vertical: list[Rule]) -> list[tuple[list[Rule], list[Rule]]]:
    """Rules that cross each other, directly or over others."""
    seen: set[int] = set()
    found = []
    for start in range(len(horizontal)):
        if start in seen:
            continue
        across, down, waiting = {start}, set[int](), [start]
        while waiting:
            rule = horizontal[waiting.pop()]
            for n, upright in enumerate(vertical):
                if n not in down and _cross(rule, upright):
                    down.add(n)
                    new = {m for m, other in enumerate(horizontal) if m not in across and _cross(other, upright)}
                    across |= new
                    waiting.extend(new)
        seen |= across
        found.append(([horizontal[n] for n in sorted(across)], [vertical[n] for n in sorted(down)]))
    return found


def _cross(across: Rule, down: Rule) -> bool:
    return across.start - _NEAR <= down.at <= across.end + _NEAR and down.start - _NEAR <= across.at <= down.end + _NEAR


def _places(rules: list[Rule]) -> list[float]:
    places: list[float] = []
    for at in sorted(rule.at for rule in rules):
        if not places or at - places[-1] > _NEAR:
            places.append(at)
    return places


def _grid(
    glyphs: Sequence[Glyph], across: list[Rule], down: list[Rule], xs: list[float], ys: list[float]
) -> Table | None:
    ys = ys[::-1]
    falling = [-y for y in ys]
    owner = _merged_cells(across, down, xs, ys)
    held: dict[tuple[int, int], list[Glyph]] = {}
    for glyph in glyphs:
        x, y = (glyph.x0 + glyph.x1) / 2, (glyph.y0 + glyph.y1) / 2
        column = bisect_right(xs, x) - 1
        row = bisect_right(falling, -y) - 1
        if 0 <= column < len(xs) - 1 and 0 <= row < len(ys) - 1:
            held.setdefault(owner[row, column], []).append(glyph)
    if len(held) < 3:
        return None
    text = {cell: join_lines(joined(row).text for row in rows_of(pieces_of(found))) for cell, found in held.items()}
    rows = [[text.get(owner[r, c], "") for c in range(len(xs) - 1)] for r in range(len(ys) - 1)]
    return Table(x0=xs[0], y0=ys[-1], x1=xs[-1], y1=ys[0], rows=rows)


def _merged_cells(
    across: list[Rule], down: list[Rule], xs: list[float], ys: list[float]
) -> dict[tuple[int, int], tuple[int, int]]:
    """For each cell of the grid the first cell of the one that it is part of: no rule lies between."""
    owner: dict[tuple[int, int], tuple[int, int]] = {}
    for r, (top, bottom) in enumerate(pairwise(ys)):
        for c, (left, right) in enumerate(pairwise(xs)):
            owner[r, c] = (r, c)
            x, y = (left + right) / 2, (top + bottom) / 2
            if c and not any(abs(rule.at - left) <= _NEAR and rule.start <= y <= rule.end for rule in down):
                owner[r, c] = owner[r, c - 1]
            elif r and not any(abs(rule.at - top) <= _NEAR and rule.start <= x <= rule.end for rule in across):
                owner[r, c] = owner[r - 1, c]
    return owner
