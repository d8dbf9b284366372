"""A tool's docstring as a model reads it: what the tool does, and what each argument means.

Understood styles: ``name: text`` lines (also under a Google ``Args:`` heading) and Sphinx ``:param name: text``.
A colon may be full-width, for docstrings in Chinese.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection

_SECTION = re.compile(r"^(Args|Arguments|Parameters|Returns?|Raises|Yields|Examples?|参数|返回|异常)\s*[:：]\s*$")
_ENTRY = re.compile(r"^\s*(?::param\s+)?(\w+)(?:\s*\([^)]*\))?\s*[:：]\s*(.*)$")
_CLOSING = re.compile(r"^\s*:?(Returns?|Raises|Yields|rtype|返回|异常)\b\s*.*[:：]")


def read_docstring(text: str, names: Collection[str]) -> tuple[str, dict[str, str]]:
    """The first paragraph in one line, and the descriptions of those of ``names`` that the text describes."""
    lines = inspect.cleandoc(text).splitlines()
    return _first_paragraph(lines, names), _entries(lines, names)


def _first_paragraph(lines: list[str], names: Collection[str]) -> str:
    kept: list[str] = []
    for line in lines:
        entry = _ENTRY.match(line)
        ends = not line.strip() or _SECTION.match(line.strip()) or (entry and entry[1] in names)
        if ends:
            break
        kept.append(line.strip())
    return " ".join(kept)


def _entries(lines: list[str], names: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    current, depth = "", 0
    for line in lines:
        indent = len(line) - len(line.lstrip())
        entry = _ENTRY.match(line)
        if entry and entry[1] in names and entry[1] not in found:
            current, depth = entry[1], indent
            found[current] = entry[2].strip()
        elif not line.strip() or _SECTION.match(line.strip()) or _CLOSING.match(line):
            current = ""
        elif current and indent > depth:
            found[current] = f"{found[current]} {line.strip()}".strip()
    return {name: text for name, text in found.items() if text}
