"""Characters and rules of a PDF page, with their places, as PDFium sees them.

Places are points (1/72 inch), y counts upwards.  On a page that is turned, or whose text is, they are turned so that
most of its text runs to the right.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from ctypes import addressof, byref, c_double, c_float, c_int, create_string_buffer
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pypdfium2 as pdfium  # type: ignore[import-untyped]  # ships no types
import pypdfium2.raw as raw  # type: ignore[import-untyped]  # ships no types

_BOLD = re.compile(r"bold|black|heavy|semibold|demi|cmbx|bx\d|simhei|-b$", re.I)
_HYPHENS = frozenset((0x02, 0xFFFE))
"""What PDFium puts in place of a hyphen at the end of a line."""
_MAX_OBJECTS = 20_000
"""Drawings with more are maps and plots, not tables."""
_THIN = 3.0
"""Points; a rule is not wider."""
_BOLD_WEIGHT = 600


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character: its box, its em size and whether a blank stands before it."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    base: float
    size: float
    bold: bool
    space: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line, horizontal or vertical; ``at`` is its y or x."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, kw_only=True)
class PageGlyphs:
    """What stands on a page.  ``unreadable`` is the share of characters whose meaning the file does not tell."""

    glyphs: list[Glyph]
    turned: list[Glyph]
    """Text in another direction than most of the page's: stamps, labels of axes."""
    horizontal: list[Rule]
    vertical: list[Rule]
    width: float
    height: float
    unreadable: float


@dataclass(frozen=True, slots=True)
class _Style:
    size: float
    bold: bool
    quarter: int
    """Quarter turns, counterclockwise, of the text's direction."""


def read_page(page: pdfium.PdfPage) -> PageGlyphs:
    """All characters and rules of a page."""
    text_page = page.get_textpage()
    try:
        found = _characters(text_page.raw)
    finally:
        text_page.close()
    turns = Counter(quarter for _, quarter in found)
    quarter = turns.most_common(1)[0][0] if turns else 0
    width, height = page.get_mediabox()[2:]
    place = _Turn(quarter)
    straight = [place.glyph(glyph) for glyph, turn in found if turn == quarter]
    horizontal, vertical = _rules(page)
    if quarter % 2:
        horizontal, vertical = vertical, horizontal
    known = [glyph for glyph in straight if not _unknown(glyph.text)]
    x, y = (width, height) if quarter % 2 == 0 else (height, width)
    return PageGlyphs(
        glyphs=known,
        turned=[_Turn(turn).glyph(glyph) for glyph, turn in found if turn != quarter and not _unknown(glyph.text)],
        horizontal=[place.horizontal(rule) for rule in horizontal],
        vertical=[place.vertical(rule) for rule in vertical],
        width=x,
        height=y,
        unreadable=1 - len(known) / len(straight) if straight else 0.0,
    )


@dataclass(frozen=True)
class _Turn:
    """Places after turning the page back by ``quarter`` quarter turns."""

    quarter: int

    def glyph(self, glyph: Glyph) -> Glyph:
        if self.quarter == 0:
            return glyph
        a, b = self._point(glyph.x0, glyph.y0), self._point(glyph.x1, glyph.y1)
        base = {1: -glyph.base, 2: -glyph.base, 3: glyph.base}[self.quarter]
        return Glyph(
            glyph.text, min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]),
            base, glyph.size, glyph.bold, glyph.space,
        )  # fmt: skip

    def horizontal(self, rule: Rule) -> Rule:
        """A rule that is horizontal after turning."""
        at = -rule.at if self.quarter in (1, 2) else rule.at
        ends = (-rule.end, -rule.start) if self.quarter in (2, 3) else (rule.start, rule.end)
        return Rule(at, *ends)

    def vertical(self, rule: Rule) -> Rule:
        """A rule that is vertical after turning."""
        at = -rule.at if self.quarter in (2, 3) else rule.at
        ends = (-rule.end, -rule.start) if self.quarter in (1, 2) else (rule.start, rule.end)
        return Rule(at, *ends)

    def _point(self, x: float, y: float) -> tuple[float, float]:
        return {1: (y, -x), 2: (-x, -y), 3: (-y, x)}[self.quarter]


def _unknown(text: str) -> bool:
    return text == "\ufffd" or "\ue000" <= text[0] <= "\uefff"


def _characters(text_page: Any) -> list[tuple[Glyph, int]]:
    """Characters in the order of the file, each with its direction."""
    found: list[tuple[Glyph, int]] = []
    styles: dict[int, _Style] = {}
    space = False
    pending = ""
    key = 0
    place = (0.0, 0.0)
    box = raw.FS_RECTF()
    x, y = c_double(), c_double()
    for index in range(raw.FPDFText_CountChars(text_page)):
        code = raw.FPDFText_GetUnicode(text_page, index)
        if code in (0x20, 0xA0, 0x3000, 0x09):
            space = True
            continue
        if code in (0x0A, 0x0D, 0):
            space = False
            continue
        text, pending = _decoded(code, pending)
        if not text:
            continue
        before = key
        key = addressof(raw.FPDFText_GetTextObject(text_page, index).contents)
        style = styles.get(key)
        if style is None:
            style = styles[key] = _style(text_page, index)
        raw.FPDFText_GetLooseCharBox(text_page, index, byref(box))
        here = (box.left, box.right)
        if here == place and key == before and not space:  # one ligature, which PDFium spells out
            last, quarter = found[-1]
            found[-1] = (replace(last, text=last.text + text), quarter)
            continue
        place = here
        raw.FPDFText_GetCharOrigin(text_page, index, byref(x), byref(y))
        base = y.value if style.quarter % 2 == 0 else x.value
        glyph = Glyph(
            text, box.left, min(box.bottom, box.top), box.right, max(box.bottom, box.top),
            base, style.size, style.bold, space,
        )  # fmt: skip
        found.append((glyph, style.quarter))
        space = False
    return found


def _decoded(code: int, pending: str) -> tuple[str, str]:
    """A character and what waits for its second half (characters beyond U+FFFF come in two)."""
    if 0xD800 <= code < 0xDC00:
        return "", chr(code)
    if 0xDC00 <= code < 0xE000:
        if not pending:
            return "\ufffd", ""
        return (pending + chr(code)).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"), ""
    return ("-" if code in _HYPHENS else chr(code)), ""


def _style(text_page: Any, index: int) -> _Style:
    matrix = raw.FS_MATRIX()
    size = raw.FPDFText_GetFontSize(text_page, index)
    quarter = 0
    if raw.FPDFText_GetMatrix(text_page, index, byref(matrix)):
        size *= math.hypot(matrix.c, matrix.d) or 1.0
        quarter = round(math.atan2(matrix.b, matrix.a) / (math.pi / 2)) % 4
    weight = raw.FPDFText_GetFontWeight(text_page, index)
    name = create_string_buffer(128)
    raw.FPDFText_GetFontInfo(text_page, index, name, 128, byref(c_int()))
    bold = weight >= _BOLD_WEIGHT or bool(_BOLD.search(name.value.decode("utf-8", errors="replace")))
    return _Style(abs(size), bold, quarter)


def _rules(page: pdfium.PdfPage) -> tuple[list[Rule], list[Rule]]:
    horizontal: list[Rule] = []
    vertical: list[Rule] = []
    count = raw.FPDFPage_CountObjects(page.raw)
    if count > _MAX_OBJECTS:
        return [], []
    for index in range(count):
        shape = raw.FPDFPage_GetObject(page.raw, index)
        if raw.FPDFPageObj_GetType(shape) == raw.FPDF_PAGEOBJ_PATH:
            _path_rules(shape, horizontal, vertical)
    return horizontal, vertical


def _path_rules(shape: Any, horizontal: list[Rule], vertical: list[Rule]) -> None:
    left, bottom, right, top = c_float(), c_float(), c_float(), c_float()
    if not raw.FPDFPageObj_GetBounds(shape, byref(left), byref(bottom), byref(right), byref(top)):
        return
    x0, y0, x1, y1 = left.value, bottom.value, right.value, top.value
    if y1 - y0 <= _THIN or x1 - x0 <= _THIN:
        if x1 - x0 > max(_THIN, y1 - y0):
            horizontal.append(Rule((y0 + y1) / 2, x0, x1))
        elif y1 - y0 > _THIN:
            vertical.append(Rule((x0 + x1) / 2, y0, y1))
        return
    segments = raw.FPDFPath_CountSegments(shape)
    if segments > 4000:
        return
    points = [_point(shape, number) for number in range(segments)]
    boxed = len(points) <= 5 and all(
        min(abs(px - x0), abs(px - x1)) < 2 * _THIN and min(abs(py - y0), abs(py - y1)) < 2 * _THIN
        for px, py, _ in points
    )
    if boxed:  # a frame, or the ground of a cell; its bounds are in the page's places whatever its matrix
        horizontal.extend((Rule(y0, x0, x1), Rule(y1, x0, x1)))
        vertical.extend((Rule(x0, y0, y1), Rule(x1, y0, y1)))
        return
    for (ax, ay, _), (bx, by, kind) in pairwise(points):
        if kind != raw.FPDF_SEGMENT_LINETO:
            continue
        if abs(ay - by) < 0.5 and abs(ax - bx) > _THIN:
            horizontal.append(Rule(ay, min(ax, bx), max(ax, bx)))
        elif abs(ax - bx) < 0.5 and abs(ay - by) > _THIN:
            vertical.append(Rule(ax, min(ay, by), max(ay, by)))


def _point(shape: Any, number: int) -> tuple[float, float, int]:
    segment = raw.FPDFPath_GetPathSegment(shape, number)
    x, y = c_float(), c_float()
    raw.FPDFPathSegment_GetPoint(segment, byref(x), byref(y))
    return x.value, y.value, raw.FPDFPathSegment_GetType(segment)
