"""ZIP files written by hand, so that they can lie about sizes, names and checksums, overlap, and unpack to much."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

DEFLATED, ENCRYPTED = 8, 1
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_PIECE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry as it is written down; ``shares`` is the index of the entry whose data it points to as well."""

    name: bytes
    data: bytes
    real_size: int
    crc: int = 0
    declared: int | None = None
    method: int = DEFLATED
    flags: int = 0
    shares: int | None = None


def sound(files: Mapping[str, str | bytes]) -> bytes:
    """An ordinary ZIP file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            package.writestr(name, content)
    return buffer.getvalue()


def deflated(name: str, content: bytes) -> Entry:
    """An honest entry."""
    return Entry(name=name.encode(), data=raw_deflate(content), real_size=len(content), crc=zlib.crc32(content))


def bomb(name: str, size: int, *, begin: bytes = b"", fill: bytes = b" ", end: bytes = b"") -> Entry:
    """An entry that unpacks to ``size`` bytes of ``fill`` between ``begin`` and ``end``.

    One megabyte is compressed, and its stream repeated: the middle of a deflate stream may be copied as it is.
    """
    count = max(1, size // _PIECE)
    piece = (fill * (_PIECE // len(fill) + 1))[:_PIECE]
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    middle = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    head = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = head.compress(begin) + head.flush(zlib.Z_FULL_FLUSH)
    crc = zlib.crc32(begin)
    for _ in range(count):
        crc = zlib.crc32(piece, crc)
    total = len(begin) + count * _PIECE + len(end)
    return Entry(
        name=name.encode(), data=start + middle * count + raw_deflate(end), real_size=total, crc=zlib.crc32(end, crc)
    )


def raw_deflate(content: bytes) -> bytes:
    """A whole deflate stream."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def zlib_bomb(size: int, fill: bytes = b" ") -> bytes:
    """A zlib stream (as in PDF and PNG) that unpacks to ``size`` bytes."""
    packer = zlib.compressobj(9)
    piece = (fill * (_PIECE // len(fill) + 1))[:_PIECE]
    return b"".join(packer.compress(piece) for _ in range(max(1, size // _PIECE))) + packer.flush()


def package(entries: Iterable[Entry], *, comment: bytes = b"", count: int | None = None) -> bytes:
    """A ZIP file with these entries; ``count`` is how many the directory claims."""
    out = bytearray()
    places: list[int] = []
    entries = list(entries)
    for entry in entries:
        if entry.shares is not None:
            places.append(places[entry.shares])
            continue
        places.append(len(out))
        size = entry.real_size if entry.declared is None else entry.declared
        out += _LOCAL.pack(
            b"PK\x03\x04", 20, entry.flags, entry.method, 0, 33, entry.crc, len(entry.data), size, len(entry.name), 0
        )
        out += entry.name + entry.data
    start = len(out)
    for entry, place in zip(entries, places, strict=True):
        size = entry.real_size if entry.declared is None else entry.declared
        of_whom = entry if entry.shares is None else entries[entry.shares]
        numbers = (20, 20, entry.flags, entry.method, 0, 33, of_whom.crc, len(of_whom.data), size)
        out += _CENTRAL.pack(b"PK\x01\x02", *numbers, len(entry.name), 0, 0, 0, 0, 0, place) + entry.name
    claimed = min(len(entries) if count is None else count, 0xFFFF)
    out += _END.pack(b"PK\x05\x06", 0, 0, claimed, claimed, len(out) - start, start, len(comment)) + comment
    return bytes(out)
