"""Text as documents should have held it: one form of each character, no invisible ones, broken lines joined."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_RADICALS = {chr(c): unicodedata.normalize("NFKC", chr(c)) for c in range(0x2E80, 0x2FE0)}
_BULLETS = dict.fromkeys("\uf0b7\uf0a7\uf06c\uf076\uf0d8\uf0fc", "•")
_BLANKS = dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f", " ")
_REPLACED = _LIGATURES | _RADICALS | _BULLETS | _BLANKS
_REPLACE = re.compile(f"[{''.join(_REPLACED)}]")
_BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_DROPPED = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # control characters
    "\u00ad"  # soft hyphen
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # zero width, direction: they hide what a text says
    "\ufff9-\ufffb\U000e0000-\U000e007f"  # annotations and tags, which nobody sees and a model reads
    "]"
)
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"[ \t\u3000]+")
_MANY_BREAKS = re.compile(r"\n\s*\n\s*")

CJK = (
    "\u2e80-\u303f\u3040-\u30ff\u3100-\u312f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003134f"
)
"""Inside of a character class: Chinese and Japanese characters and their punctuation, set without blanks."""

_ENDS_CJK = re.compile(f"[{CJK}]$")
_BEGINS_CJK = re.compile(f"^[{CJK}]")
_BROKEN_WORD = re.compile(r"(?:^|[^\w\u2010-])[^\W\d_]{2,}[\u2010-]$")
_BROKEN_COMPOUND = re.compile(r"\w[\u2010-]$")


def clean(text: str) -> str:
    """The text in NFC with ``\\n`` line ends, without control and invisible characters, ligatures expanded.

    Kangxi radicals, which PDF fonts often map to in place of the character that looks the same, become that character.
    """
    text = _BREAKS.sub("\n", text)
    text = _DROPPED.sub("", text)
    text = _LONE_SURROGATES.sub("\ufffd", text)
    text = _REPLACE.sub(lambda found: _REPLACED[found.group()], text)
    return unicodedata.normalize("NFC", text)


def one_line(text: str) -> str:
    """Clean text on one line, blanks collapsed; for titles and table cells."""
    return " ".join(join_lines(clean(text).split("\n")).split())


def paragraph(text: str) -> str:
    """Clean text whose line breaks mean nothing: one line."""
    return _SPACES.sub(" ", join_lines(clean(text).split("\n"))).strip()


def lines_kept(text: str) -> str:
    """Clean text whose line breaks mean something; trailing blanks and empty lines go."""
    kept = (_SPACES.sub(" ", line).strip() for line in clean(text).split("\n"))
    return "\n".join(line for line in kept if line)


def paragraphs(text: str) -> list[str]:
    """Clean pieces of text between empty lines; breaks inside of them are kept."""
    return [piece for piece in _MANY_BREAKS.split(clean(text).strip()) if piece]


def join_lines(lines: Iterable[str]) -> str:
    """Lines of one broken paragraph as running text.

    No blank comes between Chinese characters, a word that was hyphenated at the line's end is whole again, and
    'state-of-the-' keeps its hyphen.
    """
    pieces: list[str] = []
    for line in lines:
        after = line.strip()
        if not after:
            continue
        if pieces:
            before = pieces[-1]
            if after[0].islower() and _BROKEN_WORD.search(before[-64:]):
                pieces[-1] = before[:-1]
            else:
                pieces.append(_between(before[-64:], after))
        pieces.append(after)
    return "".join(pieces)


def _between(before: str, after: str) -> str:
    """What comes between two lines: a blank, or nothing."""
    cjk_before, cjk_after = _ENDS_CJK.search(before), _BEGINS_CJK.match(after)
    if cjk_before and cjk_after:
        return ""
    if after[0].isalnum() and not cjk_after and _BROKEN_COMPOUND.search(before):
        return ""
    if (cjk_before and not after[0].isalpha()) or (cjk_after and not before[-1].isalpha()):
        return ""
    return " "
