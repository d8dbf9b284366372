"""PDFs: trees that bite their tails, streams that unpack to much, pages and pictures without end, passwords."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from functools import partial

from pypdf import PdfReader, PdfWriter

from benchmarks.hostile_files.hostile import Hostile, Scale, Setting, of_bytes
from benchmarks.hostile_files.packages import zlib_bomb
from benchmarks.hostile_files.sound import page, pdf, sound_pdf, stream

_TREES, _BOMBS, _LOCKED, _ODD = "PDF trees", "PDF bombs", "PDF passwords", "odd PDFs"
_CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
_TEXT = stream(b"BT /F 12 Tf 72 720 Td (limit 20,000) Tj ET")


def pdfs(setting: Setting) -> Iterator[Hostile]:
    """All of them."""
    yield from _locked()
    yield from _trees(setting.scale)
    yield from _bombs(setting.scale)
    yield from _odd(setting)


def _locked() -> Iterator[Hostile]:
    for algorithm in ("RC4-40", "RC4-128", "AES-128", "AES-256"):
        yield of_bytes(_LOCKED, f"{algorithm}.pdf", partial(_encrypt, algorithm, "open sesame"), outcome="refused")
    yield of_bytes(_LOCKED, "owner-only.pdf", partial(_encrypt, "AES-128", ""))
    unknown = b"/Root 1 0 R/Encrypt<</Filter/Standard/V 99/R 99/O(x)/U(x)/P 0>>/ID[(a)(b)]"
    yield of_bytes(_LOCKED, "unknown.pdf", lambda: pdf([_CATALOG, b"<</Type/Pages/Kids[]/Count 0>>"], trailer=unknown))


def _encrypt(algorithm: str, password: str) -> bytes:
    writer, buffer = PdfWriter(PdfReader(io.BytesIO(sound_pdf()))), io.BytesIO()
    writer.encrypt(password, "owner", algorithm=algorithm)
    writer.write(buffer)
    return buffer.getvalue()


def _trees(scale: Scale) -> Iterator[Hostile]:
    leaf = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"
    trees = {
        "own-child.pdf": [_CATALOG, b"<</Type/Pages/Kids[2 0 R]/Count 1>>"],
        "own-parent.pdf": [_CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", b"<</Type/Page/Parent 3 0 R>>"],
        "cycle.pdf": [
            _CATALOG,
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
            b"<</Type/Pages/Kids[3 0 R 2 0 R]/Count 1>>",
        ],
        "claims-a-billion.pdf": [_CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1000000000>>", leaf],
        "claims-less-than-none.pdf": [_CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count -2147483648>>", leaf],
        "same-page-often.pdf": [_CATALOG, b"<</Type/Pages/Kids[%s]/Count 200000>>" % (b"3 0 R " * 200_000), leaf],
        "points-at-itself.pdf": [b"1 0 R"],
        "no-pages.pdf": [b"<</Type/Catalog>>"],
        "outline-cycle.pdf": [
            b"<</Type/Catalog/Pages 2 0 R/Outlines 4 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            leaf,
            b"<</First 5 0 R/Last 5 0 R>>",
            b"<</Title(a)/Parent 4 0 R/Next 5 0 R/First 5 0 R>>",
        ],
        "length-is-itself.pdf": [_CATALOG, b"<</Type/Pages/Kids[]/Count 0>>", b"<</Length 3 0 R>>stream\nx\nendstream"],
    }
    for name, objects in trees.items():
        yield of_bytes(_TREES, name, partial(pdf, objects))
    yield of_bytes(_TREES, "million-pages.pdf", partial(_many_pages, scale.nesting * 10))
    yield of_bytes(_TREES, "deep-tree.pdf", partial(_deep_tree, scale.nesting // 2))
    yield of_bytes(_TREES, "previous-is-itself.pdf", _previous_is_itself)
    yield of_bytes(_TREES, "object-stream-in-itself.pdf", _object_stream_in_itself)


def _many_pages(count: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % number for number in range(3, count + 3))
    leaf = b"<</Type/Page/Parent 2 0 R>>"
    return pdf([_CATALOG, b"<</Type/Pages/Kids[%s]/Count %d/MediaBox[0 0 9 9]>>" % (kids, count), *[leaf] * count])


def _deep_tree(depth: int) -> bytes:
    inner = [b"<</Type/Pages/Parent %d 0 R/Kids[%d 0 R]/Count 1>>" % (n - 1, n + 1) for n in range(2, depth)]
    return pdf([_CATALOG, *inner, b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 9 9]>>" % (depth - 1)])


def _previous_is_itself() -> bytes:
    found = sound_pdf()
    start = found.index(b"\nxref") + 1
    return found.replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev %d/XRefStm %d" % (start, start))


def _object_stream_in_itself() -> bytes:
    inside = b"4 0 " + b"<</Type/ObjStm/N 1/First 4/Extends 4 0 R>>"
    return pdf(
        [
            _CATALOG,
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/Contents 4 0 R>>",
            stream(inside, b"/Type/ObjStm/N 1/First 4/Extends 4 0 R"),
        ]
    )


def _bombs(scale: Scale) -> Iterator[Hostile]:
    size = scale.bomb
    flate = b"/Filter/FlateDecode"

    def content(name: str, make: Callable[[], bytes], filters: bytes = flate) -> Hostile:
        return of_bytes(_BOMBS, name, lambda: page(stream(make(), filters)))

    yield content("spaces.pdf", lambda: zlib_bomb(size))
    yield content("operators.pdf", lambda: zlib_bomb(size, b"BT /F 9 Tf (x) Tj ET "))
    yield content("saves.pdf", lambda: zlib_bomb(size // 8, b"q "))
    yield content("brackets.pdf", lambda: zlib_bomb(size // 8, b"["))
    yield content("dictionaries.pdf", lambda: zlib_bomb(size // 8, b"<<"))
    yield content("twice.pdf", lambda: zlib.compress(zlib_bomb(size)), b"/Filter[/FlateDecode/FlateDecode]")
    yield content("many-filters.pdf", lambda: b"x", b"/Filter[%s]" % (b"/ASCIIHexDecode" * 10_000))
    runs = b"\x81a" * (size // 512) + b"\x80"
    yield content("runs.pdf", lambda: runs, b"/Filter/RunLengthDecode")
    yield content(
        "predictor.pdf", lambda: zlib_bomb(size // 8), flate + b"/DecodeParms<</Predictor 15/Columns 2000000000>>"
    )
    yield from _pictures(scale)
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>"
    yield of_bytes(_BOMBS, "form-in-itself.pdf", lambda: page(stream(b"/X Do"), extra=[stream(b"/X Do /X Do", form)]))
    maps = b"1 beginbfrange <0000> <FFFFFFFF> <0000> endbfrange " * 50
    yield of_bytes(_BOMBS, "map.pdf", lambda: _with_map(maps))


def _with_map(maps: bytes) -> bytes:
    font = b"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[]/ToUnicode 6 0 R>>"
    one = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/MediaBox[0 0 595 842]>>"
    begin = b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <0000> <FFFFFFFF> endcodespacerange "
    return pdf([_CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", one, _TEXT, font, stream(begin + maps + b"endcmap")])


def _pictures(scale: Scale) -> Iterator[Hostile]:
    """Pages without text, so that whoever reads pictures is asked."""
    flate = b"/Filter/FlateDecode"
    for name, width, colours, filters in (
        ("huge-picture.pdf", 100_000, b"/DeviceGray/BitsPerComponent 1", flate),
        ("huge-colours.pdf", 30_000, b"/DeviceRGB/BitsPerComponent 8", flate),
        ("false-jpeg.pdf", 65_000, b"/DeviceRGB/BitsPerComponent 8", b"/Filter/DCTDecode"),
        ("false-jpeg2000.pdf", 65_000, b"/DeviceRGB/BitsPerComponent 8", b"/Filter/JPXDecode"),
        ("false-fax.pdf", 65_000, b"/DeviceGray/BitsPerComponent 1", b"/Filter/CCITTFaxDecode"),
        ("false-jbig2.pdf", 65_000, b"/DeviceGray/BitsPerComponent 1", b"/Filter/JBIG2Decode"),
    ):
        entries = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace%s%s" % (width, width, colours, filters)
        data = partial(zlib_bomb, min(scale.bomb, 200 << 20), b"\0") if filters == flate else partial(bytes, 1000)
        yield of_bytes(_BOMBS, name, partial(_with_picture, entries, data))


def _with_picture(entries: bytes, data: Callable[[], bytes]) -> bytes:
    return page(stream(b"q 500 0 0 500 0 0 cm /X Do Q"), extra=[stream(data(), entries)])


def _odd(setting: Setting) -> Iterator[Hostile]:
    deep = setting.scale.nesting
    server = setting.server.encode()
    for name, box in (
        ("huge-box", b"[0 0 1e9 1e9]"),
        ("box-of-nothing", b"[0 0 0 0]"),
        ("box-upside-down", b"[9 9 -9e30 -9e30]"),
        ("box-of-words", b"[(a) /b null nan]"),
        ("tall-box", b"[0 0 1 14400000]"),
    ):
        empty = partial(page, stream(b""), entries=b"/MediaBox" + box)
        yield of_bytes(_ODD, f"{name}.pdf", empty)
        yield of_bytes(_ODD, f"{name}-text.pdf", partial(page, _TEXT, entries=b"/UserUnit 1000000/MediaBox" + box))
    yield of_bytes(_ODD, "header-only.pdf", lambda: b"%PDF-1.7\n", outcome="refused")
    yield of_bytes(_ODD, "nothing-but-end.pdf", lambda: b"%PDF-1.7\nstartxref\n0\n%%EOF")
    yield of_bytes(_ODD, "deep-array.pdf", lambda: pdf([_CATALOG, b"[" * deep * 10]))
    yield of_bytes(_ODD, "deep-string.pdf", lambda: pdf([_CATALOG, b"(" * deep * 10]))
    yield of_bytes(_ODD, "long-name.pdf", lambda: pdf([_CATALOG, b"/" + b"a" * deep * 10]))
    yield of_bytes(
        _ODD, "far-table.pdf", lambda: sound_pdf().replace(b"startxref\n", b"startxref\n9999999999999999999")
    )
    yield of_bytes(_ODD, "huge-size.pdf", lambda: sound_pdf().replace(b"/Size 6", b"/Size 2147483647"))
    actions = (
        b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.launchURL\\('%s/js'\\))>>"
        b"/AA<</WC<</S/URI/URI(%s/uri)>>>>>>" % (server, server)
    )
    kids = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    annotated = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Annots[<</Subtype/Link/A<</S/Launch/F(/bin/sh)>>>>]>>"
    outside = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents<</F<</FS/URL/F(%s/page)>>/Length 0>>>>" % server
    yield of_bytes("asks for what is outside", "actions.pdf", lambda: pdf([actions, kids, annotated]))
    yield of_bytes("asks for what is outside", "content.pdf", lambda: pdf([_CATALOG, kids, outside]))
