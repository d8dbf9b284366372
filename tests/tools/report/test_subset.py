"""Fonts for pdfTeX: metrics as Knuth describes them, and glyphs that can be searched."""

from __future__ import annotations

import struct
from pathlib import Path

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # fontTools ships no types

from clawdbot.tools.fonts import cjk_font
from clawdbot.tools.report.subset import font_metrics, write_subsets


def test_metrics_have_the_lengths_that_their_header_says() -> None:
    data = font_metrics([1000, 500, 1000, 0])
    length, header, first, last, *tables = struct.unpack(">12H", data[:24])
    assert (header, first, last) == (2, 1, 4)
    assert length * 4 == len(data)
    assert length == 6 + header + (last - first + 1) + sum(tables)
    assert tables[0] == 4  # nothing, 0, 500 and 1000


def test_more_characters_than_one_font_holds(folder: Path) -> None:
    characters = [0x4E00 + i for i in range(300)] + [0x03A9]
    first, second = write_subsets(cjk_font(), characters, folder, stem="f")
    assert len(first.characters) == 255
    assert [*first.characters, *second.characters] == sorted(characters)
    assert second.map_line == "f1 <f1.enc <f1.ttf"
    with TTFont(folder / "f1.ttf") as font:
        assert font.getGlyphOrder()[1] == "uni4EFE"
        assert len(font.getGlyphOrder()) == 47
    assert (folder / "f0.enc").read_text().count("/") == 257


def test_the_same_characters_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for place in (folder, other):
        write_subsets(cjk_font(), [0x5B63], place, stem="f")
    assert (folder / "f0.ttf").read_bytes() == (other / "f0.ttf").read_bytes()
