"""Text in lines of a terminal: Latin words stay whole, Chinese breaks anywhere but before its punctuation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len

_WIDE = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
_CLOSING = "，。、；：？！）》」』】〉”’…％·"
_OPENING = "（《「『【〈“‘"
_UNIT = re.compile(
    rf"[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}{_CLOSING}{_OPENING}]+|[{_CLOSING}])[{_CLOSING}]*|\s+|[{_OPENING}]+"
)


def wrapped(text: str, width: int, *, indent: str = "", hanging: str | None = None) -> Iterator[str]:
    """Lines of at most ``width`` cells; the first begins with ``indent``, the others with ``hanging`` (else indent).

    What is longer than a line by itself, such as a path, stands on one of its own and is not cut.
    """
    start, then = indent, indent if hanging is None else hanging
    line = ""
    for unit in _UNIT.findall(text):
        if line and cell_len(start + line + unit.rstrip()) > width:
            yield (start + line).rstrip()
            start, line = then, ""
        line += unit if line else unit.lstrip()
    if line.strip():
        yield (start + line).rstrip()
