"""Text made safe to draw: no controls, no bidi tricks, every character has a glyph, cut to a length."""

from __future__ import annotations

import re
import unicodedata
from importlib.metadata import distribution
from pathlib import Path

from clawdbot.tools.fonts import cjk_font, coverage

LATIN = Path(str(distribution("matplotlib").locate_file("matplotlib/mpl-data/fonts/ttf/DejaVuSans.ttf")))
"""Ships with Matplotlib, found here without importing it.

Covers European scripts, symbols and more, so it stands behind the Chinese font."""

MISSING = "\N{REPLACEMENT CHARACTER}"
_GAP = {"Cc", "Zl", "Zp", "Zs"}
_DROPPED = {"Cf", "Cs"}
_MARKS = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff\ufe00-\ufe0f]{2})"
    r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff\ufe00-\ufe0f]+"
)


def clean(text: str, *, limit: int = 80) -> str:
    """One line of visible characters, at most ``limit`` long; a character that no font has becomes U+FFFD."""
    normal = unicodedata.normalize("NFC", text[: limit * 4])
    kept = "".join(map(_shown, normal))
    one_line = _MARKS.sub(r"\1", " ".join(kept.split()))
    if len(one_line) <= limit and len(text) <= limit * 4:
        return one_line
    return one_line[: max(0, limit - 1)].rstrip() + "…"


def in_chinese_font(text: str) -> bool:
    """Every character is in the Chinese font, whose Latin letters match its Chinese ones."""
    return coverage(cjk_font()).issuperset(map(ord, text))


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in _GAP:
        return " "
    if category in _DROPPED:
        return MISSING if category == "Cs" else ""
    drawable = ord(character) in coverage(cjk_font()) or ord(character) in coverage(LATIN)
    return character if drawable else MISSING
