"""Rich text (RTF)."""

from __future__ import annotations

import re

from striprtf.striprtf import rtf_to_text

from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.loaders.cleaning import clean, paragraph
from clawdbot.knowledge.loaders.grid import document_table
from clawdbot.knowledge.loaders.limits import LoadLimits

_TITLE = re.compile(r"\{\\info\b.{0,2000}?\{\\title ([^{}\\]{1,200})\}", re.S)
_CODE_PAGE = re.compile(rb"\\ansicpg(\d{3,5})")
_ROW = re.compile(r"[^|]*(?:\|[^|]*)+\|\s*")


def load(data: bytes, limits: LoadLimits) -> Extract:
    """Paragraphs and tables; the format has no headings that can be told from bold text."""
    source = data[: limits.max_text_chars * 4].decode("latin-1")
    page = _CODE_PAGE.search(data[:1000])
    encoding = f"cp{page.group(1).decode()}" if page else "cp1252"
    plain = rtf_to_text(source, encoding=_known(encoding), errors="replace")  # type: ignore[no-untyped-call]  # no types
    text = clean(str(plain))
    blocks: list[Block] = []
    rows: list[list[str]] = []
    for line in [*text.split("\n"), ""]:
        if _ROW.fullmatch(line):
            rows.append([cell.strip() for cell in line.strip().split("|")[:-1]])
            continue
        table = document_table(rows)
        if table is not None:
            blocks.append(table)
        rows = []
        if line.strip():
            blocks.append(Block(kind="paragraph", text=paragraph(line)))
    title = _TITLE.search(source[:20_000])
    return Extract(blocks=tuple(blocks), title=title.group(1) if title else "")


def _known(encoding: str) -> str:
    return {"cp936": "gb18030", "cp950": "big5hkscs", "cp65001": "utf-8"}.get(encoding, encoding)
