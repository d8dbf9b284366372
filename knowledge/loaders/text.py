"""Plain text in any encoding."""

from __future__ import annotations

import re

from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.loaders.cleaning import CJK, join_lines, lines_kept, paragraphs
from clawdbot.knowledge.loaders.encoding import decode
from clawdbot.knowledge.loaders.limits import LoadLimits

_HEADING = re.compile(
    r"(?:第[一二三四五六七八九十百零〇\d]+[章节篇部条款]|[一二三四五六七八九十]+、|[（(][一二三四五六七八九十]+[)）]|"
    r"\d+(?:\.\d+)*\.?\s+\S|(?:Chapter|Section|Part|Appendix)\s+\S|附[录件])"
)
_LIST_ITEM = re.compile(r"(?:[-*•·–]|\(?[\da-z]{1,3}[.)])\s+\S")
_SENTENCE_END = re.compile(r"[.。!！?？;；:：,，]$")
_HEADING_MAX = 60


def load(data: bytes, limits: LoadLimits, *, declared: str = "") -> Extract:
    """Paragraphs between empty lines; a short line alone that is numbered or underlined is a heading."""
    text, encoding = decode(data, declared)
    text, notes = limits.cut(text)
    return Extract(blocks=blocks_of(text), notes=notes, metadata={"encoding": encoding})


def blocks_of(text: str) -> tuple[Block, ...]:
    """Blocks of text that is decoded already, for example a mail's body."""
    return tuple(block for piece in paragraphs(text) for block in _blocks(piece))


def _blocks(piece: str) -> list[Block]:
    lines = [line.strip() for line in piece.split("\n")]
    level = _heading_level(lines)
    if level:
        return [Block(kind="heading", text=lines[0], level=level)]
    if sum(bool(_LIST_ITEM.match(line)) for line in lines) * 2 > len(lines):
        return [Block(kind="list", text=lines_kept(piece))]
    return [Block(kind="paragraph", text=_running(lines))]


def _heading_level(lines: list[str]) -> int:
    first = lines[0]
    if len(first) > _HEADING_MAX:
        return 0
    if len(lines) == 2 and re.fullmatch(r"=+|-+", lines[1]) and len(lines[1]) >= 3:
        return 1 if lines[1][0] == "=" else 2
    if len(lines) > 1 or _SENTENCE_END.search(first) or not _HEADING.match(first):
        return 0
    return 2 if re.match(r"第.+[节条款]|[（(]|\d+\.\d", first) else 1


def _running(lines: list[str]) -> str:
    """Lines that were broken at a width are joined; others mean something and stay."""
    widest = max(_width(line) for line in lines)
    if len(lines) > 1 and widest >= 40 and all(_width(line) >= 0.7 * widest for line in lines[:-1]):
        return join_lines(lines)
    return lines_kept("\n".join(lines))


def _width(line: str) -> int:
    return len(line) + len(re.findall(f"[{CJK}]", line))
