"""PowerPoint presentations."""

from __future__ import annotations

from pathlib import Path

from clawdbot.knowledge.loaders.limits import LoadLimits
from tests.knowledge.loaders.loading import loaded, shown
from tests.knowledge.loaders.office_files import core, pptx, related, sld, sp, zipped


def cell(text: str, attributes: str = "") -> str:
    return f"<a:tc{attributes}><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>"


SPAN, BESIDE, BELOW = ' gridSpan="2"', ' hMerge="1"', ' vMerge="1"'
TABLE = (
    "<p:graphicFrame><a:graphic><a:graphicData><a:tbl>"
    f"<a:tr>{cell('地区')}{cell('2025', SPAN)}{cell('', BESIDE)}</a:tr>"
    f"<a:tr>{cell('North')}{cell('1')}{cell('2')}</a:tr>"
    f"<a:tr>{cell('', BELOW)}{cell('3')}{cell('4')}</a:tr>"
    "</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
)


def test_slides_in_their_order_with_titles_lists_tables_and_notes(tmp_path: Path) -> None:
    first = sp("2025", "12", kind="sldNum") + sp("Subtitle") + sp("年度", "总结", kind="ctrTitle")
    second = sp("Plan", kind="title") + sp("one", "\tdeeper", "two") + f"<p:grpSp>{sp('grouped')}</p:grpSp>{TABLE}"
    data = pptx(
        [first, second], notes={2: sp("Say this") + sp("7", kind="sldNum")}, core_part=core("PowerPoint Presentation")
    )
    extract = loaded(tmp_path, "a.pptx", data)
    assert [(block.page, line) for block, line in zip(extract.blocks, shown(extract), strict=True)] == [
        (1, "heading1: 年度 总结"),
        (1, "paragraph: Subtitle"),
        (2, "heading2: Plan"),
        (2, "list: - one\n  - deeper\n- two"),
        (2, "paragraph: grouped"),
        (2, "table: | 地区 | 2025 | 2025 |\n| North | 1 | 2 |\n| North | 3 | 4 |"),
        (2, "paragraph: Say this"),
    ]
    assert extract.blocks[-1].part == "notes"
    assert (extract.pages, extract.title) == (2, "PowerPoint Presentation")


def test_hidden_slides_are_left_out_and_pages_bounded(tmp_path: Path) -> None:
    slides = [sld(sp("hidden"), ' show="0"'), sp("shown"), sp("too much")]
    extract = loaded(tmp_path, "a.pptx", pptx(slides), limits=LoadLimits(max_pages=2))
    assert [(block.page, block.text) for block in extract.blocks] == [(2, "shown")]
    assert extract.notes == ("Only the first 2 of 3 slides are loaded.",)


def test_diagrams_have_text_too(tmp_path: Path) -> None:
    a = "http://schemas.openxmlformats.org/drawingml/2006/main"
    members = {
        "ppt/presentation.xml": '<p:presentation xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<p:sldIdLst><p:sldId r:id="r1"/><p:sldId r:id="gone"/></p:sldIdLst></p:presentation>',
        "ppt/_rels/presentation.xml.rels": related(("r1", "slide", "/ppt/slides/s.xml")),
        "ppt/slides/s.xml": sld(""),
        "ppt/slides/_rels/s.xml.rels": related(("d", "diagramData", "../diagrams/d.xml")),
        "ppt/diagrams/d.xml": f'<d xmlns:a="{a}"><a:p><a:r><a:t>Step</a:t></a:r><a:br/><a:r><a:t>1</a:t></a:r></a:p>'
        "</d>",
    }
    assert shown(loaded(tmp_path, "a.pptx", zipped(members))) == ["list: Step\n1"]


def test_no_slides_no_text(tmp_path: Path) -> None:
    assert loaded(tmp_path, "a.pptx", pptx([])).notes == ("It has no text.",)
