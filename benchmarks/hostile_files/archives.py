"""Packages that unpack to more than they say, that never end, or that are not what they claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from benchmarks.hostile_files.hostile import MIB, Hostile, Scale, Setting, of_bytes
from benchmarks.hostile_files.packages import ENCRYPTED, Entry, bomb, deflated, package, sound
from benchmarks.hostile_files.sound import docx_parts, odt_parts, paragraph, pptx_parts, slide_xml, word_xml

_FLAT, _ODD = "zip bombs", "dishonest packages"
_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


def archives(setting: Setting) -> Iterator[Hostile]:
    """Bombs first, then lies."""
    yield from _bombs(setting.scale)
    yield from _nested(setting.scale)
    yield from _lies(setting.scale)


def _with(parts: Mapping[str, str | bytes], *changed: Entry) -> bytes:
    """A package whose parts are sound but for these."""
    named = {entry.name for entry in changed}
    kept = [deflated(name, _bytes(text)) for name, text in parts.items() if name.encode() not in named]
    return package([*kept, *changed])


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _bombs(scale: Scale) -> Iterator[Hostile]:
    before, after = (part.encode() for part in word_xml(paragraph("\0")).split("\0"))
    size = scale.bomb
    docx, pptx, odt = docx_parts(), pptx_parts(), odt_parts()
    many = f"{paragraph('x')}" * 100

    def docx_bomb(**how: bytes) -> bytes:
        return _with(docx, bomb("word/document.xml", size, **how))

    text = {"begin": before, "end": after}
    yield of_bytes(_FLAT, "spaces.docx", lambda: docx_bomb(**text, fill=b" "))
    yield of_bytes(_FLAT, "letters.docx", lambda: docx_bomb(**text, fill=b"a"))
    yield of_bytes(_FLAT, "zeros.docx", lambda: docx_bomb(fill=b"\0"), outcome="refused")
    body_begin, body_end = (part.encode() for part in word_xml("\0").split("\0"))
    yield of_bytes(_FLAT, "paragraphs.docx", lambda: docx_bomb(begin=body_begin, fill=many.encode(), end=body_end))
    slide_begin, slide_end = (part.encode() for part in slide_xml("\0").split("\0"))
    yield of_bytes(
        _FLAT, "slide.pptx", lambda: _with(pptx, bomb("ppt/slides/slide1.xml", size, begin=slide_begin, end=slide_end))
    )
    yield of_bytes(_FLAT, "content.odt", lambda: _with(odt, bomb("content.xml", size, fill=b"<a/>")))
    for name in ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"):
        title = f"{name.rsplit('/', 1)[1].split('.')[0]}.xlsx"
        fill = b"<row><c t='inlineStr'><is><t>x</t></is></c></row>" if "sheet1" in name else b"<si><t>x</t></si>"
        begin = _SHEET.encode() if "sheet1" in name else b"<sst>"
        yield of_bytes(_FLAT, title, partial(_bombed_book, name, size, begin, fill))
    yield of_bytes(
        _FLAT,
        "picture-inside.docx",
        lambda: _with(docx, *(bomb(f"word/media/i{n}.png", size // 4, fill=b"\0") for n in range(4))),
    )
    yield of_bytes(_FLAT, "bare.zip", lambda: package([bomb("a.txt", size)]))


def _bombed_book(name: str, size: int, begin: bytes, fill: bytes) -> bytes:
    return _with(_workbook_parts(), bomb(name, size, begin=begin, fill=fill))


def _workbook_parts() -> dict[str, str | bytes]:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return {
        "[Content_Types].xml": (
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
            f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/></Types>'
        ),
        "_rels/.rels": (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
            f'xmlns:r="{office}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="r2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
        ),
        "xl/worksheets/sheet1.xml": f"{_SHEET}<row><c><v>1</v></c></row></sheetData></worksheet>",
        "xl/sharedStrings.xml": '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>',
    }


def _nested(scale: Scale) -> Iterator[Hostile]:
    def layers(name: str, depth: int, width: int) -> bytes:
        inner = package([bomb("0.txt", scale.bomb // 16)])
        for _ in range(depth):
            inner = sound({f"{number}{name}": inner for number in range(width)})
        return inner

    yield of_bytes("nested packages", "layers.zip", lambda: layers(".zip", 8, 4))
    yield of_bytes("nested packages", "layers.docx", lambda: layers(".docx", 6, 4), outcome="refused")
    yield of_bytes(
        "nested packages",
        "embedded.docx",
        lambda: sound(docx_parts() | {f"word/embeddings/{n}.docx": layers(".docx", 4, 2) for n in range(8)}),
    )

    def itself() -> bytes:
        """Not a fixed point, but each layer holds two copies of the one below: 2^12 documents in few bytes."""
        inner = sound(docx_parts())
        for _ in range(12):
            inner = sound(docx_parts() | {"word/embeddings/a.docx": inner, "word/embeddings/b.docx": inner})
        return inner

    yield of_bytes("nested packages", "like-a-quine.docx", itself)


def _lies(scale: Scale) -> Iterator[Hostile]:
    docx = docx_parts()
    main = "word/document.xml"
    honest = deflated(main, _bytes(docx[main]))

    def changed(name: str, entry: Entry, *more: Entry) -> Hostile:
        return of_bytes(_ODD, name, lambda: _with(docx, entry, *more))

    body = bomb(main, scale.bomb // 8)
    yield changed("says-it-is-small.docx", replace(body, declared=100))
    yield changed("says-it-is-huge.docx", replace(honest, declared=0xFFFF_FFF0))
    yield changed("wrong-checksum.docx", replace(honest, crc=1))
    yield changed("encrypted.docx", replace(honest, flags=ENCRYPTED))
    yield changed("unknown-method.docx", replace(honest, method=99))
    yield changed("climbs-out.docx", honest, deflated("../../../../tmp/escaped-from-package", b"x"))
    yield changed("absolute.docx", honest, deflated("/tmp/escaped-from-package", b"x"))
    yield changed("same-name-twice.docx", honest, honest)
    yield changed("name-with-nul.docx", honest, deflated("word/a\0.xml", b"x"))
    kernel = bomb("0", MIB)
    shared = [replace(kernel, name=b"%d" % number, shares=0 if number else None) for number in range(2000)]
    yield of_bytes(_ODD, "overlapping.docx", lambda: package([*shared, honest]))
    yield of_bytes(_ODD, "overlapping.zip", lambda: package(shared))
    entries = [Entry(name=b"%d" % number, data=b"", real_size=0, method=0) for number in range(scale.columns)]
    yield of_bytes(_ODD, "many-entries.docx", lambda: package([honest, *entries]))
    yield of_bytes(_ODD, "claims-many.docx", lambda: package([honest], count=0xFFFF))
    yield of_bytes(_ODD, "no-document.docx", lambda: sound({k: v for k, v in docx.items() if k != main}))
    yield of_bytes(_ODD, "no-parts.xlsx", lambda: sound({"a": "b"}))
    yield of_bytes(_ODD, "empty-package.pptx", lambda: package([]))
    yield of_bytes(_ODD, "directory-only.docx", lambda: package([honest])[-120:])
    yield of_bytes(_ODD, "before-the-package.docx", lambda: b"MZ" + bytes(1000) + sound(docx))
