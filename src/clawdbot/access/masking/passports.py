"""Passport numbers: the Chinese forms wherever they stand, those of other countries beside a word for a passport."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clawdbot.access.masking.digit_runs import is_date
from clawdbot.access.masking.searched import Searched

_GAP = r"(?:[ ]|[ ]?\n[ ]{0,8})?"
_FREE = r"(?<![0-9A-Za-z])(?<![0-9A-Za-z][-_./])"
_END = r"(?![0-9A-Za-z]|[-_/.][0-9A-Za-z])"
_CHINESE = re.compile(
    rf"{_FREE}(?:[EG]{_GAP}[0-9](?:{_GAP}[0-9]){{7}}|E[A-HJ-NP-Z]{_GAP}[0-9](?:{_GAP}[0-9]){{6}}){_END}"
)
_ANY = re.compile(
    rf"{_FREE}(?:[A-Za-z]{{1,2}}{_GAP}[0-9](?:{_GAP}[0-9]){{5,8}}[A-Za-z]?|[0-9]{{8,9}}|[0-9]{{2}}[A-Za-z]{{2}}[0-9]{{5}})"
    r"(?![0-9A-Za-z])"
)
_NAMES = ("护照", "通行证", "旅行证", "回乡证", "台胞证", "passport", "travel document")
_ORDINARY = re.compile(
    r"(?:型号|料号|货号|批号|批次|编码|编号|代码|产品|商品|零件|配件|规格|款号|订单号?|单号|发票|合同|车次|航班|航次"
    r"|sku|part|model|product|batch|lot|item|order|invoice|serial|s/n|ref|code|asset|version|ticket|flight)"
    r"(?:[ _-]?(?:号码|号|编号|number|num|no|id|code|#)\.?)?[\"']?[ \t]*[:：=#|,是为]?[ \t]*[\"'#]?\Z",
    re.IGNORECASE,
)
_BEFORE, _AFTER = 48, 16


def find_passports(searched: Searched) -> Iterator[tuple[int, int]]:
    """Spans of passport numbers in folded text."""
    text = searched.text
    for match in _CHINESE.finditer(text):
        if not _ORDINARY.search(text, max(0, match.start() - 32), match.start()):
            yield match.span()
    for at in searched.places(_NAMES):
        yield from _beside(text, at)


def _beside(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Numbers of any country near the word, dates left out."""
    first, last = max(0, at - _AFTER), min(len(text), at + _BEFORE)
    for match in _ANY.finditer(text, first, last):
        digits = "".join(char for char in match.group() if char.isdecimal())
        cut = match.end() == last and text[last : last + 1].isalnum()
        if not cut and not is_date(digits):
            yield match.span()
