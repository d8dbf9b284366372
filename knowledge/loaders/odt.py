"""OpenDocument texts (ODT)."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from clawdbot.errors import LoadFailed
from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.loaders.cleaning import lines_kept, one_line
from clawdbot.knowledge.loaders.container import opened
from clawdbot.knowledge.loaders.grid import document_table
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loaders.moment import in_utc

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_REMOVED = frozenset((f"{_TEXT}tracked-changes", f"{_TEXT}note-citation", f"{_OFFICE}annotation", f"{_TEXT}ruby-text"))
_MAX_REPEAT = 200


def load(data: bytes, limits: LoadLimits) -> Extract:
    """Headings, paragraphs, lists, tables and notes; deleted text is left out."""
    with opened(data, limits) as container:
        if "META-INF/manifest.xml" in container and b"encryption-data" in container.read("META-INF/manifest.xml"):
            raise LoadFailed("It needs a password.", hint="Save it without one.")
        body = container.xml("content.xml").find(f"{_OFFICE}body/{_OFFICE}text")
        stated = container.xml_or_none("meta.xml")
    blocks = list(_blocks(body)) if body is not None else []
    if body is not None:
        blocks.extend(_notes(body))

    def said(name: str) -> str:
        return (stated.findtext(f"{_OFFICE}meta/{name}") or "") if stated is not None else ""

    author = said(f"{_DC}creator") or said(f"{_META}initial-creator")
    return Extract(
        blocks=tuple(blocks),
        title=said(f"{_DC}title"),
        modified_at=in_utc(said(f"{_DC}date").partition(".")[0]),
        metadata={"author": author} if author else {},
    )


def _blocks(parent: Element) -> Iterator[Block]:
    for element in parent:
        tag = element.tag
        if tag == f"{_TEXT}h":
            level = element.get(f"{_TEXT}outline-level", "1")
            yield Block(kind="heading", text=one_line(_text(element)), level=int(level) if level.isdigit() else 1)
        elif tag == f"{_TEXT}p":
            yield Block(kind="paragraph", text=lines_kept(_text(element)))
        elif tag == f"{_TEXT}list":
            yield Block(kind="list", text="\n".join(_items(element, 0)))
        elif tag == f"{_TABLE}table":
            table = document_table(_rows(element))
            if table is not None:
                yield table
        elif tag not in _REMOVED:
            yield from _blocks(element)


def _items(element: Element, depth: int) -> Iterator[str]:
    for item in element:
        for child in item:
            if child.tag == f"{_TEXT}list":
                yield from _items(child, depth + 1)
            elif text := one_line(_text(child)):
                yield f"{'  ' * depth}- {text}"


def _rows(table: Element) -> list[list[str]]:
    rows = []
    for row in table.iter(f"{_TABLE}table-row"):
        cells: list[str] = []
        for cell in row:
            if cell.tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                covered = cell.tag.endswith("covered-table-cell") and cells
                text = "\n".join(_text(p) for p in cell.iter(f"{_TEXT}p"))
                again = cell.get(f"{_TABLE}number-columns-repeated", "1")
                times = min(int(again), _MAX_REPEAT) if again.isdigit() and len(again) < 9 else 1
                cells.extend([cells[-1] if covered and not text else text] * times)
        rows.append(cells)
    return rows


def _notes(body: Element) -> Iterator[Block]:
    for note in body.iter(f"{_TEXT}note"):
        mark = one_line(note.findtext(f"{_TEXT}note-citation") or "")
        text = " ".join(one_line(_text(p)) for p in note.iter(f"{_TEXT}p"))
        if text:
            yield Block(kind="paragraph", text=f"[{mark}] {text}", part="footnote")


def _text(element: Element) -> str:
    """A paragraph's text; a note is its mark, for its text follows at the end."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == f"{_TEXT}note":
            parts.append(f"[{child.findtext(f'{_TEXT}note-citation') or ''}]")
        elif child.tag == f"{_TEXT}line-break":
            parts.append("\n")
        elif child.tag == f"{_TEXT}tab":
            parts.append("\t")
        elif child.tag == f"{_TEXT}s":
            parts.append(" ")
        elif child.tag not in _REMOVED:
            parts.append(_text(child))
        parts.append(child.tail or "")
    return "".join(parts)
