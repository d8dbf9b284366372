"""Whether an answer says what was expected: texts as they stand, numbers by value, regular expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from clawdbot.text.figures import Mention, mentions
from clawdbot.text.language import normalise

_MARK = re.compile(r"\[\d{1,3}\]")
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


@dataclass(frozen=True)
class Wording:
    """An answer, to be asked what it says.

    Texts are compared without citation marks, in half width and on one line; '80,000' is found as '80000' too.
    """

    answer: str

    def says(self, expected: str) -> bool:
        """The text occurs, without regard to case; a bare number is compared by value, in digits or 万 and 亿."""
        wanted = _plain(expected).casefold()
        figures = mentions(wanted)
        if len(figures) == 1 and figures[0].text == wanted:
            return any(_same(figures[0].value, m.value) and figures[0].percent == m.percent for m in self._figures)
        joined = re.escape(_GROUPED.sub("", wanted))
        before = r"(?<![\d.])(?<!\d,)" if joined[:1].isdigit() else ""
        after = r"(?!\d|\.\d|,\d{3})" if joined[-1:].isdigit() else ""
        return any(re.search(before + joined + after, text.casefold()) for text in self._texts)

    def matches(self, pattern: str) -> bool:
        """The regular expression occurs."""
        return any(re.search(pattern, text, re.IGNORECASE) for text in self._texts)

    @cached_property
    def _texts(self) -> tuple[str, str]:
        plain = _plain(self.answer)
        return plain, _GROUPED.sub("", plain)

    @cached_property
    def _figures(self) -> list[Mention]:
        return list(mentions(self._texts[0]))


def _plain(text: str) -> str:
    return normalise(_MARK.sub(" ", text))


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-9 * max(1.0, abs(one))
