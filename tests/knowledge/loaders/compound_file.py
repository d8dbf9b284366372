"""Compound files ([MS-CFB]) as Outlook writes them, small enough for one sector of allocation table."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_FREE, _END, _TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD

Tree = Mapping[str, "bytes | Tree"]


@dataclass
class _Entry:
    name: str
    kind: int
    data: bytes = b""
    children: list[int] = field(default_factory=list)
    right: int = _FREE
    start: int = _END

    def written(self) -> bytes:
        """128 bytes of the directory."""
        name = self.name.encode("utf-16-le") + b"\0\0"
        child = self.children[0] if self.children else _FREE
        size = 0 if self.kind == 1 else len(self.data)
        return struct.pack(
            "<64sHBBIII16sIQQIQ", name, len(name), self.kind, 1, _FREE, self.right, child, b"", 0, 0, 0,
            0 if self.kind == 1 else self.start, size,
        )  # fmt: skip


def compound_file(tree: Tree) -> bytes:
    """A file with these storages (mappings) and streams (bytes)."""
    entries = [_Entry("Root Entry", 5)]
    _collect(tree, entries, 0)
    table: list[int] = []
    sectors: list[bytes] = []

    def allocate(data: bytes) -> int:
        if not data:
            return _END
        first = len(sectors)
        count = -(-len(data) // _SECTOR)
        sectors.extend(data[n * _SECTOR : (n + 1) * _SECTOR].ljust(_SECTOR, b"\0") for n in range(count))
        table.extend([*range(first + 1, first + count), _END])
        return first

    small, small_table = b"", list[int]()
    for entry in entries:
        if entry.kind == 2 and len(entry.data) >= _CUTOFF:
            entry.start = allocate(entry.data)
        elif entry.kind == 2 and entry.data:
            entry.start = len(small_table)
            count = -(-len(entry.data) // _MINI)
            small += entry.data.ljust(count * _MINI, b"\0")
            small_table.extend([*range(entry.start + 1, entry.start + count), _END])
    entries[0].start, entries[0].data = allocate(small), small
    small_sectors = b"".join(struct.pack("<I", n) for n in small_table)
    small_start = allocate(small_sectors.ljust(-(-len(small_sectors) // _SECTOR) * _SECTOR, b"\xff"))
    folder = allocate(b"".join(entry.written() for entry in entries))
    tables = -(-(len(sectors) + 1) // 128) if len(sectors) % 128 else len(sectors) // 128 + 1
    first_table = len(sectors)
    table.extend([_TABLE] * tables)
    allocation = b"".join(struct.pack("<I", n) for n in table).ljust(tables * _SECTOR, b"\xff")
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, b"", 0, tables,
        folder, 0, _CUTOFF, small_start, -(-len(small_sectors) // _SECTOR), _END, 0,
    )  # fmt: skip
    header += struct.pack("<109I", *[first_table + n for n in range(tables)], *[_FREE] * (109 - tables))
    return header + b"".join(sectors) + allocation


def _collect(tree: Tree, entries: list[_Entry], parent: int) -> None:
    for name, content in tree.items():
        number = len(entries)
        entries.append(_Entry(name, 2, content) if isinstance(content, bytes) else _Entry(name, 1))
        entries[parent].children.append(number)
        if not isinstance(content, bytes):
            _collect(content, entries, number)
    # Siblings hang on the right of each other, in the order that the format wants.
    entries[parent].children.sort(key=lambda n: (len(entries[n].name), entries[n].name.upper()))
    for left, right in pairwise(entries[parent].children):
        entries[left].right = right
