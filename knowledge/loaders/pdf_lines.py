"""Characters into pieces of lines: what stands on one baseline without a wide gap."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

from clawdbot.knowledge.loaders.cleaning import CJK
from clawdbot.knowledge.loaders.pdf_glyphs import Glyph

_GAP = 0.9
"""Em; what is wider parts columns or cells."""
_GUTTER = 0.45
"""Em; the same where many lines have it at one place."""
_GUTTER_LINES = 8
_DOTS = ".．·…"
_COLUMN = 8
"""Em; what is narrower on either side is no column of text."""
_BROAD = 20
"""Em; lines that are shorter have no columns."""
_OPENING = frozenset("（《「『【〈〔“‘")
_CLOSING = frozenset("，。、；：！？）》」』】〉〕”’")
_SPACE = 0.28
"""Em; what is wider parts words even where PDFium sees no blank."""
_SAME_LINE = 0.35
"""Em; baselines that differ less are one (super- and subscripts)."""
_SCRIPT = 0.62
"""Em of the line; how far super- and subscripts stand above or below."""
_SMALL = 0.8
_SAME_PLACE = 0.15
_SUPERSCRIPT = str.maketrans("0123456789+-−()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿ")
_CJK = re.compile(f"[{CJK}]")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Text on one baseline between two wide gaps."""

    x0: float
    y0: float
    x1: float
    y1: float
    base: float
    text: str
    size: float
    bold: bool
    glyphs: Sequence[Glyph] = field(repr=False)

    @property
    def middle(self) -> float:
        """Of its width."""
        return (self.x0 + self.x1) / 2


def pieces_of(glyphs: Iterable[Glyph]) -> list[Piece]:
    """Pieces, from the top of the page down and from left to right."""
    lines = [sorted(line, key=lambda glyph: glyph.x0) for line in baselines(glyphs)]
    gutters = _gutters(lines)
    return [_piece(run) for line in lines for run in _runs(line, gutters)]


def baselines(glyphs: Iterable[Glyph]) -> list[list[Glyph]]:
    """Characters grouped by baseline, the highest first; small ones just above or below belong to the line beside."""
    by_base: dict[float, list[Glyph]] = {}
    for glyph in glyphs:
        by_base.setdefault(round(glyph.base, 1), []).append(glyph)
    lines: list[_Baseline] = []
    for base, found in sorted(by_base.items(), key=lambda item: (-sum(glyph.size for glyph in item[1]), -item[0])):
        size = max(glyph.size for glyph in found)
        line = min(lines, key=lambda line: abs(line.base - base), default=None)
        if line is None or not _belongs(line, base, size, found):
            lines.append(_Baseline(base=base, size=size, glyphs=found))
        elif size < _SMALL * line.size and base > line.base + 0.15 * line.size:
            line.glyphs.extend(_raised(glyph) for glyph in found)
        else:
            line.glyphs.extend(found)
    return [line.glyphs for line in sorted(lines, key=lambda line: -line.base)]


@dataclass(frozen=True, kw_only=True)
class _Baseline:
    base: float
    size: float
    glyphs: list[Glyph]


def _belongs(line: _Baseline, base: float, size: float, found: list[Glyph]) -> bool:
    distance = abs(line.base - base)
    if distance <= _SAME_LINE * max(line.size, size) * (0.6 if size > line.size else 1):
        return True
    near = distance <= _SCRIPT * line.size and size < _SMALL * line.size
    return near and any(
        abs(glyph.x0 - other.x1) < 0.4 * line.size or abs(other.x0 - glyph.x1) < 0.4 * line.size
        for glyph in found[:3]
        for other in line.glyphs
    )


def _raised(glyph: Glyph) -> Glyph:
    """A digit above the line as the character for that: m² is not m2, and a note's number is no part of an amount."""
    text = glyph.text.translate(_SUPERSCRIPT)
    return replace(glyph, text=text) if text != glyph.text else glyph


def rows_of(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """Pieces that stand beside each other, the highest row first, each from left to right."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: (-piece.base, piece.x0)):
        if rows and abs(rows[-1][0].base - piece.base) <= _SAME_LINE * max(rows[-1][0].size, piece.size):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda piece: piece.x0) for row in rows]


def joined(pieces: Sequence[Piece]) -> Piece:
    """Pieces of one row as one."""
    if len(pieces) == 1:
        return pieces[0]
    return _piece([glyph for piece in pieces for glyph in piece.glyphs])


def _gutters(lines: list[list[Glyph]]) -> list[float]:
    """Places where many lines have a gap at the same x, narrower than one that parts cells: between narrow columns."""
    gaps: Counter[int] = Counter()
    broad = 0
    for line in lines:
        broad += line[-1].x1 - line[0].x0 > _BROAD * line[0].size
        least = _COLUMN * line[0].size
        for before, glyph in pairwise(line):
            both = before.x1 - line[0].x0 > least and line[-1].x1 - glyph.x0 > least
            if both and before.text not in _DOTS and glyph.x0 - before.x1 > _GUTTER * max(before.size, glyph.size):
                gaps.update(range(math.ceil(before.x1), math.floor(glyph.x0) + 1))
    enough = max(_GUTTER_LINES, broad // 2)
    return [float(x) for x, times in gaps.items() if times >= enough]


def _runs(line: list[Glyph], gutters: list[float]) -> list[list[Glyph]]:
    runs = [[line[0]]]
    for before, glyph in pairwise(line):
        if glyph.x0 - before.x0 < _SAME_PLACE * glyph.size and _doubled(runs[-1], glyph):
            continue
        gap = glyph.x0 - max(before.x1, runs[-1][-1].x1)
        size = max(before.size, glyph.size)
        left, right = _ink(before)[1], _ink(glyph)[0]
        if gap > _GAP * size or (right - left > _GUTTER * size and any(left <= x <= right for x in gutters)):
            runs.append([glyph])
        else:
            runs[-1].append(glyph)
    return runs


def _ink(glyph: Glyph) -> tuple[float, float]:
    """Where a character begins and ends to the eye: Chinese punctuation hangs over the edge of its column."""
    half = glyph.size / 2 if glyph.x1 - glyph.x0 > 0.8 * glyph.size else 0.0
    begin = glyph.x1 - half if half and glyph.text in _OPENING else glyph.x0
    return begin, glyph.x0 + half if half and glyph.text in _CLOSING else glyph.x1


def _doubled(run: list[Glyph], glyph: Glyph) -> bool:
    """The same character at the same place again: how some programs draw bold or shadowed text."""
    return any(
        other.text == glyph.text
        and abs(other.x0 - glyph.x0) < _SAME_PLACE * glyph.size
        and abs(other.base - glyph.base) < _SAME_PLACE * glyph.size
        for other in run[-3:]
    )


def _piece(run: Sequence[Glyph]) -> Piece:
    size = median(glyph.size for glyph in run)
    return Piece(
        x0=run[0].x0,
        y0=min(glyph.y0 for glyph in run),
        x1=max(glyph.x1 for glyph in run),
        y1=max(glyph.y1 for glyph in run),
        base=median(glyph.base for glyph in run),
        text=text_of(run),
        size=size,
        bold=sum(glyph.bold for glyph in run) * 10 > len(run) * 9,
        glyphs=run,
    )


def text_of(run: Sequence[Glyph]) -> str:
    """Characters from left to right, blanks where the file or the distance has them, none between Chinese ones."""
    parts = [run[0].text]
    for before, glyph in pairwise(run):
        apart = glyph.space or glyph.x0 - before.x1 > _SPACE * max(before.size, glyph.size)
        if apart and not (_CJK.match(before.text[-1]) and _CJK.match(glyph.text[0])):
            parts.append(" ")
        parts.append(glyph.text)
    return "".join(parts)
