"""Chunks of small documents, as a reader would expect them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from clawdbot.knowledge.chunk import Chunk
from clawdbot.knowledge.chunking import chunk
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.knowledge.extract import Block, Extract

count = HashEmbedder().tokens
SHEET = {"media": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
SLIDES = {"media": "application/vnd.openxmlformats-officedocument.presentationml.presentation"}


def heading(text: str, level: int = 1, **more: Any) -> Block:
    return Block(kind="heading", text=text, level=level, **more)


def paragraph(text: str, **more: Any) -> Block:
    return Block(kind="paragraph", text=text, **more)


def listing(*items: str) -> Block:
    return Block(kind="list", text="\n".join(f"- {item}" for item in items))


def table(header: str, *rows: str, **more: Any) -> Block:
    return Block(kind="table", text="\n".join((header, *rows)), **more)


def cut(*blocks: Block, size: int = 100, title: str = "Policy", **metadata: str) -> tuple[Chunk, ...]:
    return chunk(Extract(blocks=blocks, title=title, metadata=metadata), tokens=count, size=size)


def words(number: int, word: str = "word") -> str:
    """So many words of one token each."""
    return " ".join([word] * number) + "."


def test_nothing_comes_of_nothing() -> None:
    assert cut() == ()
    assert cut(paragraph(" \n"), heading("")) == ()


def test_a_section_is_a_chunk_under_its_path() -> None:
    first, second = cut(
        heading("Credit"), paragraph(words(60)), heading("Limits", 2), paragraph(words(60, "euro")), title="Policy"
    )
    assert first.headings == ("Policy", "Credit")
    assert first.text.startswith("Credit\n\nword")
    assert second.headings == ("Policy", "Credit", "Limits")
    assert second.locator == "§ Limits"
    assert second.passage.startswith("Policy > Credit > Limits\nLimits\n\neuro")


def test_the_title_is_not_said_twice() -> None:
    (only,) = cut(heading("信用政策"), paragraph("限额为五千元。"), title="信用政策")
    assert only.headings == ("信用政策",)
    assert only.locator == "¶¶ 1-2"


def test_a_deeper_heading_ends_with_the_next_one_of_its_level() -> None:
    found = cut(
        heading("A"), paragraph(words(50)), heading("A.1", 2), paragraph(words(50)), heading("B"), paragraph(words(50))
    )
    assert [piece.headings[1:] for piece in found] == [("A",), ("A", "A.1"), ("B",)]


def test_small_siblings_share_a_chunk_and_its_common_path() -> None:
    (only,) = cut(
        heading("年假", 2), paragraph("十五天。"), heading("病假", 2), paragraph("凭医生证明。"), title="请假"
    )
    assert only.headings == ("请假",)
    assert only.locator == "§ 年假 – 病假"


def test_large_siblings_do_not_mix() -> None:
    found = cut(heading("A", 2), paragraph(words(50)), heading("B", 2), paragraph(words(10)))
    assert [piece.headings[-1] for piece in found] == ["A", "B"]


def test_small_sections_of_other_families_do_not_mix() -> None:
    found = cut(
        heading("A"), paragraph(words(60)), heading("A.1", 2), paragraph("one."), heading("B"), heading("B.1", 2),
        paragraph("two."),
    )  # fmt: skip
    assert [piece.headings[1:] for piece in found] == [("A",), ("A", "A.1"), ("B", "B.1")]


def test_a_bare_heading_goes_with_what_follows_below_it() -> None:
    (only,) = cut(heading("Chapter 1"), heading("Scope", 2), paragraph(words(50)))
    assert only.headings == ("Policy", "Chapter 1", "Scope")
    assert only.text.startswith("Chapter 1\n\nScope")


def test_a_heading_never_ends_a_chunk() -> None:
    found = cut(heading("A"), paragraph(words(80)), heading("", 2), paragraph(words(80)), listing("x", "y"))
    assert all(not piece.text.endswith("A") for piece in found)


def test_sentences_stay_whole_and_one_is_repeated() -> None:
    sentences = [f"Sentence number {n}: case {n}, 2.5 %, Art. {n}." for n in range(12)]
    found = cut(paragraph(" ".join(sentences)), size=90)
    assert len(found) > 2
    for before, after in pairwise(found):
        assert before.text.endswith(".") and after.text.startswith("Sentence number")
        repeated = after.text.split(".")[0]
        assert repeated in before.text
        assert after.start < before.end


def test_chinese_sentences_stay_whole() -> None:
    found = cut(
        paragraph("".join(f"第{n}条规定超过限额的订单必须经过财务部门批准；否则退回！" for n in range(10))), size=64
    )
    assert len(found) > 3
    assert all(piece.text[-1] in "！；" for piece in found)


def test_paragraphs_that_fit_are_not_repeated() -> None:
    found = cut(paragraph(words(60)), paragraph(words(60, "next")))
    assert [(piece.start, piece.end) for piece in found] == [(0, 300), (302, 602)]
    assert [piece.locator for piece in found] == ["¶ 1", "¶ 2"]


def test_no_crumb_is_left_over() -> None:
    found = cut(*(paragraph(words(9)) for _ in range(10)), size=96)
    assert len(found) == 2
    assert min(piece.tokens for piece in found) > 30


def test_a_list_stays_with_the_sentence_before_it() -> None:
    found = cut(paragraph(words(60)), paragraph("These need approval:"), listing(*["travel"] * 15))
    assert len(found) == 2
    assert found[1].text.startswith("These need approval:\n\n- travel")


def test_a_lead_in_inside_a_long_paragraph_goes_with_its_list() -> None:
    lead = " ".join([words(30)] * 6) + " These need approval:"
    found = cut(paragraph(lead), listing(*["travel"] * 20))
    assert found[-1].text.startswith("These need approval:")


def test_a_long_list_is_cut_between_items() -> None:
    found = cut(listing(*[words(20)] * 12))
    assert len(found) > 2
    assert all(piece.text.startswith("- word") and piece.text.endswith(".") for piece in found)


def test_a_table_that_fits_is_whole() -> None:
    (only,) = cut(table("| a | b |", "| 1 | 2 |", "| 3 | 4 |", row=2, part="Orders"), media=SHEET["media"])
    assert only.locator == "sheet Orders, rows 2-3"
    assert only.headings == ("Policy", "Orders")


@pytest.mark.parametrize("rule", [(), ("|---|---|",)])
def test_a_long_table_is_cut_by_rows_under_its_header(rule: tuple[str, ...]) -> None:
    rows = [f"| order {n} | open |" for n in range(40)]
    header = ("| number | state |", *rule)
    found = cut(table(*header, *rows, row=5, part="Orders"), media=SHEET["media"])
    assert len(found) > 3
    first = 5
    for piece in found:
        assert piece.text.startswith("\n".join(header))
        held = [line for line in piece.text.splitlines() if "order" in line]
        last = first + len(held) - 1
        assert piece.locator == f"sheet Orders, rows {first}-{last}"
        first = last + 1
    assert first == 45


def test_a_header_that_would_fill_the_chunk_is_not_repeated() -> None:
    header = "| " + " | ".join(["column"] * 25) + " |"
    found = cut(table(header, *["| x | y |"] * 60))
    assert len(found) > 1
    assert not any(piece.text.startswith("| column") for piece in found[1:])


def test_a_csv_row_is_found_by_its_number() -> None:
    (only,) = cut(table("| a |", "| 1 |", row=2), title="", media="text/csv")
    assert only.locator == "row 2"


def test_code_stays_whole_or_is_cut_between_lines() -> None:
    (whole,) = cut(Block(kind="code", text="if a:\n    b()"))
    assert whole.text == "if a:\n    b()"
    found = cut(Block(kind="code", text="\n".join(f"call(number={n})" for n in range(60))))
    assert len(found) > 3
    assert all(piece.text.startswith("call(") and piece.text.endswith(")") for piece in found)


def test_a_string_without_a_break_is_cut_all_the_same() -> None:
    found = cut(paragraph("x" * 5000), title="")
    assert max(piece.tokens for piece in found) <= 100
    assert "".join(piece.text for piece in found) == "x" * 5000


def test_a_sentence_that_is_too_long_is_cut_at_a_comma() -> None:
    found = cut(paragraph("超过限额的订单必须经过批准，" * 30), title="")
    assert len(found) > 3
    assert all(piece.text.endswith("，") for piece in found)


def test_a_path_that_is_too_long_gives_way() -> None:
    long = "A heading of many words " * 20
    found = cut(heading(long), heading("Inner", 2), paragraph(words(50)), title=long)
    assert found[-1].headings == ("Inner",)
    (only,) = cut(paragraph("text"), title=long, size=60)
    assert only.headings[0].startswith("A heading") and only.headings[0].endswith("…")


def test_pages_are_told() -> None:
    found = cut(
        paragraph(words(30), page=3),
        paragraph(words(30), page=4),
        paragraph(words(80), page=7),
        media="application/pdf",
    )
    assert [(piece.pages, piece.locator) for piece in found] == [((3, 4), "pp. 3-4"), ((7, 7), "p. 7")]


def test_a_page_of_an_attachment_is_told() -> None:
    found = cut(
        paragraph(words(80)), heading("Terms", part="offer.pdf", page=2), paragraph(words(60), part="offer.pdf", page=2)
    )
    assert found[1].locator == "offer.pdf, p. 2"
    assert found[1].headings == ("Policy", "offer.pdf", "Terms")


def test_an_attachment_without_pages_is_named() -> None:
    found = cut(paragraph(words(80)), paragraph(words(60), part="note.txt"), title="")
    assert found[1].locator == "note.txt"


def test_a_slide_without_a_title_is_not_under_the_one_before() -> None:
    found = cut(
        heading("Prices", page=4), paragraph(words(60), page=4), paragraph(words(60), page=5), media=SLIDES["media"]
    )
    assert [(piece.locator, piece.headings[1:]) for piece in found] == [("slide 4", ("Prices",)), ("slide 5", ())]


def test_counting_is_linear() -> None:
    """The characters that are counted are a small multiple of the document's, however long it is."""
    counted = []

    def spy(text: str) -> int:
        counted.append(len(text))
        return count(text)

    rows = [f"| order {n} | {n * 7} |" for n in range(1500)]
    blocks = (
        paragraph(" ".join(f"Sentence {n} of a very long paragraph." for n in range(1500))),
        Block(kind="table", text="\n".join(["| number | amount |", *rows])),
        paragraph("y" * 50_000),
        paragraph("A. " * 10_000),
    )
    extract = Extract(blocks=blocks, title="Long")
    chunk(extract, tokens=spy, size=100)
    assert sum(counted) < 8 * len(extract.text)
