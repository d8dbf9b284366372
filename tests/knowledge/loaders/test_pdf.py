"""PDF files: reading order, headings, tables, pages without text."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from clawdbot.errors import LoadFailed
from clawdbot.knowledge.loaders.limits import LoadLimits
from tests.knowledge.loaders.loading import SizeReader, loaded, shown
from tests.knowledge.loaders.pdf_files import chinese_pdf, paragraph, pdf, rule, text

BODY = (
    "The customer may not exceed the credit limit unless the head",
    "of finance has agreed to it in writing before the order is con-",
    "firmed.",
)
WHOLE = (
    "The customer may not exceed the credit limit unless the head of finance has agreed to it in writing before the "
    "order is confirmed."
)


def test_paragraphs_headings_and_lists(tmp_path: Path) -> None:
    page = "\n".join([
        text(72, 780, "Credit policy", size=20),
        text(72, 740, "1 Scope", size=14),
        paragraph(72, 710, BODY),
        paragraph(72, 650, ["A second paragraph."]),
        paragraph(72, 620, ["1. first item that is quite long", "2. second item"]),
        text(72, 580, "Bold words", bold=True),
        paragraph(72, 560, ["More text below the bold words, which are a heading."]),
    ])  # fmt: skip
    info = {"Title": "Untitled", "Author": "Li Lei", "ModDate": "D:20250301093000+08'00'"}
    extract = loaded(tmp_path, "a.pdf", pdf([page], info=info))
    assert shown(extract) == [
        "heading1: Credit policy",
        "heading2: 1 Scope",
        f"paragraph: {WHOLE}",
        "paragraph: A second paragraph.",
        "list: 1. first item that is quite long\n2. second item",
        "heading3: Bold words",
        "paragraph: More text below the bold words, which are a heading.",
    ]
    assert {block.page for block in extract.blocks} == {1}
    assert (extract.title, extract.pages) == ("Credit policy", 1)
    assert extract.modified_at == "2025-03-01T01:30:00+00:00"
    assert extract.metadata == {"author": "Li Lei", "media": "application/pdf"}


def test_chinese_lines_are_joined_without_blanks(tmp_path: Path) -> None:
    lines = [
        (72, 780, "信用政策", 20), (72, 720, "客户的信用额度不得超过五十万元，超过的须经财务总监书", 12),
        (72, 704, "面批准。共 3 页，金额 1,234.50 元。", 12), (72, 660, "第二段。", 12),
    ]  # fmt: skip
    assert shown(loaded(tmp_path, "a.pdf", chinese_pdf(lines))) == [
        "heading1: 信用政策",
        "paragraph: 客户的信用额度不得超过五十万元，超过的须经财务总监书面批准。共 3 页，金额 1,234.50 元。",
        "paragraph: 第二段。",
    ]


def column(words: str, count: int) -> list[str]:
    return [f"{words} line {n} with some more words in it" for n in range(count)]


def test_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    page = "\n".join([
        text(72, 790, "A title across both of the columns of this page", size=18),
        paragraph(50, 740, column("left", 12), size=9), paragraph(320, 733, column("right", 12), size=9),
        text(50, 500, "A line across the page, which closes the columns that stand above it, and goes on.", size=9),
        paragraph(50, 470, column("lower left", 8), size=9), paragraph(320, 470, column("lower right", 8), size=9),
    ])  # fmt: skip
    found = loaded(tmp_path, "a.pdf", pdf([page])).text
    order = [found.index(words) for words in (
        "A title", "left line 0", "left line 11", "right line 0", "right line 11", "A line across",
        "lower left line 0", "lower left line 7", "lower right line 0",
    )]  # fmt: skip
    assert order == sorted(order)


def grid(x: list[int], y: list[int]) -> str:
    return "\n".join([*(rule(x[0], at, x[-1], at) for at in y), *(rule(at, y[0], at, y[-1]) for at in x)])


def test_tables_with_rules(tmp_path: Path) -> None:
    page = "\n".join([
        text(72, 780, "Before the table."),
        grid([72, 200, 300, 400], [600, 640, 660, 680]),
        text(80, 665, "Region"), text(210, 665, "2024"), text(310, 665, "2025"),
        text(80, 645, "North"), text(210, 645, "1"), text(310, 645, "2"),
        text(80, 625, "South and"), text(80, 610, "islands"), text(310, 625, "4"),
        text(72, 560, "After the table."),
    ])  # fmt: skip
    assert shown(loaded(tmp_path, "a.pdf", pdf([page]))) == [
        "paragraph: Before the table.",
        "table: | Region | 2024 | 2025 |\n| North | 1 | 2 |\n| South and islands |  | 4 |",
        "paragraph: After the table.",
    ]


def test_cells_that_span_stand_in_all_that_they_cover(tmp_path: Path) -> None:
    page = "\n".join([
        *(rule(72, at, 400, at) for at in (680, 640, 620)), rule(200, 660, 400, 660),
        *(rule(at, 620, at, 680) for at in (72, 200, 400)), rule(300, 620, 300, 660),
        text(80, 655, "Region"), text(250, 665, "Sales"), text(210, 645, "Plan"), text(310, 645, "Real"),
        text(80, 625, "North"), text(210, 625, "1"), text(310, 625, "2"),
    ])  # fmt: skip
    assert shown(loaded(tmp_path, "a.pdf", pdf([page]))) == [
        "table: | Region | Sales Plan | Sales Real |\n| North | 1 | 2 |"
    ]


def test_cells_drawn_as_boxes(tmp_path: Path) -> None:
    cells = [(72 + 100 * c, 640 - 20 * r) for r in range(3) for c in range(2)]
    boxes = "\n".join(f"{x} {y} 100 20 re S" for x, y in cells)
    words = "\n".join(text(x + 5, y + 5, f"cell {n}") for n, (x, y) in enumerate(cells))
    table = "table: | cell 0 | cell 1 |\n| cell 2 | cell 3 |\n| cell 4 | cell 5 |"
    assert shown(loaded(tmp_path, "a.pdf", pdf([boxes + "\n" + words]))) == [table]


def test_a_grid_drawn_as_one_path(tmp_path: Path) -> None:
    lines = [f"72 {y} m 272 {y} l" for y in (600, 620, 640)] + [f"{x} 600 m {x} 640 l" for x in (72, 172, 272)]
    words = [text(80 + 100 * n, y, word) for y, row in ((625, "ab"), (605, "12")) for n, word in enumerate(row)]
    page = "\n".join([*lines, "S", *words, text(72, 700, "More than eight characters")])
    assert shown(loaded(tmp_path, "a.pdf", pdf([page])))[1:] == ["table: | a | b |\n| 1 | 2 |"]


def test_a_frame_around_text_is_no_table(tmp_path: Path) -> None:
    page = f"60 600 400 130 re S\n{paragraph(72, 700, BODY)}"
    assert shown(loaded(tmp_path, "a.pdf", pdf([page]))) == [f"paragraph: {WHOLE}"]


def test_headings_at_the_top_of_pages_stay(tmp_path: Path) -> None:
    pages = [text(72, 800, f"{n} Chapter", size=18) + "\n" + paragraph(72, 700, BODY) for n in range(1, 5)]
    extract = loaded(tmp_path, "a.pdf", pdf(pages))
    assert [block.text for block in extract.blocks if block.kind == "heading"] == [f"{n} Chapter" for n in range(1, 5)]


def test_columns_that_stand_close(tmp_path: Path) -> None:
    left = [f"left line {n} that fills the column to its end" for n in range(10)]
    right = [f"right line {n} that fills the column as well" for n in range(10)]
    page = paragraph(72, 700, left, size=10) + "\n" + paragraph(72 + 202, 700, right, size=10)
    found = loaded(tmp_path, "a.pdf", pdf([page])).text
    assert found.index("left line 9") < found.index("right line 0")


ROWS = [("Item", "Price", "Count"), ("Paper and pens", "12.50", "3"), ("Ink", "7.00", "11"), ("Desk", "120.00", "1")]
TABLE = "table: | Item | Price | Count |\n| Paper and pens | 12.50 | 3 |\n| Ink | 7.00 | 11 |\n| Desk | 120.00 | 1 |"


def set_rows(top: int) -> str:
    return "\n".join(
        text(x, top - 16 * n, cell) for n, row in enumerate(ROWS) for x, cell in zip((72, 250, 350), row, strict=True)
    )


def test_tables_between_rules_and_without_any(tmp_path: Path) -> None:
    rules = "\n".join(rule(70, at, 400, at) for at in (714, 695, 645))
    assert shown(loaded(tmp_path, "a.pdf", pdf([set_rows(700) + "\n" + rules]))) == [TABLE]
    around = text(72, 760, "Before it stands a sentence.") + "\n" + text(72, 600, "After it stands another.")
    assert shown(loaded(tmp_path, "b.pdf", pdf([set_rows(700) + "\n" + around]))) == [
        "paragraph: Before it stands a sentence.", TABLE, "paragraph: After it stands another.",
    ]  # fmt: skip


def test_two_tables_of_one_width_and_frames_of_that_width_between(tmp_path: Path) -> None:
    rules = [rule(70, at, 400, at) for at in (714, 695, 645, 620, 590, 514, 495, 445)]
    page = "\n".join([set_rows(700), text(72, 600, "A sentence in a frame."), set_rows(500), *rules])
    assert shown(loaded(tmp_path, "a.pdf", pdf([page]))) == [TABLE, "paragraph: A sentence in a frame.", TABLE]


def test_a_cell_of_two_lines_between_rules(tmp_path: Path) -> None:
    rules = "\n".join(rule(70, at, 400, at) for at in (714, 695, 645))
    second = text(250, 660, "each")
    page = "\n".join([
        text(72, 700, "Item"), text(250, 700, "Price"), text(350, 700, "Count"),
        text(72, 674, "Ink"), text(250, 674, "7.00"), text(350, 674, "11"), second, rules,
    ])  # fmt: skip
    assert shown(loaded(tmp_path, "a.pdf", pdf([page]))) == [
        "table: | Item | Price | Count |\n| Ink | 7.00 each | 11 |"
    ]


def test_running_headers_footers_and_page_numbers_are_left_out(tmp_path: Path) -> None:
    pages = [
        "\n".join([
            text(72, 800, "Company handbook 2025", size=9), text(290, 40, f"Page {n} of 4", size=9),
            paragraph(72, 700, [f"What page {n} says is this."]),
        ])
        for n in range(1, 5)
    ]  # fmt: skip
    extract = loaded(tmp_path, "a.pdf", pdf(pages))
    assert [(block.page, block.text) for block in extract.blocks] == [
        (n, f"What page {n} says is this.") for n in range(1, 5)
    ]


def test_a_table_of_contents_loses_its_dots(tmp_path: Path) -> None:
    page = paragraph(72, 700, [f"{n}. Chapter {'. ' * 30} {n * 7}" for n in range(1, 4)])
    assert shown(loaded(tmp_path, "a.pdf", pdf([page]))) == ["list: 1. Chapter … 7\n2. Chapter … 14\n3. Chapter … 21"]


def test_small_raised_digits_are_no_part_of_a_number(tmp_path: Path) -> None:
    page = text(72, 700, "The area is 50 m") + "\n" + text(155, 705, "2", size=6) + "\n" + text(162, 700, "in all")
    assert loaded(tmp_path, "a.pdf", pdf([page])).text == "The area is 50 m² in all"


def test_text_drawn_twice_is_read_once(tmp_path: Path) -> None:
    page = text(72, 700, "Shadowed words here") + "\n" + text(72.4, 700, "Shadowed words here")
    assert loaded(tmp_path, "a.pdf", pdf([page])).text == "Shadowed words here"


@pytest.mark.parametrize("turn", ["0 1 -1 0 595 0", "-1 0 0 -1 595 842", "0 -1 1 0 0 842"])
def test_turned_pages_are_read_upright(tmp_path: Path, turn: str) -> None:
    page = f"q {turn} cm\n{paragraph(72, 500, BODY)}\n{rule(72, 400, 300, 400)}\nQ\n"
    assert shown(loaded(tmp_path, "a.pdf", pdf([page], rotate=90))) == [f"paragraph: {WHOLE}"]


def test_text_across_the_others_comes_last(tmp_path: Path) -> None:
    page = f"q 0 1 -1 0 40 300 cm {text(0, 0, 'Stamp: received 2025')} Q\n{paragraph(72, 700, BODY)}"
    assert shown(loaded(tmp_path, "a.pdf", pdf([page]))) == [f"paragraph: {WHOLE}", "paragraph: Stamp: received 2025"]


def written(writer: PdfWriter) -> bytes:
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_bookmarks_tell_headings(tmp_path: Path) -> None:
    page = text(72, 700, "2.1 Approval") + "\n" + paragraph(72, 680, BODY)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([page]))))
    chapter = writer.add_outline_item(title="Chapter", page_number=0)
    writer.add_outline_item(title="Approval", page_number=0, parent=chapter)
    assert shown(loaded(tmp_path, "a.pdf", written(writer))) == ["heading2: 2.1 Approval", f"paragraph: {WHOLE}"]


def test_a_password_is_asked_for(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([text(72, 700, "secret")]))))
    writer.encrypt("open sesame")
    with pytest.raises(LoadFailed, match="needs a password"):
        loaded(tmp_path, "a.pdf", written(writer))


def test_a_pdf_that_only_forbids_printing_is_read(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([text(72, 700, "free to read")]))))
    writer.encrypt("", owner_password="owner")
    assert loaded(tmp_path, "a.pdf", written(writer)).text == "free to read"


SCAN = "q 300 0 0 300 72 400 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x00 EI Q"


def test_pages_without_text_go_to_the_reader(tmp_path: Path) -> None:
    data = pdf([text(72, 700, "Words on page one"), SCAN, ""])
    extract = loaded(tmp_path, "a.pdf", data, reader=SizeReader(doubtful=True))
    assert [(block.page, block.text) for block in extract.blocks] == [(1, "Words on page one"), (2, "2480 x 3509\nRGB")]
    assert extract.notes == ("Page 2: faint", "Page 3 is empty.")
    silent = loaded(tmp_path, "a.pdf", data, reader=SizeReader(lines=False))
    assert silent.notes[0] == "Page 2 has no text, in its picture neither."


def test_without_a_reader_a_note_says_so(tmp_path: Path) -> None:
    extract = loaded(tmp_path, "a.pdf", pdf([SCAN]))
    assert extract.notes == ("Page 1 has no text: OCR is off.", "It has no text.")
    assert extract.title == "a"


def test_pages_are_bounded(tmp_path: Path) -> None:
    pages = [text(72, 700, f"Sheet {word}") for word in ("one", "two", "three")]
    extract = loaded(tmp_path, "a.pdf", pdf(pages), limits=LoadLimits(max_pages=2))
    assert [block.text for block in extract.blocks] == ["Sheet one", "Sheet two"]
    assert (extract.pages, extract.notes) == (3, ("Only the first 2 of 3 pages are loaded.",))


def test_impossible_dates_are_none(tmp_path: Path) -> None:
    for stated in ("D:20251399", "yesterday", "D:20250301093000+99'00'"):
        extract = loaded(tmp_path, "a.pdf", pdf([text(72, 700, "words")], info={"ModDate": stated}))
        assert extract.modified_at == ""
