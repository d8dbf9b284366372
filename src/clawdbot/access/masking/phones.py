"""Telephone numbers: Chinese mobile and landline numbers in every usual form, and any that begins with ``+``.

Which numbers exist is asked of phonenumbers (libphonenumber's metadata); its own matcher is not used, for it takes
quadratic time on some texts and reads orders and addresses of computers as numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from clawdbot.access.masking.digit_runs import Window, is_date, letters_before
from clawdbot.access.masking.searched import Searched

_PERSONAL = frozenset(
    (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.VOIP)
)
"""Hotlines (400, 800) belong to nobody."""

_NAMED = re.compile(
    r"电话|手机|座机|固话|传真|联系|致电|拨打|来电|号码|微信"
    r"|\b(?:tel|phone|telephone|mobile|cell|call|fax|contact|whatsapp|wechat)",
    re.IGNORECASE,
)
_LOCAL = re.compile(
    r"(?:电话|座机|固话|传真|致电|拨打|来电|\b(?:tel|phone|telephone|call|fax))[\"'.]{0,2}"
    r"(?:号码|号|number|no\.?)?[ \t\"':：是为]{0,4}\Z",
    re.IGNORECASE,
)
_PHONE_LETTERS = re.compile(r".*(?:tel|phone|mobile|mob|cell|call|fax|wx|wechat|whatsapp)|[tpm]?")
_PREFIX = re.compile(r"(?:00|0)?86")
_MOBILE = re.compile(r"0?1[3-9]\d{9}")
_AREA = re.compile(r"0(?:10|2\d|[3-9]\d\d)")
_EXTENSION = re.compile(r"[ ]?(?:-|转|分机|ext\.?|x)[ ]?[0-9]{1,5}(?![0-9])", re.IGNORECASE)
_MOBILE_GROUPS = frozenset(
    ((11,), (3, 8), (7, 4), (3, 4, 4), (3, 3, 5), (4, 4, 3), (4, 3, 4), (3, 4, 2, 2), (5, 6), (6, 5), (4, 7), (1,) * 11)
)
_LINE_GROUPS = frozenset(((8,), (7,), (4, 4), (3, 4), (4, 3), (2, 2, 2, 2)))
_LONGEST = 15


def find_phones(searched: Searched) -> Iterator[tuple[int, int]]:
    """Spans of numbers in folded text, with the ``+``, the bracket and the extension that belong to them."""
    for run in searched.runs:
        has_plus = "+" in searched.text[max(0, run.spans[0][0] - 3) : run.spans[-1][1]]
        for window in run.windows(range(7, _LONGEST + 1), _has_any_length if has_plus else _has_form):
            if span := _phone(window):
                yield span


def _has_any_length(digits: str) -> bool:
    return digits.isdecimal()


def _has_form(digits: str) -> bool:
    """It begins as a Chinese number of its length does; cheap, for every piece of every table comes here."""
    length, first = len(digits), digits[0]
    if length in (7, 8):
        return first in "2345678"
    if length == 11 and first == "1":
        return digits[1] in "3456789"
    return length >= 10 and first in "08" and digits.isdecimal()


def _phone(window: Window) -> tuple[int, int] | None:
    plus = _plus(window)
    if plus is not None and _is_international(window) and _is_free(window) and not window.decimal:
        return _whole(window, plus)
    if not (_is_mobile(window, plus) or _is_landline(window, plus) or _is_local(window)):
        return None
    if window.decimal or window.ordinary or not _is_free(window):
        return None
    return _whole(window, window.start if plus is None else plus)


def _is_free(window: Window) -> bool:
    letters = letters_before(window.text, window.start)
    after = window.text[window.end : window.end + 1]
    if after.isascii() and after.isalnum():
        return bool(_EXTENSION.match(window.text, window.end))
    before = window.text[window.start - 1 : window.start]
    return not before.isdecimal() and bool(_PHONE_LETTERS.fullmatch(letters))


def _plus(window: Window) -> int | None:
    """Where the number's ``+`` stands, a bracket between allowed."""
    at = window.start
    while at and window.text[at - 1] in "( " and window.start - at < 2:
        at -= 1
    return at - 1 if at and window.text[at - 1] == "+" else None


def _whole(window: Window, start: int) -> tuple[int, int]:
    """With the opening bracket when the closing one is inside, and with the extension."""
    end = window.end
    if ")" in window.text[start:end] and "(" not in window.text[start:end] and window.text[start - 1 : start] == "(":
        start -= 1
    if extension := _EXTENSION.match(window.text, end):
        end = extension.end()
    return start, end


def _is_international(window: Window) -> bool:
    if any(len(gap) > 2 or "\n" in gap for gap in window.gaps):
        return False
    return _exists("+" + window.digits, any_type=True)


def _rest(window: Window, plus: int | None) -> tuple[str, tuple[int, ...], tuple[str, ...]]:
    """Digits, groups and gaps after the country's 86."""
    prefix = _PREFIX.match(window.digits)
    if not prefix or len(window.digits) < 12 or (plus is None and window.digits.startswith("086")):
        return window.digits, window.groups, window.gaps
    length = prefix.end()
    if window.groups[0] == length:
        return window.digits[length:], window.groups[1:], window.gaps[1:]
    return window.digits[length:], (window.groups[0] - length, *window.groups[1:]), window.gaps


def _is_mobile(window: Window, plus: int | None) -> bool:
    digits, groups, gaps = _rest(window, plus)
    if not _MOBILE.fullmatch(digits):
        return False
    if digits[0] == "0":
        digits, groups = digits[1:], (groups[0] - 1, *groups[1:])
    if not _is_plain(gaps) or (sum("\n" in gap for gap in gaps) and not _breaks_well(window, groups)):
        return False
    if _joined_groups(groups, gaps) not in _MOBILE_GROUPS or _is_part_of_code(window):
        return False
    return _exists(digits) or window.near(_NAMED)


def _breaks_well(window: Window, groups: tuple[int, ...]) -> bool:
    """A line break inside a number, not a column of figures."""
    pieces_are_long = min(groups) >= 3 and sum("\n" in gap for gap in window.gaps) == 1
    ends_in_date = is_date(window.digits[-8:]) and groups[-1] == 8
    return pieces_are_long and (not ends_in_date or window.near(_NAMED))


def _joined_groups(groups: tuple[int, ...], gaps: tuple[str, ...]) -> tuple[int, ...]:
    """Groups of a number in one piece that a line break cuts count as one."""
    if len(groups) == 2 and "\n" in gaps[-1]:
        return (sum(groups),)
    return groups


def _is_plain(gaps: tuple[str, ...]) -> bool:
    """Spaces, dashes and brackets as they stand in numbers; dots only alone."""
    dotted = [gap for gap in gaps if "." in gap]
    return not dotted or all(gap == "." for gap in gaps)


def _is_part_of_code(window: Window) -> bool:
    """Groups that go on with the same dash before or behind: a product's or document's code."""
    if window.joined:
        return False
    return "-" in window.gaps and (window.before == "-" or (window.after == "-" and window.next_group >= 4))


def _is_landline(window: Window, plus: int | None) -> bool:
    digits, groups, gaps = _rest(window, plus)
    if digits != window.digits and digits[0] != "0":
        if plus is None and window.digits.startswith("86") and window.groups[0] != 2:
            return False
        digits, groups = "0" + digits, (groups[0] + 1, *groups[1:])
    area = _AREA.match(digits)
    if not area or not 10 <= len(digits) <= 12 or any("\n" in gap for gap in gaps) or not _is_plain(gaps):
        return False
    line = groups[1:] if groups[0] == area.end() else (groups[0] - area.end(), *groups[1:])
    return line in _LINE_GROUPS and not _is_part_of_code(window) and _exists(digits)


def _is_local(window: Window) -> bool:
    """Seven or eight digits right behind a word for a telephone."""
    if not 7 <= len(window.digits) <= 8 or window.digits[0] in "019" or is_date(window.digits):
        return False
    return window.groups in _LINE_GROUPS and _is_plain(window.gaps) and window.follows(_LOCAL)


def _exists(number: str, *, any_type: bool = False) -> bool:
    try:
        parsed = phonenumbers.parse(number, "CN")
    except NumberParseException:
        return False
    if not phonenumbers.is_valid_number(parsed):
        return False
    return any_type or phonenumbers.number_type(parsed) in _PERSONAL
