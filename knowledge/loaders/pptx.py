"""PowerPoint presentations (PPTX)."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.loaders.cleaning import lines_kept, one_line
from clawdbot.knowledge.loaders.container import Container, opened
from clawdbot.knowledge.loaders.grid import document_table
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loaders.office import (
    COMPATIBLE,
    DRAWING,
    RELATION,
    SLIDES,
    part,
    parts_of_kind,
    properties_of,
    relations,
)  # fmt: skip

_MAIN = "ppt/presentation.xml"
_TITLES = ("title", "ctrTitle")
_FURNITURE = ("dt", "ftr", "hdr", "sldNum", "sldImg")
"""Placeholders that repeat on every slide."""


def load(data: bytes, limits: LoadLimits) -> Extract:
    """Slides in their order; a slide's number is its page, its title a heading, its speaker's notes follow."""
    with opened(data, limits) as container:
        stated = properties_of(container)
        slides = _slides(container)
        blocks = [
            block
            for number, name in enumerate(slides[: limits.max_pages], 1)
            for block in _slide(container, name, number)
        ]
    notes = []
    if len(slides) > limits.max_pages:
        notes.append(f"Only the first {limits.max_pages} of {len(slides)} slides are loaded.")
    return Extract(
        blocks=tuple(blocks),
        title=stated.title,
        modified_at=stated.modified_at,
        pages=len(slides),
        notes=tuple(notes),
        metadata=stated.metadata,
    )


def _slides(container: Container) -> list[str]:
    related = relations(container, _MAIN)
    found = []
    for slide in part(container, _MAIN).iter(f"{SLIDES}sldId"):
        kind, name = related.get(slide.get(f"{RELATION}id", ""), ("", ""))
        if kind == "slide" and name in container:
            found.append(name)
    return found


def _slide(container: Container, name: str, number: int) -> Iterator[Block]:
    root = part(container, name)
    if root.get("show") in ("0", "false"):
        return
    tree = root.find(f"{SLIDES}cSld/{SLIDES}spTree")
    blocks = list(_shapes(tree, number)) if tree is not None else []
    # The title may stand anywhere in the file; it is read first.
    yield from sorted(blocks, key=lambda block: block.kind != "heading")
    for diagram in parts_of_kind(container, name, "diagramData"):
        text = "\n".join(filter(None, (_text(p) for p in part(container, diagram).iter(f"{DRAWING}p"))))
        if text:
            yield Block(kind="list", text=text, page=number)
    for notes in parts_of_kind(container, name, "notesSlide"):
        text = "\n".join(
            block.text for shape in part(container, notes).iter(f"{SLIDES}spTree") for block in _shapes(shape, number)
        )
        if text:
            yield Block(kind="paragraph", text=text, page=number, part="notes")


def _shapes(tree: Element, number: int) -> Iterator[Block]:
    for shape in tree:
        if shape.tag == f"{SLIDES}sp":
            yield from _shape(shape, number)
        elif shape.tag == f"{SLIDES}graphicFrame":
            for table in shape.iter(f"{DRAWING}tbl"):
                block = document_table(_rows(table), page=number)
                if block is not None:
                    yield block
        elif shape.tag in (f"{SLIDES}grpSp", f"{COMPATIBLE}AlternateContent", f"{COMPATIBLE}Choice"):
            yield from _shapes(shape, number)


def _shape(shape: Element, number: int) -> Iterator[Block]:
    placeholder = shape.find(f"{SLIDES}nvSpPr/{SLIDES}nvPr/{SLIDES}ph")
    kind = placeholder.get("type", "") if placeholder is not None else ""
    if kind in _FURNITURE:
        return
    body = shape.find(f"{SLIDES}txBody")
    paragraphs = body.findall(f"{DRAWING}p") if body is not None else []
    lines = [(p, text) for p in paragraphs if (text := _text(p))]
    if not lines:
        return
    if kind in _TITLES:
        title = one_line(" ".join(text for _, text in lines))
        yield Block(kind="heading", text=title, level=1 if kind == "ctrTitle" else 2, page=number)
    elif len(lines) == 1:
        yield Block(kind="paragraph", text=lines[0][1], page=number)
    else:
        text = "\n".join(f"{'  ' * _level(p)}- {one_line(text)}" for p, text in lines)
        yield Block(kind="list", text=text, page=number)


def _level(paragraph: Element) -> int:
    settings = paragraph.find(f"{DRAWING}pPr")
    level = settings.get("lvl", "0") if settings is not None else "0"
    return int(level) if level in tuple("012345678") else 0


def _text(paragraph: Element) -> str:
    parts = []
    for element in paragraph.iter():
        if element.tag == f"{DRAWING}t":
            parts.append(element.text or "")
        elif element.tag == f"{DRAWING}br":
            parts.append("\n")
    return lines_kept("".join(parts))


def _rows(table: Element) -> list[list[str]]:
    """Cells; those that are covered by one that spans repeat it."""
    rows: list[list[str]] = []
    for row in table.findall(f"{DRAWING}tr"):
        cells: list[str] = []
        for cell in row.findall(f"{DRAWING}tc"):
            text = "\n".join(filter(None, (_text(p) for p in cell.iter(f"{DRAWING}p"))))
            if cell.get("hMerge") in ("1", "true") and cells:
                text = cells[-1]
            elif cell.get("vMerge") in ("1", "true") and rows and len(cells) < len(rows[-1]):
                text = rows[-1][len(cells)]
            cells.append(text)
        rows.append(cells)
    return rows
