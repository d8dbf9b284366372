"""Pictures that claim to be larger than memory, or that a picture library should not be asked to open."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from functools import partial

from benchmarks.hostile_files.hostile import Hostile, Setting, of_bytes
from benchmarks.hostile_files.packages import zlib_bomb
from benchmarks.hostile_files.sound import picture

_GROUP = "picture bombs"
_PNG = b"\x89PNG\r\n\x1a\n"


def pictures(setting: Setting) -> Iterator[Hostile]:
    """PNG first; then the other formats that Pillow opens."""
    size = min(setting.scale.bomb, 150 << 20)
    grey, many = b"\x08\x00\x00\x00\x00", setting.scale.parts
    yield of_bytes(_GROUP, "claims-much.png", lambda: _png(2**31 - 1, 2**31 - 1, grey, b""))
    yield of_bytes(_GROUP, "square.png", lambda: _png(int(size**0.5), int(size**0.5) - 1, grey, zlib_bomb(size, b"\0")))
    yield of_bytes(_GROUP, "one-bit.png", lambda: _png(32_000, 32_000, b"\x01\0\0\0\0", zlib_bomb(size, b"\0")))
    yield of_bytes(_GROUP, "one-line.png", lambda: _png(size // 2, 1, grey, zlib_bomb(size, b"\0")))
    yield of_bytes(_GROUP, "one-column.png", lambda: _png(1, 40_000, grey, zlib_bomb(1 << 20, b"\0")))
    text = zlib_bomb(setting.scale.bomb)
    yield of_bytes(_GROUP, "text.png", lambda: _PNG + _chunk(b"zTXt", b"a\0\0" + text) + picture("PNG")[8:])
    yield of_bytes(_GROUP, "profile.png", lambda: picture("PNG")[:33] + _chunk(b"iCCP", b"a\0\0" + text))
    yield of_bytes(_GROUP, "no-pixels.png", lambda: _png(0, 0, grey, b""))
    yield of_bytes(_GROUP, "wrong-checksum.png", lambda: picture("PNG")[:-6] + b"abcdef")
    frame = b"\x21\xf9\x04\0\0\0\0\0\x2c\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x44\x01\0"
    colours = b"\0\0\0\xff\xff\xff"
    yield of_bytes(_GROUP, "claims-much.gif", lambda: b"GIF89a\xff\xff\xff\xff\x80\0\0" + colours + frame * many + b";")
    yield of_bytes(_GROUP, "claims-much.bmp", lambda: _bmp(2**31 - 1, 2**31 - 1))
    yield of_bytes(_GROUP, "negative.bmp", lambda: _bmp(-1, -(2**31)))
    jpeg = picture("JPEG")
    place = jpeg.index(b"\xff\xc0") + 5
    yield of_bytes(_GROUP, "claims-much.jpg", lambda: jpeg[:place] + b"\xff\xdc\xff\xdc" + jpeg[place + 4 :])
    yield of_bytes(_GROUP, "scans.jpg", lambda: _scans(many))
    cycle = b"II*\0\x08\0\0\0" + struct.pack("<H", 0) + struct.pack("<I", 8)
    yield of_bytes(_GROUP, "cycle.tiff", lambda: cycle)
    yield of_bytes(_GROUP, "claims-much.tiff", lambda: _tiff(60_000, 60_000))
    yield of_bytes(_GROUP, "claims-more.tiff", lambda: _tiff(2**32 - 1, 2**32 - 1))
    program = (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/tmp/escaped-from-picture) (w) file closefile showpage\n"
    )
    yield of_bytes(_GROUP, "program.eps", lambda: program)
    yield of_bytes(_GROUP, "program.png", lambda: program)
    for name, start in (
        ("webp", b"RIFF\xff\xff\xff\x7fWEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff"),
        ("ico", b"\0\0\1\0\xff\xff" + b"\0" * 200),
        ("psd", b"8BPS\0\1" + b"\0" * 6 + b"\0\3\0\x75\x30\0\0\x75\x30\0\x08\0\3"),
        ("jp2", b"\0\0\0\x0cjP  \r\n\x87\n" + b"\xff" * 400),
        ("fli", b"\x80\0\0\0\x11\xaf\xff\xff" + b"\0" * 200),
    ):
        yield of_bytes(_GROUP, f"false.{name}", partial(bytes, start))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, colours: bytes, packed: bytes) -> bytes:
    head = struct.pack(">II", width, height) + colours
    return _PNG + _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _bmp(width: int, height: int) -> bytes:
    return (
        b"BM"
        + struct.pack("<IHHI", 54, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    )


def _scans(count: int) -> bytes:
    """A progressive JPEG whose scans are repeated: each is decoded over the whole picture."""
    found = picture("JPEG", (4000, 4000)).replace(b"\xff\xc0", b"\xff\xc2", 1)
    scan = found.index(b"\xff\xda")
    return found[:scan] + found[scan : scan + 40] * count + b"\xff\xd9"


def _tiff(width: int, height: int) -> bytes:
    rows = ((256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, height), (279, 1))
    return (
        b"II*\0\x08\0\0\0"
        + struct.pack("<H", len(rows))
        + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in rows)
        + bytes(4)
    )
