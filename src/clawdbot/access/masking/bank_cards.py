"""Bank card numbers: an issuer's prefix, a length it uses, and Luhn's check digit (ISO/IEC 7812-1)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stdnum import luhn

from clawdbot.access.masking.digit_runs import Window, stands_free
from clawdbot.access.masking.searched import Searched

_ISSUERS = re.compile(
    r"""
      62\d{14,17}                                                          # UnionPay
    | 4\d{15} | 5[1-5]\d{14} | 2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}   # Visa, Mastercard
    | 3[47]\d{13} | 35(?:2[89]|[3-8]\d)\d{12} | 6(?:011|4[4-9]\d|5\d\d)\d{12}      # Amex, JCB, Discover
    | 9(?:558\d|559\d)\d{14} | 60142[48]\d{11} | 60(?:3367|2969|0869)\d{10,13} | 621\d{13,16}  # older Chinese cards
    """,
    re.VERBOSE,
)
_NAMED = re.compile(
    r"卡号|银行卡|储蓄卡|信用卡|借记卡|工资卡|银联|账号|帐号|账户|帐户|\bcards?\b|\baccount|card[ _-]?(?:no|num)"
    r"|\bvisa\b|\bmastercard\b|\bunionpay\b|\bamex\b",
    re.IGNORECASE,
)


def find_bank_cards(searched: Searched) -> Iterator[tuple[int, int]]:
    """Spans of card numbers in folded text; with a wrong check digit only beside a word that names one."""
    for run in searched.runs:
        for window in run.windows(range(15, 20), _is_issued):
            if stands_free(window) and not window.decimal and _is_card(window):
                yield window.start, window.end


def _is_issued(number: str) -> bool:
    return _ISSUERS.fullmatch(number) is not None


def _is_card(window: Window) -> bool:
    named = window.near(_NAMED)
    if not _is_written_as_card(window, named=named):
        return False
    return luhn.is_valid(window.digits) or named


def _is_written_as_card(window: Window, *, named: bool) -> bool:
    """In one piece, in fours, in long groups; a row of a table is not a card."""
    if window.joined:
        return named or not window.ordinary
    if not window.uniform:
        return False
    if set(window.groups) == {1}:
        return window.previous_group != 1 and window.next_group != 1
    if min(window.groups[:-1]) < 4 or (window.has_lines and not window.broken):
        return False
    goes_on = _continues(window.before, window.previous_group) or _continues(window.after, window.next_group)
    return named or not goes_on


def _continues(gap: str, group: int) -> bool:
    """The next figure is set off no more than the groups are: a row of figures."""
    return gap in (" ", "-", ".") and group <= 5
