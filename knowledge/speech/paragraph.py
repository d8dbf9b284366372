"""What was said between two pauses, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_PAUSE_S = 1.5
_MOST_CHARS = 500
_ENDS = (".", "!", "?", "。", "！", "？", "…")
_UNSPACED = ("zh", "ja", "yue", "th")


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Connected speech; ``start`` and ``end`` are seconds from the beginning."""

    text: str
    start: float
    end: float

    @property
    def clock(self) -> str:
        """When it starts, '00:01:30'."""
        seconds = int(self.start)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def paragraphs(utterances: Iterable[Paragraph], *, language: str) -> Iterator[Paragraph]:
    """Utterances joined until somebody pauses, or a sentence ends after some hundred characters."""
    joint = "" if language in _UNSPACED else " "
    held: Paragraph | None = None
    for said in utterances:
        if held is None:
            held = said
        elif said.start - held.end > _PAUSE_S or (len(held.text) > _MOST_CHARS and held.text.endswith(_ENDS)):
            yield held
            held = said
        else:
            held = Paragraph(text=f"{held.text}{joint}{said.text}", start=held.start, end=said.end)
    if held is not None:
        yield held
