"""A small sound document of each format: what the broken ones are broken from."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Mapping

from openpyxl import Workbook
from PIL import Image, ImageDraw

from benchmarks.hostile_files.packages import sound

SENTENCE = "The approval limit is 20,000 EUR. 审批限额为两万欧元。"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SLIDES = "http://schemas.openxmlformats.org/presentationml/2006/main"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_MIME = "application/vnd.openxmlformats-officedocument"


def relations(targets: Mapping[str, tuple[str, str, bool]]) -> str:
    """A .rels part: identifier -> (kind, target, external)."""
    rows = "".join(
        f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"'
        f"{' TargetMode=' + chr(34) + 'External' + chr(34) if external else ''}/>"
        for name, (kind, target, external) in targets.items()
    )
    return f'{_XML}<Relationships xmlns="{_RELATIONS}">{rows}</Relationships>'


def _types(parts: Mapping[str, str]) -> str:
    rows = "".join(f'<Override PartName="/{name}" ContentType="{_MIME}.{kind}"/>' for name, kind in parts.items())
    return (
        f'{_XML}<Types xmlns="{_TYPES}"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{rows}</Types>'
    )


def word_xml(body: str, *, doctype: str = "") -> str:
    """A document.xml with this inside its body."""
    return f'{_XML}{doctype}<w:document xmlns:w="{_WORD}" xmlns:r="{_OFFICE}"><w:body>{body}</w:body></w:document>'


def paragraph(text: str) -> str:
    """A paragraph of DOCX."""
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def docx_parts(document: str | None = None) -> dict[str, str | bytes]:
    """The parts of a DOCX."""
    return {
        "[Content_Types].xml": _types({"word/document.xml": "wordprocessingml.document.main+xml"}),
        "_rels/.rels": relations({"r1": ("officeDocument", "word/document.xml", False)}),
        "word/document.xml": word_xml(paragraph(SENTENCE)) if document is None else document,
    }


def slide_xml(text: str, *, doctype: str = "") -> str:
    """A slide with one text box."""
    return (
        f'{_XML}{doctype}<p:sld xmlns:p="{_SLIDES}" xmlns:a="{_DRAWING}" xmlns:r="{_OFFICE}"><p:cSld><p:spTree>'
        "<p:nvGrpSpPr><p:cNvPr id='1' name=''/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>"
        "<p:sp><p:nvSpPr><p:cNvPr id='2' name='Text'/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>"
        f"<p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
        "</p:spTree></p:cSld></p:sld>"
    )


def pptx_parts(slide: str | None = None) -> dict[str, str | bytes]:
    """The parts of a PPTX."""
    main, one = "presentationml.presentation.main+xml", "presentationml.slide+xml"
    return {
        "[Content_Types].xml": _types({"ppt/presentation.xml": main, "ppt/slides/slide1.xml": one}),
        "_rels/.rels": relations({"r1": ("officeDocument", "ppt/presentation.xml", False)}),
        "ppt/presentation.xml": (
            f'{_XML}<p:presentation xmlns:p="{_SLIDES}" xmlns:r="{_OFFICE}">'
            '<p:sldIdLst><p:sldId id="256" r:id="r1"/></p:sldIdLst></p:presentation>'
        ),
        "ppt/_rels/presentation.xml.rels": relations({"r1": ("slide", "slides/slide1.xml", False)}),
        "ppt/slides/slide1.xml": slide_xml(SENTENCE) if slide is None else slide,
    }


def xlsx() -> bytes:
    """A workbook with one sheet."""
    book, buffer = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in (("Item", "Limit"), ("Travel", 20000), ("审批", 500)):
        sheet.append(row)
    book.save(buffer)
    return buffer.getvalue()


def odt_parts(content: str | None = None) -> dict[str, str | bytes]:
    """The parts of an ODT."""
    office, text = "urn:oasis:names:tc:opendocument:xmlns:office:1.0", "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
    sane = (
        f'{_XML}<office:document-content xmlns:office="{office}" xmlns:text="{text}"><office:body><office:text>'
        f"<text:p>{SENTENCE}</text:p></office:text></office:body></office:document-content>"
    )
    return {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": sane if content is None else content,
        "META-INF/manifest.xml": f"{_XML}<manifest/>",
    }


def pdf(objects: Iterable[bytes], *, trailer: bytes = b"/Root 1 0 R", header: bytes = b"%PDF-1.7\n") -> bytes:
    """A PDF with these objects, numbered from 1, and a right cross-reference table."""
    out, places = bytearray(header), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d %s>>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, trailer, start)
    return bytes(out)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(data), data)


def page(contents: bytes, *, entries: bytes = b"/MediaBox[0 0 595 842]", extra: Iterable[bytes] = ()) -> bytes:
    """A PDF of one page; ``contents`` is object 4, a font is object 5, ``extra`` follows."""
    extra = list(extra)
    drawn = b"/XObject<</X 6 0 R>>" if extra else b""
    one = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>%s>>%s>>" % (drawn, entries)
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", one, contents, font, *extra])


def sound_pdf() -> bytes:
    """A PDF of one page with a sentence."""
    text = b"BT /F 12 Tf 72 720 Td (The approval limit is 20,000 EUR.) Tj ET"
    return page(stream(zlib.compress(text), b"/Filter/FlateDecode"))


def picture(kind: str, size: tuple[int, int] = (320, 80)) -> bytes:
    """A picture with a sentence; ``kind`` is Pillow's name of the format."""
    drawn, buffer = Image.new("RGB", size, "white"), io.BytesIO()
    ImageDraw.Draw(drawn).text((10, 30), "Approval limit 20,000 EUR", fill="black")
    drawn.save(buffer, kind)
    return buffer.getvalue()


def eml(body: str = SENTENCE) -> bytes:
    """A mail in UTF-8."""
    return (
        "From: anna@example.com\r\nTo: li@example.com\r\nSubject: Limits\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
    ).encode()


def documents() -> dict[str, bytes]:
    """Suffix -> a sound document of that format."""
    rows = "".join(f"<tr><td>{n}</td><td>{SENTENCE}</td></tr>" for n in range(20))
    head = "<html><head><meta charset='utf-8'><title>T</title></head>"
    return {
        ".pdf": sound_pdf(),
        ".docx": sound(docx_parts()),
        ".xlsx": xlsx(),
        ".pptx": sound(pptx_parts()),
        ".odt": sound(odt_parts()),
        ".html": f"{head}<body><table>{rows}</table></body>".encode(),
        ".md": f"---\ntitle: Limits\n---\n# Limits\n\n{SENTENCE}\n\n| a | b |\n|---|---|\n| 1 | 2 |\n".encode(),
        ".csv": f'item,limit\ntravel,20000\n审批,500\n"{SENTENCE}",1\n'.encode(),
        ".txt": (f"{SENTENCE}\n" * 10).encode(),
        ".eml": eml(),
        ".rtf": rb"{\rtf1\ansi\ansicpg1252 The approval limit is {\b 20,000} EUR.\par}",
        ".png": picture("PNG"),
        ".jpg": picture("JPEG"),
        ".tiff": picture("TIFF"),
        ".gif": picture("GIF"),
    }
