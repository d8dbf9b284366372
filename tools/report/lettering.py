"""The fonts of a document: what they can draw, and the TeX that loads them for either engine.

One look for both: Source Sans with Noto Sans SC, which is drawn to match it.  Characters that these lack come from
DejaVu (in matplotlib's wheel).  A document says ``\\input{lettering.tex}`` after its class; that file is written when
the text is known, because pdfTeX needs the very characters.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import matplotlib

from clawdbot.tools.fonts import cjk_font, coverage
from clawdbot.tools.report.engine import EngineName
from clawdbot.tools.report.subset import write_restricted, write_subsets

FILE = "lettering.tex"

_T1 = frozenset(
    ord(c)
    for c in "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ"
    "ĂăĄąĆćČčĎďĐđĘęĚěĞğĹĺĽľŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŤťŢţŮůŰűŸŹźŻżŽž£§"
)
"""Letters that pdfTeX's own encoding has."""
_WESTERN = frozenset(map(ord, "–—‘’“”…·"))
"""Punctuation that is narrow in Western text and wide in Chinese."""
_OPENING = frozenset(map(ord, "（〔［｛〈《「『【〖“‘￥＄"))
_CLOSING = frozenset(map(ord, "）〕］｝〉》」』】〗”’，。、；：！？％…—·～"))

_PDFTEX = r"""\usepackage[T1]{fontenc}
\IfFileExists{sourcesanspro.sty}{\usepackage[default,lining,tabular]{sourcesanspro}}{%
  \IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}\renewcommand\familydefault{\sfdefault}}
\IfFileExists{t1lmtt.fd}{\renewcommand\ttdefault{lmtt}}{}
\pdfminorversion=7 \pdfgentounicode=1 \pdftrailerid{}\pdfsuppressptexinfo=-1
\pdfglyphtounicode{f_i}{00660069}\pdfglyphtounicode{f_l}{0066006C}\pdfglyphtounicode{f_f}{00660066}
\makeatletter
% No bold cut is carried: bold is drawn with an outline, by the weight of the surrounding text.
\def\cb@ifbold#1#2\@nil{\if b#1\expandafter\@firstofone\else\expandafter\@gobble\fi}
\DeclareRobustCommand\cbglyph[2]{\leavevmode{%
  \edef\cb@stroke{\strip@pt\dimexpr.028em\relax}%
  \expandafter\cb@ifbold\f@series\@nil{\pdfliteral direct{2 Tr \cb@stroke\space w}}%
  \let\cb@series\f@series
  \fontencoding{U}\fontfamily{#1}\fontseries{m}\fontshape{n}\selectfont\char#2\relax
  \expandafter\cb@ifbold\cb@series\@nil{\pdfliteral direct{0 Tr}}}}
\DeclareRobustCommand\cbwide[2]{\leavevmode\hskip0pt plus.02em\cbglyph{#1}{#2}\hskip0pt plus.06em\relax}
\DeclareRobustCommand\cbopen[2]{\leavevmode\hskip0pt plus.02em\cbglyph{#1}{#2}\penalty10000\relax}
\DeclareRobustCommand\cbclose[2]{\leavevmode\unskip\penalty10000\cbglyph{#1}{#2}\hskip0pt plus.06em\relax}
"""
_XETEX = r"""\usepackage[fontset=none,heading=false,scheme=plain]{{ctex}}
\setmainfont[Path=./,RawFeature=+pwid,AutoFakeBold=2.2,AutoFakeSlant=.2]{{{main}}}
\setsansfont[Path=./,RawFeature=+pwid,AutoFakeBold=2.2,AutoFakeSlant=.2]{{{main}}}
\setCJKmainfont[Path=./,AutoFakeBold=2.2,AutoFakeSlant=.2]{{{main}}}
\setCJKsansfont[Path=./,AutoFakeBold=2.2,AutoFakeSlant=.2]{{{main}}}
\setCJKmonofont[Path=./]{{{main}}}
\setmonofont[Path=./,Scale=.84]{{{mono}}}
\newfontfamily\cbother[Path=./,Scale=.92]{{{other}}}
\special{{pdf:trailerid [<00000000000000000000000000000000> <00000000000000000000000000000000>]}}
\makeatletter
"""


@dataclass(frozen=True, kw_only=True)
class Lettering:
    """The fonts of one document in one engine and language."""

    engine: EngineName
    language: Literal["zh", "en"]

    @property
    def drawable(self) -> frozenset[int]:
        """Code points that can be printed: left-to-right ones that a font has."""
        return _drawable(self.engine)

    def write(self, source: str, folder: Path) -> None:
        """Write ``lettering.tex`` and the font files that the text of ``source`` needs."""
        characters = sorted({ord(c) for c in source if ord(c) > 126})
        lines = self._pdftex(characters, folder) if self.engine == "pdflatex" else self._xetex(characters, folder)
        (folder / FILE).write_text("".join(lines) + "\\makeatother\n", "utf-8")

    def _own(self, character: int) -> bool:
        """The engine's Latin font draws it without help."""
        return character in _T1 or (character in _WESTERN and self.language == "en")

    def _pdftex(self, characters: list[int], folder: Path) -> list[str]:
        main, other = coverage(cjk_font()), coverage(_dejavu("DejaVuSans.ttf"))
        wanted = [c for c in characters if not self._own(c)]
        first = write_subsets(cjk_font(), [c for c in wanted if c in main], folder, stem="cbcjk")
        rest = [c for c in wanted if c not in main and c in other]
        second = write_subsets(_dejavu("DejaVuSans.ttf"), rest, folder, stem="cbother")
        lines = [_PDFTEX]
        for font in (*first, *second):
            lines.append(f"\\pdfmapline{{+{font.map_line}}}\n\\DeclareFontFamily{{U}}{{{font.stem}}}{{}}\n")
            lines.append(f"\\DeclareFontShape{{U}}{{{font.stem}}}{{m}}{{n}}{{<->{font.stem}}}{{}}\n")
            for code, character in enumerate(font.characters, 1):
                body = f"\\{_role(character)}{{{font.stem}}}{{{code}}}"
                lines.append(f"\\DeclareUnicodeCharacter{{{character:04X}}}{{{body}}}\n")
        return lines

    def _xetex(self, characters: list[int], folder: Path) -> list[str]:
        main = coverage(cjk_font())
        names = {"main": "cbmain.otf", "mono": "cbmono.ttf", "other": "cbother.ttf"}
        files = {"main": cjk_font(), "mono": _dejavu("DejaVuSansMono.ttf"), "other": _dejavu("DejaVuSans.ttf")}
        for role, name in names.items():
            write_restricted(files[role], {*range(32, 127), *characters}, folder / name)
        lines = [_XETEX.format(**names)]
        if self.language == "en":
            narrow = ",".join(f'"{c:04X}' for c in sorted(_WESTERN))
            lines.append(f"\\xeCJKDeclareCharClass{{Default}}{{{narrow}}}\n")
        for character in characters:
            if character not in main and character in self.drawable:
                lines.append(f'\\catcode"{character:X}=13 \\begingroup\\lccode`\\~="{character:X} ')
                lines.append(f'\\lowercase{{\\endgroup\\protected\\def~}}{{{{\\cbother\\char"{character:X} }}}}\n')
        return lines


def _role(character: int) -> str:
    """The command that draws it: with the spacing and line breaks of Chinese, or plain."""
    if character in _OPENING:
        return "cbopen"
    if character in _CLOSING:
        return "cbclose"
    return "cbwide" if unicodedata.east_asian_width(chr(character)) in "WF" else "cbglyph"


@cache
def _drawable(engine: EngineName) -> frozenset[int]:
    covered = coverage(cjk_font()) | coverage(_dejavu("DejaVuSans.ttf"))
    if engine == "pdflatex":
        covered |= _T1
    return frozenset(c for c in covered if unicodedata.bidirectional(chr(c)) not in ("R", "AL", "AN"))


@cache
def _dejavu(name: str) -> Path:
    return Path(matplotlib.get_data_path(), "fonts", "ttf", name)
