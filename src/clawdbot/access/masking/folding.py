"""A text as detectors read it: widths, digits, dashes and spaces made one, with the way back to the original.

People and programs write one number in many ways: full-width digits, a zero-width space inside, ``\\n`` as two
characters because the text is JSON in a prompt.  Detectors see one form and never think of the others.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BLANK = "\ue000"
"""Stands for a piece that is masked already; no detector matches it."""

_IGNORED = "\u200b"
_PRIVATE = "\ue001"
_UNIT = re.compile(r"""(?<!\\)\\++(?:u[0-9A-Fa-f]{4}|[nrtbf"'/])|""" + _IGNORED + "+")
_ESCAPES = {"n": "\n", "r": "\n", "t": "\t", "b": " ", "f": "\n"}
_FILLERS = frozenset("\u034f\u115f\u1160\u3164\uffa0\u180b\u180c\u180d\u180f")
_MIDDLE_DOTS = frozenset("\u00b7\u2022\u2219\u22c5\u30fb\uff65")


@dataclass(frozen=True, kw_only=True)
class Folded:
    """``text`` with one form for each character; ``starts`` and ``ends`` are where each one stood in the original."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The half-open span of the original that this non-empty span of ``text`` was made from."""
        return self.starts[start], self.ends[end - 1]

    def blanked(self, spans: Iterable[tuple[int, int]]) -> Folded:
        """The same without these spans of ``text`` (in order, apart): each becomes one ``BLANK``."""
        pieces: list[str] = []
        starts, ends = array("q"), array("q")
        at = 0
        for start, end in spans:
            pieces += (self.text[at:start], BLANK)
            starts.extend(self.starts[at:start])
            ends.extend(self.ends[at:start])
            starts.append(self.starts[start])
            ends.append(self.ends[end - 1])
            at = end
        starts.extend(self.starts[at:])
        ends.extend(self.ends[at:])
        return Folded(text="".join(pieces) + self.text[at:], starts=starts, ends=ends)


def fold(text: str) -> Folded:
    """One form for what looks or means the same; linear in the text's length."""
    plain = text if text.isascii() else text.translate(_TABLE)
    units = list(_UNIT.finditer(plain))
    if not units:
        return Folded(text=plain, starts=range(len(plain)), ends=range(1, len(plain) + 1))
    pieces: list[str] = []
    starts, ends = array("q"), array("q")
    at = 0
    for unit in units:
        pieces.append(plain[at : unit.start()])
        starts.extend(range(at, unit.start()))
        ends.extend(range(at + 1, unit.start() + 1))
        if meaning := _meaning(unit.group()):
            pieces.append(meaning)
            starts.append(unit.start())
            ends.append(unit.end())
        at = unit.end()
    starts.extend(range(at, len(plain)))
    ends.extend(range(at + 1, len(plain) + 1))
    return Folded(text="".join(pieces) + plain[at:], starts=starts, ends=ends)


def _meaning(unit: str) -> str:
    """The character that an escape stands for; empty for what is ignored."""
    escape = unit.lstrip("\\")
    if escape[0] == _IGNORED:
        return ""
    if escape[0] == "u":
        folded = chr(int(escape[1:], 16)).translate(_TABLE)
        return "" if folded == _IGNORED else folded
    return _ESCAPES.get(escape, escape)


class _Table(dict[int, str]):
    """For ``str.translate``: the folded form of each character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold_one(chr(code))
        return folded


def _fold_one(char: str) -> str:
    """One character for one character, so that positions stay."""
    category = unicodedata.category(char)
    if char.isascii():
        return char
    if category in ("Cf", "Mn") and _is_ignored(char, category):
        return _IGNORED
    if char in _FILLERS:
        return _IGNORED
    if category == "Co":
        return _PRIVATE
    if category == "Pd" or char == "\u2212":
        return "-"
    if category == "Zs":
        return " "
    if category in ("Zl", "Zp") or char == "\x85":
        return "\n"
    if char in _MIDDLE_DOTS:
        return "."
    compatible = unicodedata.normalize("NFKC", char)
    if len(compatible) != 1:
        return char
    digit = unicodedata.decimal(compatible, None)
    return str(digit) if digit is not None else _without_accents(compatible)


def _is_ignored(char: str, category: str) -> bool:
    """Format characters, accents that stand alone, and variation selectors."""
    return category == "Cf" or char <= "\u036f" or "\ufe00" <= char <= "\ufe0f" or char >= "\U000e0100"


def _without_accents(char: str) -> str:
    """The base letter of a Latin, Greek or Cyrillic letter with accents: texts mix both ways to write them."""
    parts = unicodedata.normalize("NFD", char)
    accents = parts[1:]
    return parts[0] if accents and all("\u0300" <= accent <= "\u036f" for accent in accents) else char


_TABLE = _Table()
