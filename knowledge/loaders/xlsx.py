"""Excel workbooks (XLSX)."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.cell import range_boundaries

from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.loaders.container import Container, opened, refuse_dtds
from clawdbot.knowledge.loaders.grid import MAX_COLUMNS, blocks_of
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loaders.number_format import shown
from clawdbot.knowledge.loaders.office import RELATION, SHEETS, part, properties_of, relations

_MAIN = "xl/workbook.xml"
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*\bref=[\"']([A-Z]+\d+:[A-Z]+\d+)[\"']")
_NOT_CALCULATED = re.compile(
    rb"<(?:\w+:)?f\b[^>]*>[^<]{1,8000}</(?:\w+:)?f>\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>|</(?:\w+:)?c>)"
)
_MAX_MERGED = 20_000


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    """What the file says of a sheet beside its cells; ``merged`` is (first row, last row, first column, last column)
    from 1, ``not_calculated`` counts formulas without a stored result."""

    name: str
    hidden: bool
    merged: tuple[tuple[int, int, int, int], ...] = ()
    not_calculated: int = 0


def load(data: bytes, limits: LoadLimits) -> Extract:
    """Tables of each visible sheet as a person sees them; a sheet's name is the part, row numbers are its own."""
    with opened(data, limits) as container:
        refuse_dtds(container)
        stated = properties_of(container)
        sheets = _sheets(container)
    visible = [sheet for sheet in sheets if not sheet.hidden]
    notes = [f"The sheet {sheet.name!r} is hidden: left out." for sheet in sheets if sheet.hidden]
    notes.extend(
        f"The sheet {sheet.name!r} has {sheet.not_calculated} formulas without a result: "
        "open it in a spreadsheet program and save it."
        for sheet in visible
        if sheet.not_calculated
    )
    if len(visible) > limits.max_pages:
        notes.append(f"Only the first {limits.max_pages} of {len(visible)} sheets are loaded.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about drawings and validation rules, which are not loaded anyway
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            blocks = list(_blocks(book, visible[: limits.max_pages], limits))
        finally:
            book.close()
    return Extract(
        blocks=tuple(blocks), title=stated.title, modified_at=stated.modified_at, notes=tuple(notes),
        metadata=stated.metadata,
    )  # fmt: skip


def _sheets(container: Container) -> list[_Sheet]:
    related = relations(container, _MAIN)
    found = []
    for sheet in part(container, _MAIN).iter(f"{SHEETS}sheet"):
        kind, place = related.get(sheet.get(f"{RELATION}id", ""), ("", ""))
        if kind != "worksheet" or place not in container:
            continue
        name, hidden = sheet.get("name", ""), sheet.get("state", "visible") != "visible"
        found.append(_Sheet(name=name, hidden=True) if hidden else _looked_through(container, name, place))
    return found


def _looked_through(container: Container, name: str, place: str) -> _Sheet:
    merged: list[tuple[int, int, int, int]] = []
    not_calculated = 0
    for text in container.windows(place):
        not_calculated += len(_NOT_CALCULATED.findall(text))
        for found in _MERGED.finditer(text):
            if len(merged) < _MAX_MERGED:
                left, top, right, bottom = (place or 1 for place in range_boundaries(found.group(1).decode()))
                merged.append((top, bottom, left, min(right, MAX_COLUMNS)))
    return _Sheet(name=name, hidden=False, merged=tuple(sorted(set(merged))), not_calculated=not_calculated)


def _blocks(book: Any, sheets: list[_Sheet], limits: LoadLimits) -> Iterator[Block]:
    left = limits.max_text_chars
    for sheet in sheets:
        page = book[sheet.name]
        page.reset_dimensions()
        for block in blocks_of(_rows(page, sheet, left), part=sheet.name):
            left -= len(block.text)
            yield block
        if left <= 0:
            return


def _rows(page: Any, sheet: _Sheet, characters: int) -> Iterator[list[str]]:
    """Rows of cells as text, until that many characters were read; a merged cell stands in all that it covers."""
    waiting = list(reversed(sheet.merged))
    active: list[tuple[int, int, int, str]] = []
    for number, row in enumerate(page.iter_rows(), 1):
        cells = [
            shown(cell.value, cell.number_format or "General") if cell.value is not None else ""
            for cell in row[:MAX_COLUMNS]
        ]
        active = [merge for merge in active if merge[0] >= number]
        while waiting and waiting[-1][0] <= number:
            top, bottom, first, last = waiting.pop()
            if top == number and first <= len(cells) and cells[first - 1]:
                active.append((bottom, first, last, cells[first - 1]))
        if any(cells):
            for _, first, last, text in active:
                cells.extend([""] * (last - len(cells)))
                cells[first - 1 : last] = [text] * (last - first + 1)
        characters -= sum(map(len, cells))
        yield cells
        if characters < 0:
            return
