"""PDF: text in reading order with page numbers, headings, tables; pages without text are read from their picture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pypdfium2 as pdfium  # type: ignore[import-untyped]  # ships no types
from PIL.Image import Image

from clawdbot.errors import LoadFailed
from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.loaders.cleaning import clean, join_lines, one_line
from clawdbot.knowledge.loaders.container import damaged
from clawdbot.knowledge.loaders.grid import document_table
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loaders.moment import in_utc
from clawdbot.knowledge.loaders.page_reader import PageReader
from clawdbot.knowledge.loaders.pdf_glyphs import read_page
from clawdbot.knowledge.loaders.pdf_headings import Headings, headings_of, key, without_running_lines
from clawdbot.knowledge.loaders.pdf_layout import Element, Line, Paragraph, elements_of, paragraphs_of
from clawdbot.knowledge.loaders.pdf_tables import Table
from clawdbot.knowledge.loaders.picture import blocks_of_lines

_DPI = 300
_MAX_PIXELS = 30_000_000
_MAX_GLYPHS = 200_000
"""Characters of one page; more is a drawing or made to do harm."""
_UNREADABLE = 0.3
_FEW_GLYPHS = 8
_MAX_BOOKMARKS = 5000
_LEADER = re.compile(r"\s*(?:[.．·]\s?){4,}\s*")
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:Z|([+-])(\d\d)'?(\d\d)?)?")


@dataclass(frozen=True, kw_only=True)
class _Page:
    """``read`` are blocks from the page's picture, ``note`` what an operator should know."""

    elements: list[Element]
    height: float
    read: tuple[Block, ...] = ()
    note: str = ""


def load(data: bytes, limits: LoadLimits, *, reader: PageReader | None) -> Extract:
    """Blocks of all pages; LoadFailed when the file needs a password or is damaged."""
    document = _opened(data)
    try:
        count = len(document)
        pages = [_page(document, number, reader) for number in range(min(count, limits.max_pages))]
        bookmarks = _bookmarks(document)
        stated = document.get_metadata_dict()
    finally:
        document.close()
    notes = [page.note for page in pages if page.note]
    if count > limits.max_pages:
        notes.append(f"Only the first {limits.max_pages} of {count} pages are loaded.")
    elements = without_running_lines([page.elements for page in pages], [page.height for page in pages])
    headings = headings_of(elements, bookmarks)
    blocks: list[Block] = []
    for number, (page, found) in enumerate(zip(pages, elements, strict=True), 1):
        blocks.extend(_blocks(found, headings, number))
        blocks.extend(page.read)
    metadata = {"author": stated.get("Author", ""), "subject": stated.get("Subject", "")}
    return Extract(
        blocks=tuple(blocks),
        title=stated.get("Title", ""),
        modified_at=_moment(stated.get("ModDate", "")) or _moment(stated.get("CreationDate", "")),
        pages=count,
        notes=tuple(notes),
        metadata={name: value for name, value in metadata.items() if value.strip()},
    )


def _opened(data: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise LoadFailed("The PDF needs a password.", hint="Save it without one, or leave it out.") from error
        raise damaged() from error


def _page(document: pdfium.PdfDocument, index: int, reader: PageReader | None) -> _Page:
    try:
        page = document[index]
    except pdfium.PdfiumError:
        return _Page(elements=[], height=1.0, note=f"Page {index + 1} is damaged.")
    try:
        found = read_page(page)
        if len(found.glyphs) > _MAX_GLYPHS:
            return _Page(elements=[], height=1.0, note=f"Page {index + 1} has too many characters to be a page.")
        if len(found.glyphs) >= _FEW_GLYPHS and found.unreadable < _UNREADABLE:
            return _Page(elements=elements_of(found), height=found.height)
        own = elements_of(found)
        if not _has_picture(page) and not found.unreadable:
            note = "" if own else f"Page {index + 1} is empty."
            return _Page(elements=own, height=found.height, note=note)
        if reader is None:
            return _Page(elements=own, height=found.height, note=f"Page {index + 1} has no text: OCR is off.")
        return _read(page, index, reader)
    finally:
        page.close()


def _has_picture(page: pdfium.PdfPage) -> bool:
    """Anything that could show text: an image, or outlines in its place."""
    return next(iter(page.get_objects(max_depth=3)), None) is not None


def _read(page: pdfium.PdfPage, index: int, reader: PageReader) -> _Page:
    result = reader.read(_picture(page))
    note = f"Page {index + 1}: {result.note or 'read from its picture, doubtful.'}" if result.doubtful else ""
    if not result.text_lines:
        note = f"Page {index + 1} has no text, in its picture neither."
    return _Page(elements=[], height=1.0, read=blocks_of_lines(result.text_lines, page=index + 1), note=note)


def _picture(page: pdfium.PdfPage) -> Image:
    width, height = page.get_size()
    scale = min(_DPI / 72, (_MAX_PIXELS / max(1.0, width * height)) ** 0.5)
    bitmap = page.render(scale=scale)
    try:
        image: Image = bitmap.to_pil().convert("RGB")
        return image
    finally:
        bitmap.close()


def _bookmarks(document: pdfium.PdfDocument) -> Mapping[int, Mapping[str, int]]:
    """Levels of what the document's outline names, by page."""
    found: dict[int, dict[str, int]] = {}
    for number, mark in enumerate(document.get_toc(max_depth=6)):
        if number >= _MAX_BOOKMARKS:
            break
        target = mark.get_dest()
        page = target.get_index() if target is not None else None
        title = key(clean(mark.get_title() or ""))
        if page is not None and title:
            found.setdefault(page + 1, {}).setdefault(title, mark.level + 1)
    return found


def _blocks(elements: Sequence[Element], headings: Headings, page: int) -> Iterator[Block]:
    lines: list[Line] = []
    for element in elements:
        if isinstance(element, Line):
            lines.append(element)
            continue
        yield from _text_blocks(lines, headings, page)
        lines = []
        table = _table_block(element, page)
        if table is not None:
            yield table
    yield from _text_blocks(lines, headings, page)


def _table_block(table: Table, page: int) -> Block | None:
    return document_table(table.rows, page=page)


def _text_blocks(lines: list[Line], headings: Headings, page: int) -> Iterator[Block]:
    items: list[str] = []
    for paragraph in paragraphs_of(lines, lambda line: headings.marked(line.text, page) > 0):
        text = _text(paragraph)
        level = headings.level(paragraph, text, page)
        if paragraph.item and not level:
            items.append(text)
            continue
        if items:
            yield Block(kind="list", text="\n".join(items), page=page)
            items = []
        if text:
            yield Block(kind="heading" if level else "paragraph", text=text, level=level, page=page)
    if items:
        yield Block(kind="list", text="\n".join(items), page=page)


def _text(paragraph: Paragraph) -> str:
    return one_line(_LEADER.sub(" … ", join_lines(clean(line.text) for line in paragraph.lines)))


def _moment(stated: str) -> str:
    """A date of ISO 32000-1 7.9.4: D:20250301093000+08'00'."""
    found = _DATE.match(stated)
    if not found:
        return ""
    year, month, day, hour, minute, second, sign, hours, minutes = found.groups()
    zone = UTC
    try:
        if sign:
            shift = timedelta(hours=int(hours), minutes=int(minutes or 0))
            zone = timezone(shift if sign == "+" else -shift)
        moment = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=zone
        )
    except ValueError:
        return ""
    return in_utc(moment)
