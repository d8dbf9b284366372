"""The font that draws Chinese, always there, and what a font can draw.

Noto Sans SC (SIL Open Font License 1.1) comes as a wheel, so a chart or a report looks the same on every
machine and no folder is scanned.  Where the wheel was left out, the usual places of system fonts are tried.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # fontTools ships no types

from clawdbot.errors import UsageError

WHEEL = "pylopdf-fonts-zh-cn"

PROBE = frozenset(map(ord, "季度销售额地区产品总计图表报告万亿￥，。：（）ABCabc0123456789%"))
"""A font that lacks one of these is not taken."""

_SYSTEM = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJKsc-Regular.otf",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/System/Library/Fonts/Hiragino Sans GB.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/simhei.ttf",
)


@cache
def cjk_font() -> Path:
    """A regular sans-serif TrueType or OpenType file that covers GB 2312 and plain Latin; raises as `first_font`."""
    return first_font((*_packaged(), *map(Path, _SYSTEM)))


def first_font(candidates: Iterable[Path]) -> Path:
    """The first file that exists and draws Chinese; UsageError names the wheel to install when there is none."""
    for path in candidates:
        if path.is_file() and coverage(path) >= PROBE:
            return path
    raise UsageError("No font that draws Chinese was found.", hint=f"Install one with: pip install {WHEEL}")


@cache
def coverage(path: Path) -> frozenset[int]:
    """The code points that a font file (the first face of a collection) has a glyph for."""
    with TTFont(path, fontNumber=0, lazy=True) as font:
        return frozenset(font.getBestCmap() or {})


def _packaged() -> tuple[Path, ...]:
    """The wheel's file; found without importing it, so that its absence is not an error here."""
    spec = find_spec(WHEEL.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        return ()
    return tuple(Path(folder) / "NotoSansSC-Regular.otf" for folder in spec.submodule_search_locations)
