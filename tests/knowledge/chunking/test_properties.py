"""What holds for every document, of any shape, with any way of counting tokens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.knowledge.chunk import Chunk
from clawdbot.knowledge.chunking import chunk
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.knowledge.extract import Block, Extract

SENTENCES = st.sampled_from(
    [
        "The limit is 5,000 EUR.", "Mr. Lee asks why?", "超过信用额度的订单须经批准。", "年假可以结转！",
        "3.5 % of it;", "see e.g. Art. 4", "a" * 90, "信" * 70, "word " * 40, "x", "\n", " ", "- item", "`code`",
        "甲，乙，丙，" * 12, "😀👍🏽",
    ]
)  # fmt: skip
TEXTS = st.lists(SENTENCES, min_size=0, max_size=8).map(" ".join)
CELLS = st.sampled_from(["1", "Anna", "北京", "12.50", "a longer cell of several words", ""])


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=25))
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    if draw(st.booleans()):
        lines.insert(1, "|" + "---|" * width)
    return {"kind": "table", "text": "\n".join(lines), "row": draw(st.none() | st.integers(1, 9))}


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    kind = draw(st.sampled_from(["heading", "paragraph", "list", "code", "table"]))
    if kind == "table":
        made = draw(tables())
    elif kind == "heading":
        made = {"kind": kind, "text": draw(TEXTS), "level": draw(st.integers(1, 4))}
    else:
        made = {"kind": kind, "text": draw(TEXTS).replace(" ", "\n" if kind != "paragraph" else " ")}
    return Block(**made, page=draw(st.none() | st.integers(1, 5)), part=draw(st.sampled_from(["", "", "Orders"])))


EXTRACTS = st.builds(
    Extract,
    blocks=st.lists(blocks(), max_size=12).map(tuple),
    title=st.sampled_from(["", "Credit policy", "信用政策", "a very long title " * 12]),
    metadata=st.sampled_from([{}, {"media": "application/vnd.ms-excel"}, {"media": "application/vnd.ms-powerpoint"}]),
)


def letters(text: str) -> int:
    """A counter that breaks what the cutter hopes for: texts weigh more together than one by one."""
    return len(text) // 3 + (len(text) > 60) * 5


@pytest.mark.parametrize("count", [HashEmbedder().tokens, letters])
@settings(deadline=None, max_examples=150)
@given(extract=EXTRACTS, size=st.integers(24, 120))
def test_chunks_are_exact_complete_and_small_enough(count: Any, extract: Extract, size: int) -> None:
    chunks = chunk(extract, tokens=count, size=size)
    assert [found.ordinal for found in chunks] == list(range(len(chunks)))
    for found in chunks:
        assert found.text.endswith(extract.text[found.start : found.end])
        assert found.text[: len(found.text) - (found.end - found.start)].strip() in extract.text
        assert found.text.strip()
        assert found.tokens == count(found.passage) <= size
    assert_covered(extract.text, chunks)


def assert_covered(text: str, chunks: tuple[Chunk, ...]) -> None:
    """In order the spans leave out nothing but blanks, and each adds something."""
    reached = 0
    for found in chunks:
        assert not text[reached : found.start].strip()
        assert found.end > reached
        reached = found.end
    assert not text[reached:].strip()
