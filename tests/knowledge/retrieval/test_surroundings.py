"""The text around a chunk that was cut out of its section."""

from __future__ import annotations

from typing import Any

from clawdbot.knowledge.library.records import StoredChunk
from clawdbot.knowledge.retrieval.surroundings import around


def chunk(ordinal: int, text: str, start: int, **more: Any) -> StoredChunk:
    """A stored chunk whose slice of the document is its text, unless ``end`` says otherwise."""
    given: dict[str, Any] = {
        "id": ordinal + 1, "document_id": 1, "document": "d", "source": "s", "uri": "", "title": "T", "version": 1,
        "modified_at": "2026-01-01", "pages": None, "locator": "", "tokens": 20, "digest": "", "live": True,
        "scope": 1, "owner": "", "label": "internal", "access": ("everyone",), "headings": ("T", "Limits"),
    }  # fmt: skip
    given |= {"ordinal": ordinal, "text": text, "start": start, "end": start + len(text), **more}
    return StoredChunk(**given)


def test_neighbours_of_the_same_section_belong_to_it() -> None:
    parts = [chunk(0, "One.", 0), chunk(1, "Two.", 6), chunk(2, "Three.", 12)]
    assert around(parts[1], parts) == "T > Limits\nOne.\nTwo.\nThree."
    assert around(parts[0], parts) == "T > Limits\nOne.\nTwo."


def test_other_sections_do_not() -> None:
    parts = [chunk(0, "One.", 0, headings=("T", "Scope")), chunk(1, "Two.", 6), chunk(2, "Three.", 12, headings=())]
    assert around(parts[1], parts) == "T > Limits\nTwo."
    assert around(parts[2], parts) == "Three."


def test_a_sentence_that_two_chunks_share_stands_once() -> None:
    parts = [chunk(0, "One. Two.", 0), chunk(1, "Two. Three.", 5), chunk(2, "Three. Four.", 10)]
    assert around(parts[1], parts) == "T > Limits\nOne. \nTwo. Three.\n Four."


def test_a_table_that_goes_on_has_its_header_once() -> None:
    header = "| a | b |\n|---|---|\n"
    first = chunk(0, header + "| 1 | 2 |", 0)
    second = chunk(1, header + "| 3 | 4 |", 30, end=39)
    third = chunk(2, header + "| 5 | 6 |", 40, end=49)
    assert around(second, [first, second, third]) == "T > Limits\n" + header + "| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |"
    assert around(second, [second]) == "T > Limits\n" + header + "| 3 | 4 |"


def test_long_neighbours_are_cut_at_sentences() -> None:
    sentences = [f"Sentence number {n} is here." for n in range(40)]
    before = chunk(0, " ".join(sentences), 0, tokens=350)
    own = chunk(1, "Mine.", 2000, tokens=350)
    after = chunk(2, " ".join(sentences), 3000, tokens=350)
    text = around(own, [before, own, after])
    first, mine, last = text.split("\n")[1:]
    assert mine == "Mine." and first.endswith(sentences[-1]) and last.startswith(sentences[0])
    assert first.startswith("Sentence") and last.endswith("here.")
    assert 5 < first.count("Sentence") < 20 and 5 < last.count("Sentence") < 20


def test_no_room_leaves_the_chunk_alone() -> None:
    before, own = chunk(0, "One.", 0, tokens=350), chunk(1, "Two.", 6, tokens=700)
    assert around(own, [before, own]) == "T > Limits\nTwo."
