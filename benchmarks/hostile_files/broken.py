"""Sound documents that lost their end, or of which some bits fell over."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

from benchmarks.hostile_files.hostile import Hostile, Setting, of_bytes
from benchmarks.hostile_files.sound import documents

_SEED = 20261121
_CONTAINERS = (".docx", ".xlsx", ".pptx", ".odt", ".pdf")
"""In these a flip at the places that say where things are does the most harm: their ends."""


def broken(setting: Setting) -> Iterator[Hostile]:
    """Each format cut at several places, and with a few bits flipped, several times."""
    chance = random.Random(_SEED)
    count = setting.scale.offsets
    for suffix, data in documents().items():
        for number in range(count):
            keep = len(data) * (2 * number + 1) // (2 * count) if number else len(data) - 7
            yield of_bytes("cut off", f"cut-{number}{suffix}", partial(bytes, data[:keep]))
        for number in range(count):
            first = len(data) * 3 // 4 if suffix in _CONTAINERS and number % 2 else 0
            yield of_bytes("bits flipped", f"flipped-{number}{suffix}", partial(bytes, _flipped(data, first, chance)))
        hole = len(data) // 3
        yield of_bytes("cut off", f"hole{suffix}", partial(bytes, data[:hole] + bytes(hole) + data[2 * hole :]))


def _flipped(data: bytes, first: int, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(12):
        changed[chance.randrange(first, len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)
