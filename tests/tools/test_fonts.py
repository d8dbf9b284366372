"""The Chinese font is there and covers what office documents use."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import pytest

from clawdbot.errors import UsageError
from clawdbot.tools.fonts import cjk_font, coverage, first_font


def gb2312() -> set[int]:
    """Every character of GB 2312, from the codec itself."""
    found = set()
    for high in range(0xA1, 0xF8):
        for low in range(0xA1, 0xFF):
            found |= {ord(c) for c in bytes([high, low]).decode("gb2312", errors="ignore")}
    return found


def test_the_font_covers_every_gb2312_character() -> None:
    assert len(gb2312()) > 7000
    assert gb2312() <= coverage(cjk_font())


def test_the_font_covers_ascii_and_the_signs_of_money() -> None:
    assert set(map(ord, map(chr, range(0x20, 0x7F)))) <= coverage(cjk_font())
    assert set(map(ord, "€£¥￥−×±–—…éèüöäßñøå")) <= coverage(cjk_font())


def test_a_code_point_without_a_glyph_is_not_claimed() -> None:
    assert 0x1F600 not in coverage(cjk_font())
    assert 0xE123 not in coverage(cjk_font())


def test_a_font_without_chinese_and_a_missing_file_are_passed_over() -> None:
    latin = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    assert latin.is_file()
    assert first_font((Path("/nowhere/font.ttf"), latin, cjk_font())) == cjk_font()


def test_no_font_at_all_is_an_error_that_names_what_to_install() -> None:
    with pytest.raises(UsageError, match="pip install pylopdf-fonts-zh-cn"):
        first_font((Path("/nowhere/font.ttf"),))
