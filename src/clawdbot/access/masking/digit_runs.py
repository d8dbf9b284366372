"""Digits that may be one number: runs with separators between, and the pieces of them that end where groups end.

A number is searched among whole groups only: the eleven digits inside a longer number are no phone number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

_GAP = r"(?:[ \t]{0,2}\n[ \t]{0,8}|[ .()\t-]{0,3})"
_RUN = re.compile(rf"[0-9](?:{_GAP}[0-9]){{6,}}+(?:[ .-]?[Xx](?![0-9A-Za-z]))?")
_GROUP = re.compile(r"[0-9]+[Xx]?|[Xx]")
_LETTERS = re.compile(r"[A-Za-z]{0,12}\Z")
_CODE = re.compile(r"(?<![0-9A-Za-z])[A-Z]{1,4}(?:[-_/][0-9A-Z]{1,12}){0,3}[-_/]\Z")
_AMOUNT_BEFORE = re.compile(r"(?:[¥$€£]|RMB|CNY|USD|EUR)[ ]?\Z")
_AMOUNT_AFTER = re.compile(r"[ ]?(?:元|圆|万|亿|美元|港币|RMB|CNY|USD|EUR|%|dollars|yuan)")
_ORDINARY = re.compile(
    r"(?:订单|单号|发票|流水|运单|合同|批次|批号|货号|料号|型号|工单|凭证|序列|追踪|交易|税号|条码"
    r"|order|invoice|tracking|shipment|batch|serial|ticket|voucher|sku|ean|isbn|imei|lot|transaction|trace|build)"
    r"(?:[ _-]?(?:编号|号码|号|代码|number|num|no|id|code|ref|#)\.?)?[\"']?[ \t]*[:：=#|,是为]?[ \t]*[\"'#]?\Z",
    re.IGNORECASE,
)
_DATE_DIGITS = 8
_MOST_GROUPS = 8


@dataclass(frozen=True, slots=True)
class Window:
    """Whole groups of a run: ``digits`` (an ``X`` may end them), lengths of the ``groups``, the ``gaps`` between."""

    text: str
    start: int
    end: int
    digits: str
    groups: tuple[int, ...]
    gaps: tuple[str, ...]
    before: str
    """The gap to the group before; empty at the run's start."""
    after: str
    """The gap to the group that follows; empty at the run's end."""
    previous_group: int
    next_group: int

    @property
    def joined(self) -> bool:
        """One group, or one that a single line break cuts in two long pieces."""
        return len(self.groups) == 1 or (self.broken and len(self.groups) == 2)

    @property
    def broken(self) -> bool:
        """A line break stands between two groups of at least three digits."""
        return sum("\n" in gap for gap in self.gaps) == 1 and min(self.groups) >= 3

    @property
    def has_lines(self) -> bool:
        return any("\n" in gap for gap in self.gaps)

    @property
    def uniform(self) -> bool:
        """The same single space, dash or dot between all groups, line breaks aside."""
        kinds = {gap for gap in self.gaps if "\n" not in gap}
        return len(kinds) <= 1 and kinds <= {" ", "-", "."}

    def near(self, words: re.Pattern[str], reach: int = 24) -> bool:
        """One of these words stands at most ``reach`` characters before."""
        return bool(words.search(self.text, max(0, self.start - reach), self.start))

    def follows(self, words: re.Pattern[str], reach: int = 32) -> bool:
        """The text before matches a pattern that ends in ``\\Z``."""
        return bool(words.search(self.text[max(0, self.start - reach) : self.start]))

    @property
    def ordinary(self) -> bool:
        """It is called an order, an invoice or the like, or it is an amount: no person's number."""
        if self.follows(_AMOUNT_BEFORE, 4) or _AMOUNT_AFTER.match(self.text, self.end):
            return True
        return self.joined and (self.follows(_ORDINARY) or self.follows(_CODE))

    @property
    def decimal(self) -> bool:
        """It is a side of a decimal point; ``.0`` behind comes from a column that was read as floats."""
        if self.before == ".":
            return True
        return self.after == "." and not re.match(r"\.0{1,2}(?![0-9.])", self.text[self.end : self.end + 4])


@dataclass(frozen=True, slots=True)
class DigitRun:
    """Digits with nothing but gaps between: where each group stands, and how many digits stand before it."""

    text: str
    digits: str
    spans: tuple[tuple[int, int], ...]
    bounds: tuple[int, ...]

    def windows(self, lengths: range, fits: Callable[[str], bool]) -> Iterator[Window]:
        """Every piece of whole groups with so many digits that fit.

        Of digits that stand singly only a whole stretch is a piece: else a long row of them would be a thousand.
        """
        if len(self.digits) < lengths.start:
            return
        bounds = self.bounds
        for first, last in self._pieces(lengths.stop):
            if bounds[last] - bounds[first] in lengths and fits(self.digits[bounds[first] : bounds[last]]):
                yield self._window(first, last)

    def _pieces(self, too_long: int) -> Iterator[tuple[int, int]]:
        count = len(self.spans)
        single = 0
        for first, start in enumerate(self.bounds[:-1]):
            for last in range(first + 1, min(first + _MOST_GROUPS, count) + 1):
                if self.bounds[last] - start >= too_long:
                    break
                yield first, last
            if self._size(first) == 1:
                single += 1
                if self._size(first + 1) != 1 and single > _MOST_GROUPS:
                    yield first + 1 - single, first + 1
            else:
                single = 0

    def _window(self, first: int, last: int) -> Window:
        return Window(
            text=self.text,
            start=self.spans[first][0],
            end=self.spans[last - 1][1],
            digits=self.digits[self.bounds[first] : self.bounds[last]],
            groups=tuple(self._size(group) for group in range(first, last)),
            gaps=tuple(self._gap(group) for group in range(first + 1, last)),
            before=self._gap(first),
            after=self._gap(last),
            previous_group=self._size(first - 1),
            next_group=self._size(last),
        )

    def _gap(self, group: int) -> str:
        """The text before a group; empty at the run's ends."""
        inside = 0 < group < len(self.spans)
        return self.text[self.spans[group - 1][1] : self.spans[group][0]] if inside else ""

    def _size(self, group: int) -> int:
        return self.bounds[group + 1] - self.bounds[group] if 0 <= group < len(self.spans) else 0


def digit_runs(text: str) -> Iterator[DigitRun]:
    """All runs of at least seven digits; an ``X`` may end one, as it ends identity numbers."""
    for run in _RUN.finditer(text):
        spans = tuple(group.span() for group in _GROUP.finditer(text, run.start(), run.end()))
        yield DigitRun(
            text=text,
            digits="".join([text[start:end] for start, end in spans]).upper(),
            spans=spans,
            bounds=(0, *accumulate(end - start for start, end in spans)),
        )


def letters_before(text: str, at: int) -> str:
    """The ASCII letters that touch this place from the left, lower case, at most twelve."""
    found = _LETTERS.search(text[max(0, at - 12) : at])
    return found.group().lower() if found else ""


def stands_free(window: Window) -> bool:
    """No letter or digit touches it."""
    before, after = window.text[window.start - 1 : window.start], window.text[window.end : window.end + 1]
    return not _touches(before) and not _touches(after)


def _touches(char: str) -> bool:
    return char.isascii() and char.isalnum()


def is_date(digits: str) -> bool:
    """Eight digits that are a day, year first, from 1900 to 2100."""
    if len(digits) != _DATE_DIGITS or not digits.isdecimal():
        return False
    try:
        return 1900 <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year <= 2100
    except ValueError:
        return False
