"""Chinese identity numbers: of residents (GB 11643, now eighteen digits, once fifteen), of organisations (GB 32100).

Check digits come from python-stdnum.  Its table of counties is asked only for the old form, which has no check digit:
a county that it does not know yet must not let a person's number through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

from clawdbot.access.masking.digit_runs import Window, stands_free
from clawdbot.access.masking.searched import Searched

_PROVINCES = frozenset(
    [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83]
)
_YEARS = ("1984", "1990", "1999")
"""When the old form was given out: a person's county is that of the registration, not of the birth."""

_NAMED = re.compile(
    r"身份证|身份號|身份号|证件号|居民证|公民身份|\bID(?:[ _-]?card)?[ _-]?(?:no|num|number)\b"
    r"|\bidentity|\bid[ _-]?card|\bnational[ _-]?id|\bresident",
    re.IGNORECASE,
)

_GAP = r"(?:[ -]|[ ]?\n[ ]{0,8})?"
_CODE = re.compile(
    rf"(?<![0-9A-Za-z])[159ANYany]{_GAP}[1239]{_GAP}(?:[0-9]{_GAP}){{6}}(?:[0-9A-Za-z]{_GAP}){{9}}[0-9A-Za-z](?![0-9A-Za-z])"
)
_CODE_NAMED = re.compile(r"信用代码|税号|纳税人|登记号|注册号|\bUSCC\b|\bcredit code|\btax|registration", re.IGNORECASE)
_NATIONAL = "10"
"""In place of a province: registered with a national authority."""


def find_resident_ids(searched: Searched) -> Iterator[tuple[int, int]]:
    """Spans of identity numbers in folded text; with a wrong check digit only beside a word that names one."""
    for run in searched.runs:
        for window in run.windows(range(15, 19), _is_plausible):
            if not stands_free(window) or window.decimal or any(c in gap for gap in window.gaps for c in "()"):
                continue
            if _is_new(window) if len(window.digits) == 18 else _is_old(window):
                yield window.start, window.end


def _is_plausible(number: str) -> bool:
    """A province and a day of birth stand where they belong."""
    if len(number) not in (15, 18) or not number[:-1].isdecimal() or int(number[:2]) not in _PROVINCES:
        return False
    return _is_birthday(number[6:14]) if len(number) == 18 else number.isdecimal() and _is_birthday("19" + number[6:12])


def _is_new(window: Window) -> bool:
    number = window.digits
    return number[17] == ric.calc_check_digit(number) or window.near(_NAMED)


def _is_old(window: Window) -> bool:
    number = window.digits
    if window.near(_NAMED):
        return True
    return not window.ordinary and window.joined and any(_is_county(number[:6], year) for year in _YEARS)


def _is_county(area: str, year: str) -> bool:
    try:
        return bool(ric.get_birth_place(f"{area}{year}01010000"))
    except (ValidationError, KeyError):  # a KeyError for places whose counties the table does not list
        return False


def _is_birthday(digits: str) -> bool:
    try:
        return 1880 <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year <= 2100
    except ValueError:
        return False


def find_credit_codes(searched: Searched) -> Iterator[tuple[int, int]]:
    """Spans of unified social credit codes in folded text."""
    text, at = searched.text, 0
    while match := _CODE.search(text, at):
        code = "".join(char for char in match.group().upper() if char.isalnum())
        whole = len(match.group()) == len(code) or not code.isdecimal()
        if _is_code(code) and (whole or _CODE_NAMED.search(text, max(0, match.start() - 24), match.start())):
            yield match.span()
            at = match.end()
        else:
            at = match.start() + 1


def _is_code(code: str) -> bool:
    if int(code[2:4]) not in _PROVINCES and code[2:4] != _NATIONAL:
        return False
    try:
        return code[17] == uscc.calc_check_digit(code[:17])
    except ValueError:  # I, O, S, V and Z are not in the code's alphabet
        return False
