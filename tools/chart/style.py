"""How charts look: colours, hatches, markers, fonts, and text that is measured before it is drawn.

The colours are Okabe and Ito's (https://jfly.uni-koeln.de/color/), distinct for colour-blind people and in
print; hatches, markers and dashes say the same a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontEntry, FontProperties, fontManager
from matplotlib.typing import RcKeyType

from clawdbot.tools.chart.text import LATIN, in_chinese_font
from clawdbot.tools.fonts import cjk_font

DPI = 240
WIDTH = 8.0
"""Inches; with DPI a picture is 1920 pixels wide."""

INK, MUTED, GRID, REST = "#222222", "#5F6368", "#E4E6E8", "#A6A6A6"
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#4D4D4D", "#B8A500")
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---", "|||", "++")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", "-.", ":", (0, (7, 2)), (0, (4, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (9, 1, 3, 1)))

TITLE, BODY, SMALL = 13.5, 9.5, 8.0
"""Font sizes in points."""

RC: dict[RcKeyType, Any] = {
    "text.parse_math": False,
    "text.usetex": False,
    "text.hinting": "none",
    "axes.unicode_minus": True,
    "pdf.fonttype": 3,  # OpenType (CFF) embedded as type 42 is malformed; type 3 outlines are right everywhere.
    "pdf.compression": 6,
    "hatch.linewidth": 0.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "path.simplify": False,
    "agg.path.chunksize": 20000,
}


@cache
def _registered() -> tuple[str, str]:
    """Names under which Matplotlib finds exactly our two files, whatever else is installed."""
    names = ("clawdbot chinese", "clawdbot latin")
    for name, path in zip(names, (cjk_font(), LATIN), strict=True):
        fontManager.ttflist.append(
            FontEntry(
                fname=str(Path(path)),
                name=name,
                style="normal",
                variant="normal",
                weight=400,
                stretch="normal",
                size="scalable",
            )
        )
    return names


def font(text: str, size: float) -> FontProperties:
    """The fonts for a text, per glyph.

    A text with letters that only the second font has starts with that one: otherwise accents would be put
    together from parts that do not fit.
    """
    chinese, latin = _registered()
    family = [chinese, latin] if in_chinese_font(text) else [latin, chinese]
    return FontProperties(family=family, size=size)


@cache
def _renderer() -> RendererAgg:
    return RendererAgg(8, 8, DPI)  # type: ignore[no-untyped-call]  # Matplotlib's stub is partial


@lru_cache(maxsize=4096)
def extent(text: str, size: float) -> tuple[float, float]:
    """Width and height of one line in inches."""
    if not text:
        return 0.0, size / 72
    measure: Callable[..., tuple[float, float, float]] = _renderer().get_text_width_height_descent
    width, height, _ = measure(text, font(text, size), False)
    return width / DPI, max(height / DPI, size / 72)


def fitted(text: str, size: float, width: float) -> str:
    """The text, or as much of its start as fits into ``width`` inches with an ellipsis."""
    if extent(text, size)[0] <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if extent(text[:middle].rstrip() + "…", size)[0] <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


def shortened(text: str, size: float, width: float) -> str:
    """The text, or its start and end around an ellipsis: names often differ only at the end."""
    if extent(text, size)[0] <= width:
        return text
    low, high = 0, len(text) - 1
    while low < high:
        kept = (low + high + 1) // 2
        if extent(_middle_cut(text, kept), size)[0] <= width:
            low = kept
        else:
            high = kept - 1
    return _middle_cut(text, low)


def _middle_cut(text: str, kept: int) -> str:
    tail = kept * 2 // 5
    return text[: kept - tail].rstrip() + "…" + (text[-tail:].lstrip() if tail else "")


def wrapped(text: str, size: float, width: float, *, lines: int) -> list[str]:
    """The text broken into at most ``lines`` that fit; between words, or anywhere in Chinese; the last is cut."""
    found: list[str] = []
    rest = text
    while rest and len(found) < lines - 1 and extent(rest, size)[0] > width:
        cut = _break(rest, size, width)
        if not cut:
            break
        found.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*found, fitted(rest, size, width)] if rest else found


def _break(text: str, size: float, width: float) -> int:
    """The last place where a line may end and still fits; 0 when there is none."""
    best = 0
    for i, (before, after) in enumerate(pairwise(text), start=1):
        if before == " " or ord(before) > 0x2E7F or (ord(after) > 0x2E7F and after not in "，。、；：？！）》”’"):
            if extent(text[:i].rstrip(), size)[0] > width:
                break
            best = i
    return best
