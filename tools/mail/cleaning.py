"""Text for headers and bodies: no control characters, no invisible reordering, no lone surrogates."""

from __future__ import annotations

import re
import unicodedata

# Explicit directional marks can make "a@evil" read as "a@good"; tag characters and BOM hide text.
_INVISIBLE = re.compile(
    "[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SPACES = re.compile(r"\s+")
_BLANK_LINES = re.compile(r"\n{3,}")
_CUT_MARK = "…"


def _is_unsafe(character: str) -> bool:
    category = unicodedata.category(character)
    return category in ("Cc", "Cs", "Zl", "Zp") or (ord(character) & 0xFFFE) == 0xFFFE


def clean_line(text: str, *, limit: int) -> str:
    """One header line of at most ``limit`` characters: line breaks and controls become single spaces.

    An encoded word (RFC 2047) in the text is broken up: the standard library would decode it while building the
    header, and ``=?utf-8?q?=0D=0ABcc:...?=`` then is a line of its own.
    """
    visible = _INVISIBLE.sub("", text)
    line = "".join(" " if _is_unsafe(c) else c for c in visible)
    line = _SPACES.sub(" ", line).strip().replace("=?", "= ?")
    return line if len(line) <= limit else line[: limit - 1].rstrip() + _CUT_MARK


def clean_body(text: str) -> str:
    r"""Plain text with ``\n`` line ends; tabs stay, other controls and invisible marks go."""
    unified = re.sub("\r\n|\r|\u2028|\u2029|\x85|\x0b|\x0c", "\n", _INVISIBLE.sub("", text))
    kept = "".join(c for c in unified if c in "\n\t" or not _is_unsafe(c))
    lines = (line.rstrip() for line in kept.split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")
