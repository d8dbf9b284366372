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
    near: float = 0.0
    """Cosine with the question above that of unrelated text in the statement's language."""
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


def statements(passage: Passage, *, dated: str = "") -> list[Statement]:
    """The statements of a passage, in order; headings and table headers are none."""
    lead_in = len(passage.text) - (passage.end - passage.start)
    found = []
    for text, start, end in _pieces(passage.text):
        at = max(0, start - lead_in) + passage.start
        found.append(
            Statement(
                chunk=passage.chunk, document=passage.document, source=passage.source, title=passage.title,
                version=passage.version, locator=passage.locator, headings=passage.headings,
                text=_DECORATION.sub("", text), quote=passage.text[start:end], start=at, end=at + end - start,
                label=passage.label, uri=passage.uri, modified_at=passage.modified_at, dated=dated,
            )
        )  # fmt: skip
    return found


def _pieces(text: str) -> list[tuple[str, int, int]]:
    """(shown, start, end) of every statement of a chunk's text."""
    found: list[tuple[str, int, int]] = []
    lines = _lines(text)
    index = 0
    lead, listed = "", False
    while index < len(lines):
        line, start = lines[index]
        if line.lstrip().startswith("|"):
            block = []
            while index < len(lines) and lines[index][0].lstrip().startswith("|"):
                block.append(lines[index])
                index += 1
            found += _rows(block)
            continue
        index += 1
        item = _ITEM.match(line)
        if not line.strip() or line.lstrip().startswith("#"):
            lead = "" if listed or line.strip() else lead
        elif item and len(line) <= _LONG_ITEM:
            body, listed = line[item.end() :].strip(), True
            if body:
                at = start + line.index(body, item.end())
                found.append((f"{lead} {body}".strip(), at, at + len(body)))
        else:
            found += [(line[a:b], start + a, start + b) for a, b in sentence_spans(line)]
            lead, listed = line.strip() if line.rstrip().endswith((":", "：")) else "", False
    return [piece for piece in found if len(piece[0].strip()) >= _SHORT]


def _lines(text: str) -> list[tuple[str, int]]:
    found, at = [], 0
    for line in text.split("\n"):
        found.append((line, at))
        at += len(line) + 1
    return found


def _rows(block: list[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """A table's rows as 'header: value; ...'; a table without a rule below its first line has no header."""
    header: list[str] = []
    if len(block) > 1 and _RULE.fullmatch(block[1][0]):
        header, block = _cells(block[0][0]), block[2:]
    found = []
    for line, start in block:
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
