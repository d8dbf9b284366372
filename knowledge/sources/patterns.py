"""Globs over the names of documents: ``*`` and ``?`` stay within a folder, ``**`` goes through any number of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Final

MAGIC: Final = frozenset("*?[")


def is_glob(text: str) -> bool:
    """The text has a character with a meaning in globs."""
    return not MAGIC.isdisjoint(text)


def matches(glob: str, name: str) -> bool:
    """The whole name fits the glob; upper and lower case are the same, as in 'Scan.PDF' and '*.pdf'."""
    return _compiled(glob).fullmatch(name) is not None


def left_out(name: str, globs: Iterable[str]) -> bool:
    """A glob fits the name or a folder above it; one without a slash is held against each part of the name.

    A name that ends in a slash is a folder's.
    """
    parts = name.split("/")
    above = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    for glob in globs:
        whole = glob.strip("/")
        stem = whole.removesuffix("/**")  # what lies below a folder goes with the folder
        if any(matches(whole, each) or matches(stem, each) for each in above[:-1]) or matches(whole, name):
            return True
        if "/" not in whole and any(matches(whole, part) for part in parts):
            return True
    return False


@cache
def _compiled(glob: str) -> re.Pattern[str]:
    parts = unicodedata.normalize("NFC", glob).split("/")
    pattern = ""
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        if part == "**":
            pattern += ".*" if last else "(?:[^/]+/)*"
        else:
            pattern += _part(part) + ("" if last else "/")
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


def _part(part: str) -> str:
    found, at = "", 0
    while at < len(part):
        char = part[at]
        at += 1
        if char == "*":
            found += "[^/]*"
        elif char == "?":
            found += "[^/]"
        elif char == "[" and (end := part.find("]", at + 1 + (part[at : at + 1] == "!"))) > 0:
            inside = re.sub(r"([\\\[\]&~|^])", r"\\\1", part[at:end].removeprefix("!"))
            found += f"[{'^/' if part[at] == '!' else ''}{inside}]"
            at = end + 1
        else:
            found += re.escape(char)
    return found
