"""Where a person finds a chunk in the document: 'p. 3', 'slide 4', 'sheet Orders, rows 2-40', '§ 信用额度'."""

from __future__ import annotations

from collections.abc import Sequence

from clawdbot.knowledge.chunking.unit import Unit


def is_presentation(media: str) -> bool:
    """Pages are slides."""
    return "presentation" in media or "powerpoint" in media


def is_workbook(media: str) -> bool:
    """Parts are sheets."""
    return "spreadsheet" in media or "excel" in media


def pages_of(units: Sequence[Unit]) -> tuple[int, int] | None:
    """The first and last page, when the format has pages."""
    found = [unit.page for unit in units if unit.page is not None]
    return (min(found), max(found)) if found else None


def locate(units: Sequence[Unit], *, names: Sequence[str], media: str) -> str:
    """The place of these units; ``names`` are the headings of the sections that they come from.

    Without pages, rows and headings it is the number of the paragraph, from 1.
    """
    part = next((unit.part for unit in units if unit.part), "")
    if part and is_workbook(media):
        part = f"sheet {part}"
    rows = [unit.rows for unit in units if unit.rows is not None]
    pages = pages_of(units)
    if rows:
        place = _range("row", "rows", min(first for first, _ in rows), max(last for _, last in rows))
    elif pages:
        place = _range("slide", "slides", *pages) if is_presentation(media) else _range("p.", "pp.", *pages)
    elif names and names[0] and not (part and names[0] == part.removeprefix("sheet ")):
        place = f"§ {names[0]}" if names[0] == names[-1] else f"§ {names[0]} – {names[-1]}"
    elif part:
        place = ""
    else:
        place = _range("¶", "¶¶", units[0].block + 1, units[-1].block + 1)
    return ", ".join(name for name in (part, place) if name)


def _range(one: str, many: str, first: int, last: int) -> str:
    return f"{one} {first}" if first == last else f"{many} {first}-{last}"
