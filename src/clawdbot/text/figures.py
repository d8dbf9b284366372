"""Numbers in prose: every figure that a text states, Arabic or Chinese, with its scale and precision."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_SCALES = {
    "万亿": 1e12, "千亿": 1e11, "百亿": 1e10, "十亿": 1e9, "亿": 1e8, "千万": 1e7, "百万": 1e6, "十万": 1e5,
    "万": 1e4, "千": 1e3, "百": 1e2, "trillion": 1e12, "billion": 1e9, "million": 1e6, "thousand": 1e3,
    "bn": 1e9, "mn": 1e6, "tn": 1e12, "k": 1e3, "m": 1e6, "b": 1e9,
}  # fmt: skip
_SCALE = "|".join(sorted(_SCALES, key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?P<word>[A-Za-z_][A-Za-z_\-#]*)?(?P<digits>\d{{1,3}}(?:[,']\d{{3}})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?)"
    rf"(?:e(?P<power>[+\-]?\d{{1,2}})(?![0-9A-Za-z]))?"
    rf"(?:\s?(?P<scale>{_SCALE})(?![A-Za-z]))?(?:\s?(?P<percent>%|‰|percent\b|per cent\b|个?百分点|pp\b))?"
    rf"(?:\s?(?P<times>倍|times\b|x\b))?(?P<tail>[A-Za-z_][A-Za-z_\-\d]*)?",
    re.IGNORECASE,
)
_APART = re.compile(r"|.*-|(?:USD|RMB|CNY|EUR|GBP|HKD|JPY|AUD|CHF|Rs)", re.IGNORECASE)
"""What may touch a figure from the left; any other word makes it a code (SKU1234)."""
_UNIT = re.compile(r"[A-Za-z]{0,3}")
_HANZI = "零一二两三四五六七八九十百千万亿"
_CHINESE = re.compile(
    rf"(?P<percent>百分之)?(?P<body>[一二两三四五六七八九十][{_HANZI}]*(?:点[零一二三四五六七八九]+)?)"
)
_ABOUT = re.compile(
    r"(?:约|大约|近|将近|接近|超过?|逾|高达|不到|about|around|roughly|nearly|almost|over|under|above|below|"
    r"approximately|approx\.?|more than|less than|close to|~|≈)\s*[$€£¥]?\s*$",
    re.IGNORECASE,
)
_MORE = re.compile(r"^\s*(?:多|余|左右|上下|\+|or so)", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://\S+|[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")


@dataclass(frozen=True, kw_only=True)
class Mention:
    """A number as it was written: its value, the size of its last written digit, and how it was meant."""

    text: str
    value: float
    unit: float
    digits: int
    percent: bool = False
    times: bool = False
    about: bool = False
    """Said to be rough ("over", "约"): cut as well as rounded."""

    @property
    def tolerance(self) -> float:
        """How far a cell may lie: half a unit when rounded, a whole one where a cut is harmless."""
        return self.unit * (1.0 if self.about or self.digits >= 5 else 0.5) + abs(self.value) * 1e-9


def mentions(text: str, *, plain: bool = False) -> list[Mention]:
    """Every number of the text, Arabic or Chinese, in order of writing; ``plain`` when already normalised."""
    clean = text if plain else plain_text(text)
    return [*_arabic(clean), *_chinese(clean)]


def plain_text(text: str) -> str:
    """Full-width and compatibility forms folded, addresses removed, '百分之12' turned into '12%'."""
    clean = _ADDRESS.sub(" ", unicodedata.normalize("NFKC", text).replace("\u2212", "-"))
    return re.sub(r"百分之\s?(\d+(?:\.\d+)?)", r"\1%", clean)


def _arabic(text: str) -> Iterator[Mention]:
    for match in _NUMBER.finditer(text):
        word, tail = match["word"] or "", match["tail"] or ""
        digits = match["digits"].replace(",", "").replace("'", "")
        if not (_APART.fullmatch(word) and _UNIT.fullmatch(tail)):
            # A code such as SKU1234: its digits are checked as they stand, without units.
            yield Mention(text=match.group(0), value=float(digits), unit=0.0, digits=len(digits.strip("0")))
            continue
        scale = _SCALES.get((match["scale"] or "").lower(), 1.0) * 10.0 ** int(match["power"] or 0)
        decimals = len(digits.partition(".")[2])
        unit = 10.0**-decimals
        whole = digits.partition(".")[0]
        about = _rough(text, match.start("digits"), match.end())
        if about and not decimals:
            unit = 10.0 ** (len(whole) - len(whole.rstrip("0")))
        percent = match["percent"] or ""
        factor = scale / 10 if percent == "‰" else scale
        significant = len(digits.replace(".", "").lstrip("0")) or 1
        yield Mention(
            text=match.group(0).lstrip("-_# ").strip(), value=float(digits) * factor, unit=unit * factor,
            digits=significant, percent=bool(percent), times=bool(match["times"]), about=about,
        )  # fmt: skip


def _rough(text: str, start: int, end: int) -> bool:
    return bool(_ABOUT.search(text[max(0, start - 20) : start]) or _MORE.match(text[end : end + 8]))


def _chinese(text: str) -> Iterator[Mention]:
    for match in _CHINESE.finditer(text):
        whole, _, decimals = match["body"].partition("点")
        value = _hanzi_value(whole) + sum(_HANZI_DIGITS[c] * 10.0**-i for i, c in enumerate(decimals, 1))
        big = any(c in "百千万亿" for c in whole)
        if (value < 100 or not big) and not match["percent"]:
            continue
        unit = 10.0 ** -len(decimals) if decimals else _hanzi_unit(whole)
        yield Mention(
            text=match.group(0), value=value, unit=unit, digits=len(f"{value / unit:.0f}"),
            percent=bool(match["percent"]), about=_rough(text, *match.span()),
        )  # fmt: skip


_HANZI_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_HANZI_UNITS = {"十": 10, "百": 100, "千": 1000}


def hanzi_number(text: str) -> float | None:
    """The value of a Chinese numeral: 三百五十 -> 350.0, 二〇二六 -> 2026.0; None for 千万亿 and the like."""
    plain = text.replace("〇", "零")
    if len(plain) > 1 and all(c in _HANZI_DIGITS for c in plain):
        return float("".join(str(_HANZI_DIGITS[c]) for c in plain))
    if not any(c in _HANZI_DIGITS for c in plain) and not plain.startswith("十"):
        return None
    return _hanzi_value(plain)


def _hanzi_value(text: str) -> float:
    """三千五百万 -> 35000000.0; the last digit after a unit counts one unit less (两万五 is 25000)."""
    total, section, digit, last = 0.0, 0.0, 0.0, 1.0
    for char in text:
        if char in _HANZI_DIGITS:
            digit = float(_HANZI_DIGITS[char])
            if char == "零":
                last = 10.0
        elif char in _HANZI_UNITS:
            last = float(_HANZI_UNITS[char])
            section += (digit or 1.0) * last
            digit = 0.0
        else:
            last = 1e4 if char == "万" else 1e8
            total = (total + section + digit) * last if char == "亿" else total + (section + digit) * last
            section = digit = 0.0
    return total + section + digit * (last / 10 if last > 10 else 1.0)


def _hanzi_unit(text: str) -> float:
    """The place of the last written digit: 三千五百万 -> 1000000.0."""
    value = round(_hanzi_value(text))
    unit = 1.0
    while value and value % 10 == 0:
        value, unit = value // 10, unit * 10
    return unit
