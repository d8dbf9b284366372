"""Units: the pieces of a block that are never cut again, a paragraph, a sentence, a table's row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clawdbot.knowledge.extract import Block
from clawdbot.text.sentences import sentence_spans

Count = Callable[[str], int]
Span = tuple[int, int]

_RULE = re.compile(r"\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*(?::?-*:?)?\s*\|?\s*")
_LINE = re.compile(r"[^\n]+")
_BREAK = re.compile(r"[\s，,、;；:：]")
_LEADS = (":", "：")


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A piece of a document, characters ``start`` to ``end`` of its text.

    ``glued``: it belongs to the unit before it and should not begin a chunk.  ``sentence``: part of a paragraph that
    was too long, which may be repeated at the start of the next chunk.  ``header``: a table's, for a chunk that begins
    here.  ``rows``: the first and last row of a sheet.
    """

    start: int
    end: int
    tokens: int
    block: int
    page: int | None
    part: str
    glued: bool = False
    sentence: bool = False
    header: str = ""
    header_tokens: int = 0
    rows: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Cutter:
    """Cuts blocks into units of at most ``most`` tokens."""

    count: Count
    most: int

    def units(self, block: Block, *, index: int, start: int, tokens: int, glued: bool) -> list[Unit]:
        """The units of the block that begins at ``start`` and has ``tokens``."""
        lead = len(block.text) - len(block.text.lstrip())
        whole = (lead, lead + len(block.text.strip()))
        make = _Maker(block=block, index=index, start=start)
        if tokens <= self.most:
            return [make.unit(whole, tokens, glued=glued, rows=_all_rows(block))]
        if block.kind == "table":
            found = self._table(block, make)
        else:
            found = [
                make.unit(span, number, sentence=block.kind in ("paragraph", "heading") and not cut)
                for span, number, cut in self._pieces(
                    block.text, whole, self.most, by_line=block.kind in ("list", "code")
                )
            ]
        if glued:
            found[0] = make.glued(found[0])
        return found

    def halves(self, unit: Unit, text: str) -> tuple[Unit, Unit]:
        """A unit as two, for the rare case that its tokens in a chunk are more than they were alone."""
        middle = unit.start + _place_to_cut(text[unit.start : unit.end], (unit.end - unit.start + 1) // 2)
        parts = [(unit.start, middle), (middle, unit.end)]
        one, two = (
            Unit(
                start=a, end=b, tokens=self.count(text[a:b]), block=unit.block, page=unit.page, part=unit.part,
                glued=unit.glued and a == unit.start, rows=unit.rows,
            )
            for a, b in parts
        )  # fmt: skip
        return one, two

    def _table(self, block: Block, make: _Maker) -> list[Unit]:
        """The header, then rows; each row carries the header for a chunk that begins with it."""
        lines = [match.span() for match in _LINE.finditer(block.text) if match[0].strip()]
        heads = 2 if len(lines) > 1 and _RULE.fullmatch(block.text, *lines[1]) else 1
        header = block.text[lines[0][0] : lines[heads - 1][1]]
        cost = self.count(header)
        if cost > self.most // 2:  # repeated, it would leave no room for the rows
            header, cost = "", 0
        found = [
            make.unit(span, number)
            for span, number, _ in self._pieces(block.text, (lines[0][0], lines[heads - 1][1]), self.most, by_line=True)
        ]
        for number, line in enumerate(lines[heads:]):
            rows = (block.row + number, block.row + number) if block.row is not None else None
            for span, tokens, _ in self._pieces(block.text, line, self.most - cost, by_line=True):
                unit = make.unit(span, tokens, glued=number == 0, header=header, header_tokens=cost, rows=rows)
                found.append(unit)
        return found

    def _pieces(self, text: str, span: Span, most: int, *, by_line: bool) -> Iterator[tuple[Span, int, bool]]:
        """Spans with their tokens, none over ``most``; True for what had to be cut inside a sentence."""
        for a, b in self._lines(text, span) if by_line else self._sentences(text, span):
            number = self.count(text[a:b])
            if number <= most:
                yield (a, b), number, False
            elif by_line:
                yield from self._pieces(text, (a, b), most, by_line=False)
            else:
                yield from ((cut, tokens, True) for cut, tokens in self._cut(text, (a, b), number, most))

    def _lines(self, text: str, span: Span) -> Iterator[Span]:
        return (match.span() for match in _LINE.finditer(text, *span) if match[0].strip())

    def _sentences(self, text: str, span: Span) -> Iterator[Span]:
        return ((span[0] + a, span[0] + b) for a, b in sentence_spans(text[span[0] : span[1]]))

    def _cut(self, text: str, span: Span, tokens: int, most: int) -> Iterator[tuple[Span, int]]:
        """A sentence that is too long, at blanks and commas where there are any, else anywhere."""
        start, end = span
        usual = max(1, (end - start) * most // (tokens + 1))  # characters that should fit
        while start < end:
            stop = start + _place_to_cut(text[start:end], usual) if end - start > usual else end
            number = self.count(text[start:stop])
            while number > most and stop - start > 1:
                stop = start + _place_to_cut(text[start:stop], max(1, (stop - start) * most // (number + 1)))
                number = self.count(text[start:stop])
            yield (start, stop), number
            start = stop
            while start < end and text[start].isspace():
                start += 1


@dataclass(frozen=True, kw_only=True)
class _Maker:
    """Units of one block."""

    block: Block
    index: int
    start: int

    def unit(
        self, span: Span, tokens: int, *, glued: bool = False, sentence: bool = False, header: str = "",
        header_tokens: int = 0, rows: tuple[int, int] | None = None,
    ) -> Unit:  # fmt: skip
        return Unit(
            start=self.start + span[0], end=self.start + span[1], tokens=tokens, block=self.index,
            page=self.block.page, part=self.block.part, glued=glued, sentence=sentence, header=header,
            header_tokens=header_tokens, rows=rows,
        )  # fmt: skip

    def glued(self, unit: Unit) -> Unit:
        span = (unit.start - self.start, unit.end - self.start)
        return self.unit(span, unit.tokens, glued=True, sentence=unit.sentence, rows=unit.rows)


def leads_in(block: Block) -> bool:
    """What follows belongs to this block: a heading, or a paragraph that ends in a colon."""
    return block.kind == "heading" or (block.kind == "paragraph" and block.text.rstrip().endswith(_LEADS))


def _place_to_cut(text: str, near: int) -> int:
    """After the last blank or comma of the second half of ``text[:near]``; ``near`` itself when there is none."""
    breaks = [match.end() for match in _BREAK.finditer(text, near // 2, near)]
    return max(1, breaks[-1] if breaks else near)


def _all_rows(block: Block) -> tuple[int, int] | None:
    if block.kind != "table" or block.row is None:
        return None
    lines = [line for line in block.text.splitlines() if line.strip()]
    data = len(lines) - (2 if len(lines) > 1 and _RULE.fullmatch(lines[1]) else 1)
    return (block.row, block.row + max(data, 1) - 1)
