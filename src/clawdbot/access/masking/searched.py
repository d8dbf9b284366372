"""A folded text under search, with what several detectors ask of it worked out once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from clawdbot.access.masking.digit_runs import DigitRun, digit_runs


class Searched:
    """``text`` is folded; every position that a detector gives is one of it."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def lower(self) -> str:
        """The text in lower case, each character at its place."""
        lower = self.text.lower()
        return lower if len(lower) == len(self.text) else "".join(char.lower()[0] for char in self.text)

    @cached_property
    def runs(self) -> tuple[DigitRun, ...]:
        return tuple(digit_runs(self.text))

    def places(self, words: Sequence[str]) -> Iterator[int]:
        """Where one of these words (lower case) begins; much faster than a pattern of alternatives."""
        for word in words:
            at = self.lower.find(word)
            while at >= 0:
                yield at
                at = self.lower.find(word, at + len(word))

    def matches(self, words: Sequence[str], pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """What the pattern matches where one of these words (case as it is) begins; for each word apart."""
        for word in words:
            at = self.text.find(word)
            while at >= 0:
                if match := pattern.match(self.text, at):
                    yield match
                at = self.text.find(word, match.end() if match else at + len(word))
