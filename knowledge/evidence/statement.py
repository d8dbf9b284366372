"""Statements: the sentences, list items and table rows of a passage, each with its place in the document."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from clawdbot.knowledge.passage import Passage
from clawdbot.text.sentences import sentence_spans

_RULE = re.compile(r"\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*:?-*:?\s*\|?\s*")
_ITEM = re.compile(r"\s*(?:[-*+•]|\(?\d{1,3}[.)、）]|[（(][一二三四五六七八九十]+[)）])\s*")
_LONG_ITEM = 280
_SHORT = 6
_LONG_HEADING = 60
_SENTENCE_END = re.compile(r"[。.!?！？;；:：,，)）]\s*$")
_FACTS = re.compile(r"[·|=]|\d{4}|[:：]\s*\S")
"""What a heading does not hold: the line with a document's number, date and owner is a statement."""
_DECORATION = re.compile(r"\*\*|__|`")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A piece of a document that says one thing.

    ``text`` is how it is shown: a table's row as 'header: value; ...', a list's item after its lead-in.  ``start`` and
    ``end`` are characters of that version's text, where ``quote`` stands word for word.
    """

    chunk: int
    document: str
    source: str
    title: str
    version: int
    locator: str
    headings: tuple[str, ...]
    text: str
    quote: str
    start: int
    end: int
    label: str
    uri: str = ""
    modified_at: str = ""
    dated: str = ""
    """Day from which the document is in force, ISO 8601; empty when it does not say."""
    family: str = ""
    """Equal for versions of one document that are kept under several names (a policy of 2024 and of 2026)."""
    near: float = 0.0
    """Cosine with the question above that of unrelated text in the statement's language."""
    apart: float = 0.0
    """That nearness above the middle of the statements that were found in the same language."""
    fit: float = 0.0
    """Nearness, shared words and the passage's rank in one figure; it orders the statements of one search."""
    inside: bool | None = None
    """The question's amount lies in a range of the statement; None when they do not speak of the same unit."""

    def as_json(self) -> dict[str, Any]:
        """JSON values, for a receipt."""
        return {**asdict(self), "headings": list(self.headings)}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Statement:
        """The statement that :meth:`as_json` wrote."""
        return cls(**{**body, "headings": tuple(body["headings"])})

    @property
    def place(self) -> tuple[str, str, int, int]:
        """Equal for the same words of the same document."""
        return (self.source, self.document, self.start, self.end)


def statements(passage: Passage, *, dated: str = "", family: str = "") -> list[Statement]:
    """The statements of a passage, in order; headings and table headers are none."""
    lead_in = len(passage.text) - (passage.end - passage.start)
    found = []
    for piece in _pieces(passage.text, passage.headings):
        at = max(0, piece.start - lead_in) + passage.start
        own = (piece.heading,) if piece.heading else ()
        found.append(
            Statement(
                chunk=passage.chunk, document=passage.document, source=passage.source, title=passage.title,
                version=passage.version, locator=_place(passage.locator, piece.heading),
                headings=(*passage.headings, *own), text=_DECORATION.sub("", piece.text),
                quote=passage.text[piece.start : piece.end], start=at, end=at + piece.end - piece.start,
                label=passage.label, uri=passage.uri, modified_at=passage.modified_at, dated=dated,
                family=family or passage.document,
            )
        )  # fmt: skip
    return found


def _place(locator: str, heading: str) -> str:
    """The statement's own section, where the chunk's locator names sections."""
    return f"§ {heading}" if heading and locator.startswith("§") else locator


@dataclass(frozen=True, kw_only=True)
class _Piece:
    text: str
    start: int
    end: int
    heading: str


def _pieces(text: str, above: tuple[str, ...]) -> list[_Piece]:
    """The statements of a chunk's text with the heading that stands over each in it."""
    found: list[_Piece] = []
    heading, lead = "", ""
    for block, start in _blocks(text):
        lines = _lines(block, start)
        if block.lstrip().startswith("|"):
            found += [_Piece(text=t, start=a, end=b, heading=heading) for t, a, b in _rows(lines)]
        elif block.strip() in above or _is_heading(block):
            title = block.strip().lstrip("#").strip()
            heading, lead = "" if title in above else title, ""
        else:
            said, lead = _said(lines, lead)
            found += [_Piece(text=t, start=a, end=b, heading=heading) for t, a, b in said]
    return [piece for piece in found if len(piece.text.strip()) >= _SHORT]


def _is_heading(block: str) -> bool:
    """One short line that ends like no sentence."""
    line = block.strip()
    if line.startswith("#"):
        return "\n" not in line
    if "\n" in line or len(line) > _LONG_HEADING or _SENTENCE_END.search(line) or _ITEM.match(line):
        return False
    return not _FACTS.search(line)


def _said(lines: list[tuple[str, int]], lead: str) -> tuple[list[tuple[str, int, int]], str]:
    """Items and sentences of a block as (shown, start, end), and the lead-in for a list that follows."""
    found: list[tuple[str, int, int]] = []
    for line, start in lines:
        item = _ITEM.match(line)
        if item and len(line) <= _LONG_ITEM:
            body = line[item.end() :].strip()
            if body:
                at = start + line.index(body, item.end())
                found.append((f"{lead} {body}".strip(), at, at + len(body)))
            continue
        found += [(line[a:b], start + a, start + b) for a, b in sentence_spans(line)]
        lead = line.strip() if line.rstrip().endswith((":", "：")) else ""
    listed = bool(lines) and bool(_ITEM.match(lines[-1][0]))
    return found, "" if listed else lead


def _blocks(text: str) -> list[tuple[str, int]]:
    """Parts between empty lines with their places; a table is a part of its own wherever it stands."""
    found: list[tuple[str, int]] = []
    begin, kind = 0, ""
    at = 0
    for line in [*text.split("\n"), ""]:
        here = "table" if line.lstrip().startswith("|") else "text" if line.strip() else ""
        if here != kind or (here == "text" and line.startswith("#")):
            if kind:
                found.append((text[begin : at - 1], begin))
            begin, kind = at, here
        at += len(line) + 1
    return found


def _lines(block: str, start: int) -> list[tuple[str, int]]:
    found, at = [], start
    for line in block.split("\n"):
        found.append((line, at))
        at += len(line) + 1
    return found


def _rows(block: list[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """A table's rows as 'header: value; ...'; its first line is the header, and a rule below it is none."""
    header = _cells(block[0][0])
    found = []
    for line, start in block[1:]:
        cells = _cells(line)
        if _RULE.fullmatch(line) or not any(cells):
            continue
        pairs = [
            f"{header[i]}: {cell}" if i < len(header) and header[i] else cell for i, cell in enumerate(cells) if cell
        ]
        body = line.strip()
        at = start + line.index(body)
        found.append(("; ".join(pairs), at, at + len(body)))
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
