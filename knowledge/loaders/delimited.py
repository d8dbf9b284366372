"""CSV, TSV and their kin."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator

from clawdbot.knowledge.extract import Extract
from clawdbot.knowledge.loaders import text as plain
from clawdbot.knowledge.loaders.cleaning import clean
from clawdbot.knowledge.loaders.encoding import decode
from clawdbot.knowledge.loaders.grid import MAX_COLUMNS, blocks_of
from clawdbot.knowledge.loaders.limits import LoadLimits

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_LINES = 50


def load(data: bytes, limits: LoadLimits, *, declared: str = "") -> Extract:
    """The table of a delimited file; row numbers are lines of records, the header is 1."""
    content, encoding = decode(data, declared)
    content, cut = limits.cut(content)
    content = clean(content)
    delimiter = _delimiter(content)
    notes = list(cut)
    try:
        blocks = tuple(blocks_of(_rows(content, delimiter, notes)))
    except csv.Error as error:
        fallback = plain.load(data, limits, declared=declared)
        note = f"It is not valid CSV ({error}): loaded as plain text."
        return Extract(blocks=fallback.blocks, metadata=fallback.metadata, notes=(note,))
    return Extract(blocks=blocks, metadata={"encoding": encoding}, notes=tuple(dict.fromkeys(notes)))


def _rows(content: str, delimiter: str, notes: list[str]) -> Iterator[list[str]]:
    for row in csv.reader(io.StringIO(content), delimiter=delimiter):
        if len(row) > MAX_COLUMNS:
            notes.append(f"More than {MAX_COLUMNS} columns: the others are left out.")
        yield row[:MAX_COLUMNS]


def _delimiter(content: str) -> str:
    """The one that cuts most of the first lines into the same number of cells, more than one."""
    lines = [line for line in content[:100_000].split("\n")[:_SAMPLE_LINES] if line.strip()]
    if lines and lines[0].lower().startswith("sep=") and len(lines[0]) == 5:
        return lines[0][4]
    scores: dict[str, tuple[float, int]] = {}
    for delimiter in _DELIMITERS:
        try:
            widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter))
        except csv.Error:
            continue
        width, times = max(widths.items(), key=lambda item: (item[0] > 1, item[1]), default=(1, 0))
        scores[delimiter] = (times if width > 1 else 0, width)
    return max(scores, key=lambda found: scores[found]) if scores else ","
