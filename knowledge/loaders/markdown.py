"""Markdown: CommonMark with tables, and front matter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from clawdbot.knowledge.extract import Block, BlockKind, Extract
from clawdbot.knowledge.loaders.cleaning import clean, lines_kept, one_line, paragraph
from clawdbot.knowledge.loaders.encoding import decode
from clawdbot.knowledge.loaders.grid import document_table
from clawdbot.knowledge.loaders.html import from_markup
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loaders.moment import in_utc

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S)
_FIELD = re.compile(r"([A-Za-z_][\w-]*)\s*:\s*(.*)")
_DATES = ("modified", "updated", "lastmod", "last_modified", "date")
_MAX_FIELDS = 50


def load(data: bytes, limits: LoadLimits, *, declared: str = "") -> Extract:
    """Blocks without their marks; tables stay pipe rows, code keeps its lines."""
    source, encoding = decode(data, declared)
    source, notes = limits.cut(source)
    source = clean(source)
    fields, body = _front_matter(source)
    walk = _Walk(MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(body), limits)
    changed = next((moment for key in _DATES if (moment := in_utc(str(fields.get(key, ""))))), "")
    return Extract(
        blocks=tuple(walk.blocks()),
        title=one_line(str(fields.pop("title", ""))),
        modified_at=changed,
        notes=notes,
        metadata={**fields, "encoding": encoding},
    )


def _front_matter(source: str) -> tuple[dict[str, Any], str]:
    """Fields of ``key: value`` lines and of lists; anything deeper is left out, nothing is evaluated."""
    found = _FRONT_MATTER.match(source)
    if not found:
        return {}, source
    fields: dict[str, Any] = {}
    key = ""
    for line in found.group(1).split("\n")[: _MAX_FIELDS * 4]:
        field = _FIELD.fullmatch(line.rstrip())
        if field and len(fields) < _MAX_FIELDS:
            key, value = field.group(1).lower(), field.group(2).strip()
            listed = re.fullmatch(r"\[(.*)\]", value)
            fields[key] = [_bare(item) for item in listed.group(1).split(",")] if listed else _bare(value)
        elif key and (item := re.fullmatch(r"\s*-\s+(.+)", line)):
            held = fields[key]
            fields[key] = [*(held if isinstance(held, list) else []), _bare(item.group(1))]
    return {name: value for name, value in fields.items() if value}, source[found.end() :]


def _bare(value: str) -> str:
    value = value.strip()
    quoted = re.fullmatch(r"\"(.*)\"|'(.*)'", value)
    return (quoted.group(1) or quoted.group(2) or "") if quoted else value


class _Walk:
    """Tokens into blocks."""

    def __init__(self, tokens: Sequence[Token], limits: LoadLimits) -> None:
        self._tokens = tokens
        self._limits = limits
        self._at = 0
        self._blocks: list[Block] = []

    def blocks(self) -> list[Block]:
        while self._at < len(self._tokens):
            self._one(self._tokens[self._at])
            self._at += 1
        return self._blocks

    def _one(self, token: Token) -> None:
        if token.type == "heading_open":
            self._at += 1
            self._add("heading", one_line(inline_text(self._tokens[self._at])), level=int(token.tag[1]))
        elif token.type == "inline":
            self._add("paragraph", _running(inline_text(token)))
        elif token.type in ("fence", "code_block"):
            self._add("code", token.content.strip("\n"))
        elif token.type == "html_block":
            self._blocks.extend(from_markup(token.content, self._limits).blocks)
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            self._list()
        elif token.type == "table_open":
            self._table()

    def _list(self) -> None:
        """A list with those inside of it: one block, items indented by two blanks a level."""
        lines: list[str] = []
        numbers: list[int | None] = []
        mark = ""
        while True:
            token = self._tokens[self._at]
            if token.type in ("bullet_list_open", "ordered_list_open"):
                numbers.append(int(token.attrGet("start") or 1) if token.type == "ordered_list_open" else None)
            elif token.type in ("bullet_list_close", "ordered_list_close"):
                numbers.pop()
                if not numbers:
                    break
            elif token.type == "list_item_open":
                number = numbers[-1]
                mark = "- " if number is None else f"{number}. "
                numbers[-1] = None if number is None else number + 1
            elif token.type in ("inline", "fence", "code_block"):
                text = inline_text(token) if token.type == "inline" else token.content.rstrip("\n")
                indent = "  " * (len(numbers) - 1)
                shown = one_line(text) if token.type == "inline" else text
                lines.append(f"{indent}{mark or '  '}{shown}")
                mark = ""
            self._at += 1
        self._add("list", "\n".join(lines))

    def _table(self) -> None:
        rows: list[list[str]] = []
        while (token := self._tokens[self._at]).type != "table_close":
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(inline_text(token))
            self._at += 1
        table = document_table(rows)
        if table is not None:
            self._blocks.append(table)

    def _add(self, kind: BlockKind, text: str, *, level: int = 0) -> None:
        if text.strip():
            self._blocks.append(Block(kind=kind, text=text, level=level))


def inline_text(token: Token) -> str:
    """What a reader sees of a line: no marks, no addresses of links, pictures by their text."""
    parts: list[str] = []
    for child in token.children or ():
        if child.type in ("text", "code_inline", "image"):
            parts.append(child.content)
        elif child.type == "softbreak":
            parts.append("\n")
        elif child.type == "hardbreak" or (child.type == "html_inline" and child.content.lower().startswith("<br")):
            parts.append("\v")
    return "".join(parts)


def _running(text: str) -> str:
    return lines_kept("\n".join(paragraph(line) for line in text.split("\v")))
