"""Word documents (DOCX)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.loaders.cleaning import lines_kept
from clawdbot.knowledge.loaders.container import Container, opened
from clawdbot.knowledge.loaders.docx_styles import Numbering, Styles, read_numbering, read_styles
from clawdbot.knowledge.loaders.grid import document_table
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loaders.office import COMPATIBLE, WORD, part, part_or_none, parts_of_kind, properties_of

_MAIN = "word/document.xml"
_REMOVED = frozenset((f"{WORD}del", f"{WORD}moveFrom", f"{WORD}instrText", f"{WORD}delText", f"{COMPATIBLE}Fallback"))
_WRAPPERS = frozenset(f"{WORD}{name}" for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"))
_MAX_SPAN = 200


def load(data: bytes, limits: LoadLimits) -> Extract:
    """Headings, paragraphs, lists, tables and notes; deleted text, headers and footers are left out."""
    with opened(data, limits) as container:
        stated = properties_of(container)
        root = part(container, _MAIN)
        body = root.find(f"{WORD}body")
        walk = _Walk(
            styles=read_styles(_related(container, "styles")),
            numbering=read_numbering(_related(container, "numbering")),
        )
        blocks = list(walk.blocks(body)) if body is not None else []
        for kind, tag in (("footnotes", "footnote"), ("endnotes", "endnote")):
            notes = _related(container, kind)
            if notes is not None:
                blocks.extend(_notes(notes, tag))
    return Extract(
        blocks=tuple(blocks), title=stated.title or walk.title, modified_at=stated.modified_at, metadata=stated.metadata
    )


def _related(container: Container, kind: str) -> Element | None:
    name = next(parts_of_kind(container, _MAIN, kind), "")
    return part_or_none(container, name)


def _notes(root: Element, tag: str) -> Iterator[Block]:
    for note in root.findall(f"{WORD}{tag}"):
        if note.get(f"{WORD}type") in (None, "normal"):
            text = " ".join(lines_kept(text_of(p)) for p in note.iter(f"{WORD}p"))
            if text.strip():
                yield Block(kind="paragraph", text=f"[{note.get(f'{WORD}id')}] {text}", part=tag)


@dataclass
class _Walk:
    styles: Styles
    numbering: Numbering
    title: str = ""

    def blocks(self, body: Element) -> Iterator[Block]:
        """Blocks of a body or a cell; items that follow each other are one list."""
        items: list[str] = []
        for element in _flattened(body):
            if element.tag == f"{WORD}p":
                block = self._paragraph(element)
                if block is not None and block.kind == "list":
                    items.append(block.text)
                    continue
                found = [block] if block is not None else []
            else:
                found = list(self._table(element))
            if items and found:
                yield Block(kind="list", text="\n".join(items))
                items = []
            yield from found
            if element.tag == f"{WORD}p":
                for box in _text_boxes(element):
                    yield from self.blocks(box)
        if items:
            yield Block(kind="list", text="\n".join(items))

    def _paragraph(self, element: Element) -> Block | None:
        text = lines_kept(text_of(element))
        look = self.styles.look(element)
        number = self.numbering.next(look.numbering, look.numbering_level)
        if not text:
            return None
        if look.title and not self.title:
            self.title = text
        if look.outline:
            shown = f"{number} {text}" if number and number != "-" else text
            return Block(kind="heading", text=" ".join(shown.split("\n")), level=look.outline)
        if number:
            return Block(kind="list", text=f"{'  ' * look.numbering_level}{number} {' '.join(text.split(chr(10)))}")
        return Block(kind="paragraph", text=text)

    def _table(self, element: Element) -> Iterator[Block]:
        rows: list[list[str]] = []
        for row in _children(element, f"{WORD}tr"):
            if row.find(f"{WORD}trPr/{WORD}del") is None:
                rows.append(_row(row, rows[-1] if rows else []))
        if (len(rows) == 1 and len(rows[0]) == 1) or all(len(row) == 1 for row in rows):
            for cell in element.iter(f"{WORD}tc"):  # a box around text
                yield from self.blocks(cell)
            return
        table = document_table(rows)
        if table is not None:
            yield table


def _row(row: Element, above: list[str]) -> list[str]:
    """Cells of a row; a cell that spans columns stands in each, one that goes on from above repeats it."""
    cells: list[str] = []
    for cell in _children(row, f"{WORD}tc"):
        settings = cell.find(f"{WORD}tcPr")
        merge = settings.find(f"{WORD}vMerge") if settings is not None else None
        text = "\n".join(text for p in cell.iter(f"{WORD}p") if (text := lines_kept(text_of(p))))
        if merge is not None and merge.get(f"{WORD}val", "continue") == "continue" and len(cells) < len(above):
            text = above[len(cells)]
        span = settings.find(f"{WORD}gridSpan") if settings is not None else None
        wide = span.get(f"{WORD}val", "1") if span is not None else "1"
        cells.extend([text] * max(1, min(int(wide) if wide.isdigit() else 1, _MAX_SPAN)))
    return cells


def _flattened(body: Element) -> Iterator[Element]:
    """Paragraphs and tables, also those in content controls, custom XML and insertions."""
    for element in body:
        if element.tag in (f"{WORD}p", f"{WORD}tbl"):
            yield element
        elif element.tag in (
            f"{WORD}sdt",
            f"{WORD}sdtContent",
            f"{WORD}customXml",
            f"{WORD}ins",
            f"{WORD}moveTo",
            f"{WORD}smartTag",
        ):
            yield from _flattened(element)


def _children(element: Element, tag: str) -> Iterator[Element]:
    """Rows of a table or cells of a row, also in content controls."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _children(child, tag)


def text_of(element: Element) -> str:
    """Text of a paragraph as it is printed: insertions in, deletions and field codes out, text boxes apart."""
    parts: list[str] = []
    for child in element:
        tag = child.tag
        if tag == f"{WORD}t":
            parts.append(child.text or "")
        elif tag in (f"{WORD}tab", f"{WORD}ptab"):
            parts.append("\t")
        elif tag in (f"{WORD}br", f"{WORD}cr"):
            parts.append("\n")
        elif tag == f"{WORD}noBreakHyphen":
            parts.append("-")
        elif tag in (f"{WORD}footnoteReference", f"{WORD}endnoteReference"):
            parts.append(f"[{child.get(f'{WORD}id')}]")
        elif tag not in _REMOVED and tag != f"{WORD}txbxContent" and not _hidden(child):
            parts.append(text_of(child))
    return "".join(parts)


def _hidden(run: Element) -> bool:
    if run.tag != f"{WORD}r":
        return False
    mark = run.find(f"{WORD}rPr/{WORD}vanish")
    return mark is not None and mark.get(f"{WORD}val", "1") not in ("0", "false", "off")


def _text_boxes(element: Element) -> Iterator[Element]:
    for child in element:
        if child.tag == f"{WORD}txbxContent":
            yield child
        elif child.tag not in _REMOVED:
            yield from _text_boxes(child)
