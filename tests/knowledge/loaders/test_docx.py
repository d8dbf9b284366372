"""Word documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.knowledge.loaders.loading import loaded, shown
from tests.knowledge.loaders.office_files import core, docx, p, tc, zipped

STYLES = """
<w:style w:styleId="1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="Own"><w:name w:val="Own"/><w:basedOn w:val="1"/></w:style>
<w:style w:styleId="Deep"><w:name w:val="Deep"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>
<w:style w:styleId="T"><w:name w:val="Title"/></w:style>
<w:style w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>
<w:style w:styleId="Item"><w:name w:val="List"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
"""

SPAN = '<w:gridSpan w:val="2"/>'
RESTART = '<w:vMerge w:val="restart"/>'


def level(n: int, form: str, text: str, start: int = 1) -> str:
    return (
        f'<w:lvl w:ilvl="{n}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
    )


def lists(*levels: str) -> str:
    found = "".join(levels)
    return (
        f'<w:abstractNum w:abstractNumId="0">{found}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    )


def item(text: str, n: int = 0) -> str:
    return p(text, settings=f'<w:numPr><w:ilvl w:val="{n}"/><w:numId w:val="1"/></w:numPr>')


def test_headings_by_style_outline_and_their_ancestors(tmp_path: Path) -> None:
    body = (
        p("信用政策", "T") + p("总则", "1") + p("Scope", "Own") + p("Detail", "Deep") + p("text", "Loop")
        + p("plain", "none") + p("Direct", settings='<w:outlineLvl w:val="1"/>')
    )  # fmt: skip
    extract = loaded(tmp_path, "a.docx", docx(body, styles=STYLES, core=core("", "Li", "2025-03-01T09:30:00Z")))
    assert shown(extract) == [
        "heading1: 信用政策", "heading1: 总则", "heading1: Scope", "heading3: Detail", "paragraph: text",
        "paragraph: plain", "heading2: Direct",
    ]  # fmt: skip
    assert (extract.title, extract.modified_at) == ("信用政策", "2025-03-01T09:30:00+00:00")
    assert extract.metadata["author"] == "Li"


def test_tracked_deletions_fields_and_hidden_text_are_not_shown(tmp_path: Path) -> None:
    body = (
        '<w:p><w:r><w:t xml:space="preserve">Limit </w:t></w:r><w:del><w:r><w:delText>50</w:delText></w:r></w:del>'
        "<w:ins><w:r><w:t>80</w:t></w:r></w:ins><w:r><w:tab/><w:t>万</w:t><w:noBreakHyphen/><w:br/><w:t>元</w:t></w:r>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>HIDDEN</w:t></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>"
        '<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>!</w:t></w:r></w:p>'
        "<w:ins><w:p><w:r><w:t>inserted</w:t></w:r></w:p></w:ins>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>in a control</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    extract = loaded(tmp_path, "a.docx", docx(body))
    assert shown(extract) == ["paragraph: Limit 80 万-\n元!", "paragraph: inserted", "paragraph: in a control"]


@pytest.mark.parametrize(
    ("form", "text", "marks"),
    [
        ("bullet", "•", ["-", "-"]),
        ("decimal", "%1.", ["3.", "4."]),
        ("chineseCounting", "第%1条", ["第三条", "第四条"]),
        ("lowerLetter", "(%1)", ["(c)", "(d)"]),
        ("upperRoman", "%1.", ["III.", "IV."]),
        ("decimalZero", "%1", ["03", "04"]),
    ],
)
def test_marks_of_lists(tmp_path: Path, form: str, text: str, marks: list[str]) -> None:
    extract = loaded(tmp_path, "a.docx", docx(item("one") + item("two"), numbering=lists(level(0, form, text, 3))))
    assert shown(extract) == [f"list: {marks[0]} one\n{marks[1]} two"]


def test_nested_lists_numbered_headings_and_lists_by_style(tmp_path: Path) -> None:
    numbering = lists(level(0, "decimal", "%1."), level(1, "decimal", "%1.%2"), level(2, "none", ""))
    heading = p("Head", "1", '<w:numPr><w:numId w:val="1"/></w:numPr>')
    body = heading + item("a", 1) + item("b", 1) + item("c") + item("d", 1) + item("none", 2) + p("styled", "Item")
    extract = loaded(tmp_path, "a.docx", docx(body, numbering=numbering, styles=STYLES))
    assert shown(extract) == [
        "heading1: 1. Head", "list:   1.1 a\n  1.2 b\n2. c\n  2.1 d", "paragraph: none", "list: 3. styled",
    ]  # fmt: skip


@pytest.mark.parametrize(("number", "mark"), [(10, "十"), (11, "十一"), (20, "二十"), (99, "九十九"), (100, "100")])
def test_chinese_numbers(tmp_path: Path, number: int, mark: str) -> None:
    numbering = lists(level(0, "chineseCountingThousand", "%1、", number))
    assert loaded(tmp_path, "a.docx", docx(item("x"), numbering=numbering)).text == f"{mark}、 x"


def test_tables_with_merged_cells(tmp_path: Path) -> None:
    table = (
        f"<w:tbl><w:tr>{tc('地区')}{tc('2025', SPAN)}</w:tr>"
        f"<w:tr>{tc('North', RESTART)}{tc('1')}{tc('2')}</w:tr>"
        f"<w:tr>{tc('', '<w:vMerge/>')}{tc('3')}{tc('a|b')}</w:tr>"
        f"<w:tr><w:trPr><w:del/></w:trPr>{tc('gone')}{tc('x')}{tc('y')}</w:tr></w:tbl>"
    )
    extract = loaded(tmp_path, "a.docx", docx(p("before") + table + p("after")))
    assert shown(extract) == [
        "paragraph: before", "table: | 地区 | 2025 | 2025 |\n| North | 1 | 2 |\n| North | 3 | a\\|b |",
        "paragraph: after",
    ]  # fmt: skip


def test_a_box_around_text_is_text(tmp_path: Path) -> None:
    body = f"<w:tbl><w:tr>{tc('Note: only text')}</w:tr></w:tbl>"
    assert shown(loaded(tmp_path, "a.docx", docx(body))) == ["paragraph: Note: only text"]


def test_footnotes_text_boxes_and_no_headers(tmp_path: Path) -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>In the box</w:t></w:r></w:p></w:txbxContent>"
    body = (
        '<w:p><w:r><w:t>Text</w:t><w:footnoteReference w:id="2"/></w:r>'
        f"<w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>"
    )
    notes = (
        '<w:footnote w:id="0" w:type="separator"><w:p><w:r><w:t>---</w:t></w:r></w:p></w:footnote>'
        '<w:footnote w:id="2"><w:p><w:r><w:t>The note</w:t></w:r></w:p></w:footnote>'
    )
    extract = loaded(tmp_path, "a.docx", docx(body, footnotes=notes))
    assert shown(extract) == ["paragraph: Text[2]", "paragraph: In the box", "paragraph: [2] The note"]
    assert extract.blocks[-1].part == "footnote"


def test_the_strict_form_is_read_too(tmp_path: Path) -> None:
    strict = "http://purl.oclc.org/ooxml/wordprocessingml/main"
    body = f'<w:document xmlns:w="{strict}"><w:body>{p("strict")}</w:body></w:document>'
    assert loaded(tmp_path, "a.docx", zipped({"word/document.xml": body})).text == "strict"


def test_a_title_that_programs_put_there_is_none(tmp_path: Path) -> None:
    for title in ("Microsoft Word - x.doc", "Document1", "文档 1", "report.docx", "123"):
        assert loaded(tmp_path, "Contract.docx", docx(p("x"), core=core(title))).title == "Contract"
