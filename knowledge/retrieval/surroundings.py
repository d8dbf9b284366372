"""What belongs to a chunk that was cut out of a section: its headings, and the text before and after it."""

from __future__ import annotations

from collections.abc import Sequence

from clawdbot.knowledge.library.records import StoredChunk
from clawdbot.text.sentences import sentence_spans

_TOKENS = 600
"""Most tokens of a chunk with its surroundings, about; a small model reads several of them."""


def around(chunk: StoredChunk, version: Sequence[StoredChunk]) -> str:
    """The heading path, then the chunk with its section's text on both sides, as far as there is room.

    ``version`` holds the chunk's neighbours in order, the chunk itself among them.  A table that goes on from the
    chunk before has its header once.
    """
    before = _next_to(chunk, version, -1)
    after = _next_to(chunk, version, 1)
    room = max(0, _TOKENS - chunk.tokens)
    wanted = sum(one.tokens for one in (before, after) if one is not None)
    share = 1.0 if wanted <= room else room / wanted
    text = chunk.text
    if before is not None and (shown := _end(_own_text(before, chunk), share)):
        whole = share == 1.0
        text = shown + "\n" + (_without_header(chunk) if whole else text)
    if after is not None and (shown := _start(_without_header(after)[max(0, chunk.end - after.start) :], share)):
        text += "\n" + shown
    return f"{' > '.join(chunk.headings)}\n{text}" if chunk.headings else text


def _next_to(chunk: StoredChunk, version: Sequence[StoredChunk], step: int) -> StoredChunk | None:
    """The neighbour, when it is of the same section."""
    for one in version:
        if one.ordinal == chunk.ordinal + step and one.headings == chunk.headings:
            return one
    return None


def _own_text(before: StoredChunk, chunk: StoredChunk) -> str:
    """The text of the chunk before, without the sentence that both of them hold."""
    shared = max(0, before.end - chunk.start)
    return before.text[: len(before.text) - shared] if shared else before.text


def _without_header(chunk: StoredChunk) -> str:
    """The chunk's slice of the document, without the table header that was put back above it."""
    return chunk.text[max(0, len(chunk.text) - (chunk.end - chunk.start)) :]


def _end(text: str, share: float) -> str:
    """Whole sentences or lines from the end, up to that share of the text."""
    return text if share == 1.0 else _cut(text, int(len(text) * (1 - share)), len(text))


def _start(text: str, share: float) -> str:
    return text if share == 1.0 else _cut(text, 0, int(len(text) * share))


def _cut(text: str, low: int, high: int) -> str:
    inside = [(start, end) for start, end in sentence_spans(text) if start >= low and end <= high]
    return text[inside[0][0] : inside[-1][1]] if inside else ""
