"""Office documents written by hand, part by part."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
P = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
    "<dc:title>{title}</dc:title><dc:creator>{author}</dc:creator><dcterms:modified>{modified}</dcterms:modified>"
    "</cp:coreProperties>"
)


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """A ZIP file of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def core(title: str = "", author: str = "", modified: str = "") -> str:
    """docProps/core.xml."""
    return _CORE.format(title=title, author=author, modified=modified)


def related(*relations: tuple[str, str, str]) -> str:
    """A .rels part of (id, kind, target)."""
    found = "".join(f'<Relationship Id="{i}" Type="{_RELATION}/{kind}" Target="{to}"/>' for i, kind, to in relations)
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{found}</Relationships>'
    )


def docx(body: str, **parts: str) -> bytes:
    """A Word document; ``styles``, ``numbering``, ``footnotes``, ``core`` are inner XML or whole parts."""
    members = {
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": f"<w:document {W} {MC} {R}><w:body>{body}</w:body></w:document>",
        "word/header1.xml": f"<w:hdr {W}><w:p><w:r><w:t>HEADER</w:t></w:r></w:p></w:hdr>",
    }
    relations = [("h", "header", "header1.xml")]
    for kind in ("styles", "numbering", "footnotes"):
        if kind in parts:
            members[f"word/{kind}.xml"] = f"<w:{kind} {W}>{parts[kind]}</w:{kind}>"
            relations.append((kind, kind, f"{kind}.xml"))
    if "core" in parts:
        members["docProps/core.xml"] = parts["core"]
    members["word/_rels/document.xml.rels"] = related(*relations)
    return zipped(members)


def p(text: str, style: str = "", settings: str = "") -> str:
    """A Word paragraph."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f'<w:p><w:pPr>{named}{settings}</w:pPr><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def tc(text: str, settings: str = "") -> str:
    """A cell of a Word table."""
    return f"<w:tc><w:tcPr>{settings}</w:tcPr>{p(text)}</w:tc>"


def pptx(slides: list[str], *, notes: Mapping[int, str] | None = None, core_part: str = "") -> bytes:
    """A presentation; each slide is the inner XML of its shape tree."""
    members = {"[Content_Types].xml": "<Types/>"}
    order = "".join(f'<p:sldId id="{n}" r:id="r{n}"/>' for n in range(1, len(slides) + 1))
    members["ppt/presentation.xml"] = f"<p:presentation {P} {R}><p:sldIdLst>{order}</p:sldIdLst></p:presentation>"
    members["ppt/_rels/presentation.xml.rels"] = related(
        *((f"r{n}", "slide", f"slides/slide{len(slides) + 1 - n}.xml") for n in range(1, len(slides) + 1))
    )
    for n, slide in enumerate(slides, 1):
        name = f"slide{len(slides) + 1 - n}.xml"  # the files' names are in another order than the slides
        members[f"ppt/slides/{name}"] = slide if slide.startswith("<p:sld ") else sld(slide)
        if notes and n in notes:
            members[f"ppt/slides/_rels/{name}.rels"] = related(("n", "notesSlide", f"../notesSlides/notes{n}.xml"))
            members[f"ppt/notesSlides/notes{n}.xml"] = (
                f"<p:notes {P} {A}><p:cSld><p:spTree>{notes[n]}</p:spTree></p:cSld></p:notes>"
            )
    if core_part:
        members["docProps/core.xml"] = core_part
    return zipped(members)


def sld(shapes: str, attributes: str = "") -> str:
    """A slide."""
    return f"<p:sld {P} {A} {R} {MC}{attributes}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"


def sp(*lines: str, kind: str = "") -> str:
    """A shape with text; a line that begins with a tab is one level deeper."""
    placeholder = f'<p:ph type="{kind}"/>' if kind else ""
    paragraphs = "".join(
        f'<a:p><a:pPr lvl="{line.count(chr(9))}"/><a:r><a:t>{line.strip()}</a:t></a:r></a:p>' for line in lines
    )
    return f"<p:sp><p:nvSpPr><p:nvPr>{placeholder}</p:nvPr></p:nvSpPr><p:txBody>{paragraphs}</p:txBody></p:sp>"


_ODF = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "table", "meta")
)


def odt(body: str, *, meta: str = "", encrypted: bool = False) -> bytes:
    """An OpenDocument text."""
    members = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "META-INF/manifest.xml": "<m><encryption-data/></m>" if encrypted else "<m/>",
        "content.xml": f"<office:document-content {_ODF}><office:body><office:text>{body}</office:text></office:body>"
        "</office:document-content>",
    }
    if meta:
        members["meta.xml"] = (
            f'<office:document-meta {_ODF} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>{meta}</office:meta>'
            "</office:document-meta>"
        )
    return zipped(members)
