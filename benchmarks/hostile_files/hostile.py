"""A hostile or broken file: what it is, how it is made, and what must become of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Outcome = Literal["loaded", "refused", "either"]

MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """``make`` writes the file into a folder and returns its path.  ``outcome`` is what is right to do with it;
    "either" where a careful reader may refuse it or read what it can.  ``never`` must not be in the text."""

    group: str
    title: str
    make: Callable[[Path], Path]
    outcome: Outcome = "either"
    never: str = ""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How large the large ones are, bytes or counts."""

    bomb: int
    sparse: int
    line: int
    nesting: int
    columns: int
    parts: int
    offsets: int


LARGE = Scale(bomb=800 * MIB, sparse=500 * MIB, line=50 * MIB, nesting=100_000, columns=100_000, parts=1000, offsets=8)
SMALL = Scale(bomb=24 * MIB, sparse=24 * MIB, line=MIB // 4, nesting=3_000, columns=5_000, parts=100, offsets=1)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What the makers are told: sizes, and the address of a server that must never be asked for anything."""

    scale: Scale
    server: str


Family = Callable[[Setting], Iterator[Hostile]]


def of_bytes(
    group: str, name: str, data: Callable[[], bytes], *, outcome: Outcome = "either", never: str = ""
) -> Hostile:
    """A file that is these bytes; made when asked for, for some are large."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data())
        return path

    return Hostile(group=group, title=name, make=make, outcome=outcome, never=never)
