"""Blocks of an HTML tree: main content without navigation, headings, lists, tables, code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from clawdbot.knowledge.extract import Block, BlockKind
from clawdbot.knowledge.loaders.cleaning import clean, lines_kept, one_line, paragraph
from clawdbot.knowledge.loaders.grid import MAX_COLUMNS, document_table

_INLINE = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",
    "ins", "kbd", "label", "mark", "output", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
})  # fmt: skip
_SKIPPED = frozenset({
    "-comment", "!doctype", "button", "canvas", "datalist", "dialog", "embed", "head", "iframe", "input", "link",
    "map", "meta", "nav", "noscript", "object", "option", "rt", "script", "select", "source", "style", "svg",
    "template", "textarea", "track", "video", "audio",
})  # fmt: skip
_SKIPPED_ROLES = frozenset(("navigation", "banner", "contentinfo", "search", "menu", "menubar", "toolbar"))
_SIDE = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|menu|sidebar|footer|breadcrumbs?|cookies?|pagination|toc)(?:$|[\s_-])", re.I
)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:\.0*)?(?:px|pt|em|%)?\s*(?:;|$|!)", re.I
)
_MAX_DEPTH = 150
"""Levels that are walked; what is deeper is taken as text."""
_MAX_SPAN = 200
_DELETED = frozenset(("del", "s", "strike"))


class Markup:
    """Walks a tree once and collects blocks."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._words: list[str] = []

    def walk(self, root: LexborNode) -> list[Block]:
        """The blocks under a node."""
        self._children(root, 0)
        self._flush()
        return self.blocks

    def _children(self, node: LexborNode, depth: int) -> None:
        for child in children(node):
            self._visit(child, depth + 1)

    def _visit(self, node: LexborNode, depth: int) -> None:
        tag = node.tag or ""
        if tag == "-text":
            self._words.append(node.text_content or "")
        elif skipped(node, tag):
            return
        elif depth > _MAX_DEPTH:
            self._words.append(node.text(separator=" "))
        elif tag == "br":
            self._words.append("\v")
        elif tag == "img":
            self._words.append((node.attributes.get("alt") or "").strip())
        elif tag in _INLINE:
            self._children(node, depth)
        else:
            self._block(node, tag, depth)

    def _block(self, node: LexborNode, tag: str, depth: int) -> None:
        self._flush()
        if tag in ("ul", "ol", "menu"):
            self._add("list", "\n".join(_items(node, 0, depth)))
        elif tag == "pre":
            self._add("code", clean(_raw(node)).strip("\n"))
        elif tag == "table" and _is_data(node):
            self._table(node)
        elif re.fullmatch(r"h[1-6]", tag):
            self._add("heading", one_line(text_of(node)), level=int(tag[1]))
        elif tag == "dl":
            self._add("list", "\n".join(_definitions(node)))
        else:
            self._children(node, depth)
        self._flush()

    def _table(self, node: LexborNode) -> None:
        caption = node.css_first("caption")
        if caption is not None:
            self._add("paragraph", paragraph(text_of(caption)))
        table = document_table(_cells(node))
        if table is not None:
            self.blocks.append(table)

    def _flush(self) -> None:
        text, self._words = _spaced("".join(self._words)), []
        self._add("paragraph", text)

    def _add(self, kind: BlockKind, text: str, *, level: int = 0) -> None:
        if text.strip():
            self.blocks.append(Block(kind=kind, text=text, level=level))


def children(node: LexborNode) -> Iterator[LexborNode]:
    """A node's children, text too."""
    child = node.child
    while child is not None:
        yield child
        child = child.next


def skipped(node: LexborNode, tag: str) -> bool:
    """What a reader of the page does not see, or sees on every page of the site."""
    if tag in _SKIPPED or tag in _DELETED:
        return True
    attributes = node.attributes
    if "hidden" in attributes or attributes.get("aria-hidden") == "true" or attributes.get("role") in _SKIPPED_ROLES:
        return True
    return bool(_HIDDEN.search(attributes.get("style") or ""))


def beside_content(node: LexborNode, tag: str) -> bool:
    """Site furniture, by its name: page header and footer, side bars, menus."""
    if tag in ("footer", "aside", "nav"):
        return True
    attributes = node.attributes
    return tag in ("div", "ul", "ol", "section", "table") and bool(
        _SIDE.search(f"{attributes.get('class') or ''} {attributes.get('id') or ''}")
    )


def text_of(node: LexborNode, depth: int = 0) -> str:
    """All visible text, ``\\n`` where a line or a block ends."""
    parts: list[str] = []
    for child in children(node):
        tag = child.tag or ""
        if tag == "-text":
            parts.append(re.sub(r"\s+", " ", child.text_content or ""))
        elif tag == "br":
            parts.append("\n")
        elif skipped(child, tag):
            continue
        elif depth > _MAX_DEPTH:
            parts.append(child.text(separator=" "))
        elif tag in _INLINE:
            parts.append(text_of(child, depth + 1))
        else:
            parts.append(f"\n{text_of(child, depth + 1)}\n")
    return "".join(parts)


def _spaced(text: str) -> str:
    """Running text: blanks and line ends collapsed, a line break where the page has one."""
    return lines_kept("\n".join(paragraph(line) for line in text.split("\v")))


def _raw(node: LexborNode) -> str:
    return node.text(separator="")


def _items(node: LexborNode, indent: int, depth: int) -> Iterator[str]:
    number = int(start) if (start := node.attributes.get("start") or "1").isascii() and start.isdigit() else 1
    for item in children(node):
        tag = item.tag or ""
        if tag.startswith(("-", "!")) or skipped(item, tag):
            continue
        if tag in ("ul", "ol"):  # against the rules, and common
            yield from _items(item, indent + 1, depth + 1) if depth < _MAX_DEPTH else ()
            continue
        nested = [child for child in children(item) if child.tag in ("ul", "ol")] if depth < _MAX_DEPTH else []
        own = one_line(_own_text(item, nested))
        if own:
            yield "  " * indent + (f"{number}. " if node.tag == "ol" else "- ") + own
        number += 1
        for inner in nested:
            yield from _items(inner, indent + 1, depth + 1)


def _own_text(item: LexborNode, nested: list[LexborNode]) -> str:
    if not nested:
        return text_of(item)
    parts = []
    for child in children(item):
        if child.tag == "-text":
            parts.append(child.text_content or "")
        elif child.tag not in ("ul", "ol") and not skipped(child, child.tag or ""):
            parts.append(text_of(child))
    return " ".join(parts)


def _definitions(node: LexborNode) -> Iterator[str]:
    term = ""
    for child in node.css("dt, dd"):
        text = one_line(text_of(child))
        if child.tag == "dt":
            term = text
        elif text:
            yield f"{term}: {text}" if term else text


def _is_data(table: LexborNode) -> bool:
    """A table of data; not one that lays out a page (others or headings in it, one column)."""
    if any(found.mem_id != table.mem_id for found in table.css("table, h1, h2, h3")):
        return False
    rows = table.css("tr")
    return table.css_first("th") is not None or (len(rows) > 1 and any(len(row.css("td")) > 1 for row in rows))


def _cells(table: LexborNode) -> list[list[str]]:
    """Rows of cells; one that spans several stands in each of them."""
    rows: list[list[str]] = []
    reaching: dict[int, tuple[int, str]] = {}
    for row in table.css("tr"):
        cells: list[str] = []
        below: dict[int, tuple[int, str]] = {}
        for cell in (*row.css("td, th"), None):
            while len(cells) in reaching:
                height, text = reaching.pop(len(cells))
                if height > 1:
                    below[len(cells)] = (height - 1, text)
                cells.append(text)
            if cell is None or len(cells) > MAX_COLUMNS:
                break
            text, height = one_line(text_of(cell)), _span(cell, "rowspan")
            for column in range(len(cells), len(cells) + _span(cell, "colspan")):
                cells.append(text)
                if height > 1:
                    below[column] = (height - 1, text)
        reaching = below
        rows.append(cells)
    return rows


def _span(cell: LexborNode, name: str) -> int:
    value = cell.attributes.get(name) or "1"
    return max(1, min(int(value), _MAX_SPAN)) if value.isascii() and value.isdigit() and len(value) < 9 else 1
