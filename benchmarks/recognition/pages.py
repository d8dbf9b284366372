"""Pages of real text, rendered as they would be printed, with the lines that stand on them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import matplotlib
import pylopdf_fonts_zh_cn
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # it ships no types
from PIL import Image, ImageDraw, ImageFont

Language = Literal["zh", "en"]

_DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "retrieval"
_OWN_TEXT = Path(__file__).with_name("paragraphs.json")
_CORPORA: dict[Language, tuple[str, ...]] = {"zh": ("cmrc2018-zh", "xquad-zh"), "en": ("xquad-en",)}
_NOTO = Path(pylopdf_fonts_zh_cn.__file__).parent
_LATIN = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
FONTS: dict[str, Path] = {
    "Noto Sans SC": _NOTO / "NotoSansSC-Regular.otf",
    "Noto Serif SC": _NOTO / "NotoSerifSC-Regular.otf",
    "STIX": _LATIN / "STIXGeneral.ttf",
    "DejaVu Sans": _LATIN / "DejaVuSans.ttf",
}
_A4 = (8.27, 11.69)
"""Inches."""
_MARGIN = 0.9
_LEADING = 1.55
_GUTTER = 0.35
_CLOSING = "，。、；：？！）》」』”’】〉…"
"""Chinese lines do not begin with these."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a page is set: type size in points, resolution in dots an inch, columns of text."""

    language: Language
    font: str
    points: float = 10.5
    dpi: int = 300
    columns: int = 1


@dataclass(frozen=True, kw_only=True)
class Page:
    """A rendered page and the truth about it: its lines in reading order."""

    image: Image.Image
    lines: tuple[str, ...]
    language: Language


_REPEATED = 20
"""Our own few texts, so often that they fill every page."""


@cache
def paragraphs(language: Language) -> tuple[str, ...]:
    """Texts to set: those of the retrieval data where present, else a few of our own."""
    found = [
        json.loads(row)["text"]
        for corpus in _CORPORA[language]
        if (_DATA / corpus / "corpus.jsonl").is_file()
        for row in (_DATA / corpus / "corpus.jsonl").read_text("utf-8").splitlines()
    ]
    return tuple(found) or tuple(json.loads(_OWN_TEXT.read_text("utf-8"))[language]) * _REPEATED


def render(layout: Layout, *, seed: int, most_lines: int | None = None) -> Page:
    """A full A4 page of paragraphs chosen by ``seed``, black on white, antialiased as a renderer does it."""
    font = ImageFont.truetype(str(FONTS[layout.font]), round(layout.points * layout.dpi / 72))
    width, height = (round(side * layout.dpi) for side in _A4)
    margin, gutter = round(_MARGIN * layout.dpi), round(_GUTTER * layout.dpi)
    measure = (width - 2 * margin - gutter * (layout.columns - 1)) // layout.columns
    step = round(layout.points * layout.dpi / 72 * _LEADING)
    rows = (height - 2 * margin) // step
    image = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(image)
    lines: list[str] = []
    for number, text in enumerate(_lines(layout, font, measure, seed)):
        column, row = divmod(number, rows)
        if column == layout.columns or number == most_lines:
            break
        place = (margin + column * (measure + gutter), margin + row * step)
        draw.text(place, text, font=font, fill=0)
        if text.strip():
            lines.append(text.strip())
    return Page(image=image.convert("RGB"), lines=tuple(lines), language=layout.language)


def _lines(layout: Layout, font: ImageFont.FreeTypeFont, measure: int, seed: int) -> Iterator[str]:
    known = _characters(layout.font)
    texts = [text for text in paragraphs(layout.language) if all(ord(c) in known for c in text)]
    random.Random(seed).shuffle(texts)
    for text in texts:
        yield from _broken(" ".join(text.split()), layout.language, font, measure)
        yield ""


@cache
def _characters(name: str) -> frozenset[int]:
    with TTFont(FONTS[name], lazy=True) as font:
        return frozenset(font.getBestCmap())


def _broken(text: str, language: Language, font: ImageFont.FreeTypeFont, measure: int) -> Iterator[str]:
    pieces = list(text) if language == "zh" else [word + " " for word in text.split()]
    line, used = "", 0.0
    for piece in pieces:
        wide = font.getlength(piece)
        if line and used + font.getlength(piece.rstrip()) > measure and piece not in _CLOSING:
            yield line
            line, used = "", 0.0
        line += piece
        used += wide
    if line:
        yield line
