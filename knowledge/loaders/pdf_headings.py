"""Which paragraphs of a PDF are headings, and which lines are running headers and footers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clawdbot.knowledge.loaders.pdf_layout import Element, Line, Paragraph
from clawdbot.knowledge.loaders.pdf_tables import Table

_LARGER = 1.12
_FREQUENT = 0.4
"""Share of the characters of the most frequent size from which on a size is one of running text."""
_MAX_CHARS = 120
_MAX_LEVELS = 6
_EDGE = 0.1
"""Share of a page's height, at the top and at the bottom, where running lines stand."""
_DIGITS = re.compile(r"\d+|\b[ivxlc]+\b")
_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:page|第|p\.)?\s*\d{1,4}\s*(?:页|頁)?(?:\s*(?:/|of|共|，共)\s*\d{1,4}\s*(?:页|頁)?)?[-–—\s]*", re.I
)
_HEADING = re.compile(r"(?!(?:表|图|Table|Figure|Fig\.)\s*\d)(?=.*[^\W\d_])", re.S)
"""Anything with a letter but a table's or a figure's caption."""
_NO_HEADING_END = re.compile(r"[。.,，;；:：、]$")


@dataclass(frozen=True, kw_only=True)
class Headings:
    """How headings look in one document: em sizes, the largest first, and what bookmarks name on each page."""

    body: float
    sizes: tuple[float, ...]
    bookmarks: Mapping[int, Mapping[str, int]]

    def marked(self, text: str, page: int) -> int:
        """Depth from 1 of what a bookmark of the page names, with or without its number; 0 when none does."""
        names = self.bookmarks.get(page, {})
        return names.get(key(text), 0) or names.get(key(_bare(text)), 0)

    def level(self, paragraph: Paragraph, text: str, page: int) -> int:
        """Depth from 1; 0 for text."""
        marked = self.marked(text, page)
        if marked:
            return min(marked, _MAX_LEVELS)
        if len(text) > _MAX_CHARS or len(paragraph.lines) > 3 or not _HEADING.match(text):
            return 0
        size = round(paragraph.size, 1)
        if size >= _LARGER * self.body and size in self.sizes and not (len(text) > 40 and text.endswith(("。", "."))):
            return self.sizes.index(size) + 1
        short = len(paragraph.lines) == 1 and len(text) <= _MAX_CHARS // 2 and not _NO_HEADING_END.search(text)
        if paragraph.bold and short and size >= 0.95 * self.body:
            return min(len(self.sizes) + 1, _MAX_LEVELS)
        return 0


def headings_of(pages: Sequence[Sequence[Element]], bookmarks: Mapping[int, Mapping[str, int]]) -> Headings:
    """What all pages together tell of the sizes of text and headings."""
    characters: Counter[float] = Counter()
    for line in (element for page in pages for element in page if isinstance(element, Line)):
        characters[round(line.size, 1)] += len(line.text)
    if not characters:
        return Headings(body=0.0, sizes=(), bookmarks=bookmarks)
    most = max(characters.values())
    body = max(size for size, times in characters.items() if times >= _FREQUENT * most)
    larger = sorted((size for size in characters if size >= _LARGER * body), reverse=True)
    return Headings(body=body, sizes=tuple(larger[:_MAX_LEVELS]), bookmarks=bookmarks)


def key(text: str) -> str:
    """A heading without blanks and case, to compare it with a bookmark."""
    return re.sub(r"\s+", "", text).lower()


def _bare(text: str) -> str:
    """Without its number, which bookmarks often lack."""
    return re.sub(r"^(?:\d+(?:\.\d+)*\.?|第\S+[章节篇部条款])\s*", "", text)


def without_running_lines(pages: Sequence[Sequence[Element]], heights: Sequence[float]) -> list[list[Element]]:
    """Pages without the header and footer that stand on most of them, and without page numbers."""
    body = headings_of(pages, {}).body
    seen: Counter[tuple[str, int]] = Counter()
    for page, height in zip(pages, heights, strict=True):
        seen.update({(_masked(line), _place(line)) for line in page if _at_edge(line, height, body)})
    enough = 2 if len(pages) < 6 else 3
    running = {line for line, times in seen.items() if times >= enough}
    kept = []
    for page, height in zip(pages, heights, strict=True):
        kept.append([
            e for e in page
            if not _at_edge(e, height, body)
            or ((_masked(e), _place(e)) not in running and not (len(pages) > 1 and _is_page_number(e)))
        ])  # fmt: skip
    return kept


def _at_edge(element: Element, height: float, body: float) -> bool:
    if isinstance(element, Table) or element.size >= _LARGER * body:  # a heading at the top of a page
        return False
    return not _EDGE * height < element.base < (1 - _EDGE) * height


def _masked(element: Element) -> str:
    return _DIGITS.sub("#", element.text) if isinstance(element, Line) else ""


def _place(element: Element) -> int:
    """Height on the page, coarse, so that a heading that looks like a footer is told apart."""
    return round(element.base / 12) if isinstance(element, Line) else 0


def _is_page_number(element: Element) -> bool:
    return isinstance(element, Line) and bool(_PAGE_NUMBER.fullmatch(element.text))
