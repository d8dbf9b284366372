"""Styles and numbering of Word documents: which paragraphs are headings and list items."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from clawdbot.knowledge.loaders.office import WORD

_HEADING_NAME = re.compile(r"(?:heading|标题|標題|überschrift|titre)\s*([1-9])", re.I)
_TITLE_NAMES = ("title", "标题", "標題", "titel", "titre")
_MAX_CHAIN = 20
_IN_CHINESE = (
    "chineseCounting",
    "chineseCountingThousand",
    "taiwaneseCounting",
    "japaneseCounting",
    "ideographDigital",
)
_CHINESE = "零一二三四五六七八九"


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a paragraph is: ``outline`` is a heading's level from 1 (0: none), ``numbering`` the id of its list."""

    outline: int = 0
    title: bool = False
    numbering: str = ""
    numbering_level: int = 0


@dataclass(frozen=True, kw_only=True)
class Styles:
    """Looks by style id."""

    looks: Mapping[str, Look]

    def look(self, paragraph: Element) -> Look:
        """From the paragraph's style, and from what it sets itself."""
        settings = paragraph.find(f"{WORD}pPr")
        if settings is None:
            return Look()
        style = self.looks.get(_value(settings, "pStyle"), Look())
        return _own(settings, style)


@dataclass
class Numbering:
    """Formats by list id and level, and how far each list has counted."""

    formats: Mapping[str, Mapping[int, tuple[str, str, int]]]
    _counts: dict[str, list[int]] = field(default_factory=dict)

    def next(self, number: str, level: int) -> str:
        """The mark of the next item: '-', '1.', '2.1', '第三条'; empty when it is no item."""
        levels = self.formats.get(number)
        if levels is None or level not in levels:
            return ""
        counts = self._counts.setdefault(number, [levels[n][2] - 1 if n in levels else 0 for n in range(9)])
        counts[level] += 1
        for deeper in range(level + 1, 9):
            counts[deeper] = levels[deeper][2] - 1 if deeper in levels else 0
        form, text, _ = levels[level]
        if form == "none":
            return ""
        if form == "bullet":
            return "-"

        def shown(found: re.Match[str]) -> str:
            n = int(found.group(1)) - 1
            return _number(max(counts[n], 1), levels.get(n, (form, "", 1))[0])

        return re.sub(r"%([1-9])", shown, text).strip()


def read_styles(root: Element | None) -> Styles:
    """From styles.xml, following what a style is based on."""
    if root is None:
        return Styles(looks={})
    found = {style.get(f"{WORD}styleId", ""): style for style in root.findall(f"{WORD}style")}
    return Styles(looks={name: _style_look(name, found) for name in found})


def read_numbering(root: Element | None) -> Numbering:
    """From numbering.xml."""
    if root is None:
        return Numbering(formats={})
    abstract = {item.get(f"{WORD}abstractNumId", ""): _levels(item) for item in root.findall(f"{WORD}abstractNum")}
    return Numbering(formats={
        item.get(f"{WORD}numId", ""): abstract.get(_value(item, "abstractNumId"), {})
        for item in root.findall(f"{WORD}num")
    })  # fmt: skip


def _levels(item: Element) -> dict[int, tuple[str, str, int]]:
    found = {}
    for level in item.findall(f"{WORD}lvl"):
        start = _value(level, "start")
        place = level.get(f"{WORD}ilvl", "0")
        if place.isdigit() and int(place) < 9:
            first = int(start) if start.isdigit() and len(start) < 7 else 1
            found[int(place)] = (_value(level, "numFmt") or "decimal", _value(level, "lvlText"), first)
    return found


def _style_look(name: str, styles: Mapping[str, Element]) -> Look:
    chain: list[Element] = []
    while name in styles and len(chain) < _MAX_CHAIN:
        chain.append(styles[name])
        name = _value(styles[name], "basedOn")
    look = Look()
    for style in reversed(chain):
        called = _value(style, "name").strip().lower()
        heading = _HEADING_NAME.fullmatch(called)
        if heading:
            look = Look(outline=int(heading.group(1)))
        elif called in _TITLE_NAMES:
            look = Look(outline=1, title=True)
        settings = style.find(f"{WORD}pPr")
        if settings is not None:
            look = _own(settings, look)
    return look


def _own(settings: Element, look: Look) -> Look:
    outline = _value(settings, "outlineLvl")
    level = int(outline) + 1 if outline in tuple("012345678") else 0 if outline == "9" else look.outline
    numbering = settings.find(f"{WORD}numPr")
    number, depth = look.numbering, look.numbering_level
    if numbering is not None:
        number = _value(numbering, "numId") or number
        stated = _value(numbering, "ilvl")
        depth = int(stated) if stated in tuple("012345678") else depth
    return Look(outline=level, title=look.title, numbering=number, numbering_level=depth)


def _value(element: Element, name: str) -> str:
    child = element.find(f"{WORD}{name}")
    return child.get(f"{WORD}val", "") if child is not None else ""


def _number(number: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter"):
        letter = chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 5)
        return letter if form == "lowerLetter" else letter.upper()
    if form in ("lowerRoman", "upperRoman"):
        return _roman(number) if form == "lowerRoman" else _roman(number).upper()
    if form in (
        "chineseCounting",
        "chineseCountingThousand",
        "taiwaneseCounting",
        "japaneseCounting",
        "ideographDigital",
    ):
        return _chinese(number)
    return f"{number:02d}" if form == "decimalZero" else str(number)


def _roman(number: int) -> str:
    written = ""
    for value, sign in (
        (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
        (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
    ):  # fmt: skip
        times, number = divmod(number, value) if number < 5000 else (0, number)
        written += sign * times
    return written or str(number)


def _chinese(number: int) -> str:
    if not 0 < number < 100:
        return str(number)
    tens, ones = divmod(number, 10)
    written = ("" if tens == 1 else _CHINESE[tens]) + "十" if tens else ""
    return written + (_CHINESE[ones] if ones else "")
