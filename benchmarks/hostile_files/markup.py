"""XML and HTML that grows when it is read, asks for other files or servers, or never gets to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.hostile_files.hostile import Hostile, Setting, of_bytes
from benchmarks.hostile_files.packages import sound
from benchmarks.hostile_files.sound import (
    SENTENCE,
    docx_parts,
    odt_parts,
    paragraph,
    pptx_parts,
    relations,
    slide_xml,
    word_xml,
)

SECRET = "root:x:0:0"
"""Begins /etc/passwd, which the external entities ask for."""

_OUTSIDE, _GROWS, _DEEP = "asks for what is outside", "entities that grow", "deep or endless markup"


def markup(setting: Setting) -> Iterator[Hostile]:
    """Entities in each format that is XML inside, then what HTML and Markdown can do."""
    for suffix, document in _XML_DOCUMENTS.items():
        for name, doctype in _doctypes(setting.server).items():
            group = _GROWS if name in ("laughs", "quadratic") else _OUTSIDE
            text = "&x;" * 2000 if name == "quadratic" else "&x;"
            yield of_bytes(
                group,
                f"{name}{suffix}",
                partial(document, text, doctype),
                never=SECRET,
            )
    yield from _references(setting.server)
    yield from _deep(setting)
    yield from _encodings()


def _doctypes(server: str) -> dict[str, str]:
    laughs = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return {
        "laughs": f'<!DOCTYPE r [{laughs}<!ENTITY x "&l9;">]>',
        "quadratic": f'<!DOCTYPE r [<!ENTITY x "{"a" * 50_000}">]>',
        "file": '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        "server": f'<!DOCTYPE r [<!ENTITY x SYSTEM "{server}/entity">]>',
        "definition": f'<!DOCTYPE r SYSTEM "{server}/definition.dtd">',
        "parameter": f'<!DOCTYPE r [<!ENTITY % p SYSTEM "{server}/parameter.dtd"> %p;]>',
    }


def _odt(text: str, doctype: str) -> bytes:
    sane = str(odt_parts()["content.xml"])
    return sound(odt_parts(sane.replace("?>", f"?>{doctype}", 1).replace(SENTENCE, text)))


def _xlsx(text: str, doctype: str) -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    rows = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{text}</t></is></c></row>'
    sheets = '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
    book = f'<workbook xmlns="{main}" xmlns:r="{office}">{sheets}</workbook>'
    return sound(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": relations({"r1": ("officeDocument", "xl/workbook.xml", False)}),
            "xl/workbook.xml": book,
            "xl/_rels/workbook.xml.rels": relations({"r1": ("worksheet", "worksheets/sheet1.xml", False)}),
            "xl/worksheets/sheet1.xml": (
                f'<?xml version="1.0"?>{doctype}<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'
            ),
        }
    )


_XML_DOCUMENTS: dict[str, Callable[[str, str], bytes]] = {
    ".docx": lambda text, doctype: sound(docx_parts(word_xml(paragraph(text), doctype=doctype))),
    ".pptx": lambda text, doctype: sound(pptx_parts(slide_xml(text, doctype=doctype))),
    ".xlsx": _xlsx,
    ".odt": _odt,
    ".html": lambda text, doctype: f"<?xml version='1.0'?>{doctype}<html><body><p>{text}</p></body></html>".encode(),
    ".svg": lambda text, doctype: (
        f"{doctype}<svg xmlns='http://www.w3.org/2000/svg'><text>{text}</text></svg>".encode()
    ),
}


def _references(server: str) -> Iterator[Hostile]:
    """Links, pictures, templates and scripts on a server: none may be fetched."""
    outside = {
        "t": ("attachedTemplate", f"{server}/template.dotm", True),
        "i": ("image", f"{server}/image.png", True),
        "f": ("image", "file:///etc/passwd", True),
        "a": ("aFChunk", f"{server}/chunk.html", True),
    }
    picture = '<w:p><w:r><w:pict r:id="i"/></w:r></w:p><w:altChunk r:id="a"/>'
    parts = docx_parts(word_xml(paragraph(SENTENCE) + picture)) | {"word/_rels/document.xml.rels": relations(outside)}
    yield of_bytes(_OUTSIDE, "relations.docx", lambda: sound(parts), never=SECRET)
    slides = pptx_parts() | {"ppt/slides/_rels/slide1.xml.rels": relations(outside)}
    yield of_bytes(_OUTSIDE, "relations.pptx", lambda: sound(slides), never=SECRET)
    page = (
        f"<html><head><base href='{server}/'><link rel=stylesheet href='{server}/s.css'>"
        f"<meta http-equiv=refresh content='0;url={server}/r'><script src='{server}/s.js'></script></head><body>"
        f"<img src='{server}/i.png'><iframe src='{server}/f'></iframe><object data='file:///etc/passwd'></object>"
        f"<p>{SENTENCE}</p></body></html>"
    )
    yield of_bytes(_OUTSIDE, "page.html", page.encode, outcome="loaded", never=SECRET)
    text = f"![i]({server}/i.png)\n\n[l]: {server}/l\n\n<img src={server}/j.png>\n\n{SENTENCE}\n"
    yield of_bytes(_OUTSIDE, "page.md", text.encode, outcome="loaded", never=SECRET)
    rich = rf'{{\rtf1 {{\field{{\*\fldinst INCLUDEPICTURE "{server}/i.png"}}{{\fldrslt}}}} Limit 20,000}}'
    yield of_bytes(_OUTSIDE, "field.rtf", rich.encode, never=SECRET)


def _docx(body: str) -> bytes:
    return sound(docx_parts(word_xml(body)))


def _deep(setting: Setting) -> Iterator[Hostile]:
    deep, wide = setting.scale.nesting, setting.scale.columns
    word = {
        "deep-tables.docx": "<w:tbl><w:tr><w:tc>" * (deep // 3)
        + paragraph("x")
        + "</w:tc></w:tr></w:tbl>" * (deep // 3),
        "deep-boxes.docx": "<w:sdt><w:sdtContent>" * deep + paragraph("x") + "</w:sdtContent></w:sdt>" * deep,
        "many-attributes.docx": f"<w:p {' '.join(f'a{n}={chr(34)}1{chr(34)}' for n in range(wide))}/>",
        "wide-span.docx": (
            '<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2000000000"/></w:tcPr>'
            + paragraph("x")
            + "</w:tc></w:tr></w:tbl>"
        ),
        "deep-list.docx": '<w:p><w:pPr><w:numPr><w:ilvl w:val="99999999"/></w:numPr></w:pPr></w:p>' + paragraph("x"),
    }
    for name, body in word.items():
        yield of_bytes(_DEEP, name, partial(_docx, body))
    yield of_bytes(_DEEP, "cells-far-out.xlsx", _far_cells)
    pages = {
        "deep-divs.html": "<div>" * deep + "x",
        "deep-tables.html": "<table><tr><td>" * deep + "x",
        "deep-lists.html": "<ul><li>" * deep + "x",
        "deep-fonts.html": "<b><i><font>" * deep + "x",
        "open-tags.html": "<" * deep,
        "many-attributes.html": "<p " + " ".join(f"a{n}=1" for n in range(wide)) + ">x",
        "wide-span.html": "<table><tr><td colspan=2000000000 rowspan=2000000000>x</td></tr></table>",
        "many-spans.html": "<table>" + "<tr><td colspan=1000 rowspan=65534>x</td></tr>" * 200 + "</table>",
        "long-comment.html": "<!--" + "-" * deep * 10,
        "script.html": "<script>" + "a" * deep * 10 + "</script>x",
        "entities.html": "&amp" * deep + "&#x10FFFF;&#xD800;&#99999999999;",
    }
    for name, text in pages.items():
        yield of_bytes(_DEEP, name, text.encode)


def _far_cells() -> bytes:
    row = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'
    return _xlsx(f"a</t></is></c></row>{row}<row><c><is><t>", "")


def _encodings() -> Iterator[Hostile]:
    lies = word_xml(paragraph(SENTENCE)).encode("utf-16")
    yield of_bytes("false encodings", "utf16-says-utf8.docx", lambda: sound(docx_parts() | {"word/document.xml": lies}))
    wrong = word_xml(paragraph("\0")).encode().replace(b"\0", b"\xff\xfe\x00")
    yield of_bytes("false encodings", "bytes-in-xml.docx", lambda: sound(docx_parts() | {"word/document.xml": wrong}))
    for charset in ("utf-7", "rot13", "idna", "zlib", "unicode_escape", "x" * 10_000):
        page = f"<meta charset={charset}><p>+ADw-script+AD4- limit</p>".encode()
        yield of_bytes("false encodings", f"{charset[:20]}.html", partial(bytes, page))
