"""Values as TeX text: whatever a database, a model or a document says is typeset, never executed.

Every character that TeX gives a meaning becomes a command that prints it; what no font can draw becomes a visible
``[U+1F600]``; direction and zero-width marks, which could make a text look like another, are dropped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection

CELL_LIMIT = 600
"""Characters of one table cell that are printed."""
TEXT_LIMIT = 20_000
"""Characters of any other value."""
_LONG_WORD = 18
_STEP = 6

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
    # Two of these in a row are ligatures in TeX fonts.
    "-": "-{}",
    ",": ",{}",
}
_UNSEEN = re.compile(r"[^\x20-\x7e]")
_WORD = re.compile(rf"[\x21-\x7e]{{{_LONG_WORD + 1},}}")
_SIGN = re.compile(r"(?<![0-9A-Za-z])-(?=[0-9])")
"""A minus before a number; TeX would end a line after it."""
BREAK = "\\allowbreak{}"


def escape(text: str, *, drawable: Collection[int], limit: int = TEXT_LIMIT) -> str:
    """``text`` as one run of TeX that prints it; ``drawable`` are the code points of the document's fonts.

    Line ends become spaces, longer texts end in an ellipsis, long words get break points.
    """
    return _apart(_break_words(" ".join(_clean(text, drawable, limit).split())))


def escape_paragraphs(text: str, *, drawable: Collection[int], limit: int = TEXT_LIMIT) -> str:
    """As :func:`escape`, with empty lines kept as paragraphs."""
    parts = re.split(r"\n\s*\n", _clean(text, drawable, limit))
    return _apart("\n\n".join(_break_words(" ".join(part.split())) for part in parts if part.strip()))


def escape_code(text: str, *, drawable: Collection[int], limit: int = TEXT_LIMIT) -> str:
    """As :func:`escape` for code: lines and indentation are kept."""
    lines = _clean(text, drawable, limit).replace("\t", "    ").split("\n")
    shown = []
    for line in lines:
        body = line.strip()
        if body:
            indent = len(line) - len(line.lstrip())
            shown.append("\\ " * min(indent, 40) + _break_words(body))
    return _apart("\\par\n".join(shown))


def _apart(tex: str) -> str:
    """Kept apart from what stands before: no letters join a command, no bracket or star becomes its option."""
    return "{}" + tex if tex and (tex[0].isalpha() or ord(tex[0]) > 126 or tex[0] in "[*") else tex


def _clean(text: str, drawable: Collection[int], limit: int) -> str:
    # Cut before anything else: a cell may hold megabytes.  Composed forms, since few fonts stack marks.
    short = unicodedata.normalize("NFC", text[: limit + 1])
    if len(short) > limit:
        short = short[: limit - 1].rstrip() + "..."
    return _UNSEEN.sub(_replacement(drawable), short.replace("\r\n", "\n").replace("\r", "\n"))


def _replacement(drawable: Collection[int]) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        char = match.group()
        if char in "\n\t":
            return char
        category = unicodedata.category(char)
        if category in ("Zs", "Zl", "Zp"):
            return "\n" if category != "Zs" else " "
        if category == "Cf" or 0xFE00 <= ord(char) <= 0xFE0F:
            return ""  # direction, joining, variation: invisible, and able to disguise a text
        if category[0] != "C" and ord(char) in drawable:
            return char
        return f"[U+{ord(char):04X}]"

    return replace


def _break_words(text: str) -> str:
    done, last = [], 0
    for match in _WORD.finditer(text):
        done.append(_spell(text[last : match.start()]))
        word = match.group()
        done.append(BREAK.join(_spell(word[i : i + _STEP]) for i in range(0, len(word), _STEP)))
        last = match.end()
    return "".join([*done, _spell(text[last:])])


def _spell(text: str) -> str:
    parts = _SIGN.split(text)
    return "\\mbox{-}".join("".join(_SPECIAL.get(c, c) for c in part) for part in parts)
