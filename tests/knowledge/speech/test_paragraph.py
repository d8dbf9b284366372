"""Utterances joined to paragraphs."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.knowledge.speech.paragraph import Paragraph, paragraphs


def said(text: str, start: float, end: float) -> Paragraph:
    return Paragraph(text=text, start=start, end=end)


def test_a_pause_begins_a_paragraph() -> None:
    found = list(paragraphs([said("One.", 0, 2), said("Two.", 2.5, 4), said("Three.", 6, 7)], language="en"))
    assert found == [said("One. Two.", 0, 4), said("Three.", 6, 7)]


def test_chinese_is_joined_without_spaces() -> None:
    assert [p.text for p in paragraphs([said("第一句。", 0, 2), said("第二句。", 2, 4)], language="zh")] == [
        "第一句。第二句。"
    ]


def test_a_speech_without_pauses_is_cut_at_sentences() -> None:
    words = [
        said(f"Sentence number {i} is not quite finished" + ("." if i % 3 == 0 else ","), i, i + 1) for i in range(60)
    ]
    found = list(paragraphs(words, language="en"))
    assert len(found) > 3 and all(500 < len(p.text) < 700 and p.text.endswith(".") for p in found[:-1])


def test_nothing_said_is_no_paragraph() -> None:
    assert list(paragraphs([], language="")) == []


def test_the_clock_counts_hours_minutes_and_seconds() -> None:
    assert [said("", start, start).clock for start in (0, 90.9, 3725)] == ["00:00:00", "00:01:30", "01:02:05"]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.text("ab. ", min_size=1), st.floats(0, 5), st.floats(0.1, 9)), max_size=40))
def test_no_word_is_lost_and_time_runs_forward(pieces: list[tuple[str, float, float]]) -> None:
    utterances, now = [], 0.0
    for text, pause, length in pieces:
        utterances.append(said(text, now + pause, now + pause + length))
        now += pause + length
    found = list(paragraphs(utterances, language="zh"))
    assert "".join(p.text for p in found) == "".join(u.text for u in utterances)
    assert {p.start for p in found} <= {u.start for u in utterances}
    assert all(one.end <= other.start for one, other in pairwise(found))
