"""TeX as an untrusted program: what it may not do, and what a person reads when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawdbot.errors import TerminalToolError
from clawdbot.tools.report.engine import EngineName, find_engine
from clawdbot.tools.report.latex import explain, typeset


def run(folder: Path, engine: EngineName, body: str, *, preamble: str = "", timeout_s: float = 30.0) -> int:
    fonts = "\\IfFileExists{lmodern.sty}{\\usepackage{lmodern}}{}"  # the packaged TeX has no Computer Modern
    source = f"\\documentclass{{article}}{fonts}\n{preamble}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (folder / "report.tex").write_text(source, "utf-8")
    return typeset(folder, find_engine(engine), timeout_s=timeout_s).pages


def test_a_program_that_reads_writes_or_starts_others_gets_nothing(folder: Path, engine: EngineName) -> None:
    (folder.parent / "secret.txt").write_text("TOPSECRET")
    body = r"""
\newread\r \openin\r=../secret.txt \ifeof\r absent\else \typeout{LEAK}\fi
\openin\r=/etc/passwd \ifeof\r absent\else \typeout{LEAK}\fi
\immediate\write18{touch ran}
\openin\r="|echo hello" \ifeof\r absent\else \typeout{LEAK}\fi
"""
    assert run(folder, engine, body) == 1
    log = (folder / "report.log").read_text("utf-8", "replace")
    assert "LEAK" not in log
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("target", ["../escaped.txt", "/tmp/clawdbot-escaped.txt"])
def test_a_program_that_writes_outside_its_folder_is_stopped(folder: Path, target: str) -> None:
    body = f"\\newwrite\\w \\immediate\\openout\\w={target} \\immediate\\write\\w{{x}}"
    with pytest.raises(TerminalToolError, match="could not be typeset"):
        run(folder, "pdflatex", body)
    assert not (folder / target).resolve().exists()


def test_an_endless_macro_is_stopped(folder: Path, engine: EngineName) -> None:
    with pytest.raises(TerminalToolError, match="took too long"):
        run(folder, engine, r"\def\x{\x}\x", timeout_s=0.8)


def test_a_page_mill_ends_with_its_processor_time_or_size(folder: Path) -> None:
    with pytest.raises(TerminalToolError, match=r"took too long|grew too large|memory"):
        run(folder, "pdflatex", r"\loop\iftrue\typeout{mill mill mill mill}\repeat", timeout_s=1.0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (r"a \nosuchcommand b", "line 4 of report.tex: Undefined control sequence (the command \\nosuchcommand"),
        (r"\usepackage{x}", "line 4"),
        (r"\begin{nosuch}", "the environment 'nosuch' is not known"),
        (r"a_b", "a character that is special in TeX stands unescaped"),
        (r"\textbf{a", "a closing brace is missing"),
        (r"\def\x{\x\x}\x", "more memory"),
    ],
)
def test_errors_say_line_and_cause(folder: Path, body: str, words: str) -> None:
    with pytest.raises(TerminalToolError) as caught:
        run(folder, "pdflatex", body)
    assert words in str(caught.value)
    assert str(folder) in caught.value.hint


def test_a_missing_package_is_named(folder: Path, engine: EngineName) -> None:
    with pytest.raises(TerminalToolError, match=r"the file or package 'nosuch\.sty' is not there"):
        run(folder, engine, "x", preamble="\\usepackage{nosuch}")


def test_a_font_that_is_not_there_is_named(folder: Path) -> None:
    source = "\\documentclass{article}\\begin{document}\\font\\x=cmr10 \\x a\\end{document}"
    (folder / "report.tex").write_text(source)
    with pytest.raises(TerminalToolError, match=r"the font 'cmr10\.pfb' is not there"):
        typeset(folder, find_engine("pdflatex"), timeout_s=30.0)


def test_a_document_without_pages_is_an_error(folder: Path) -> None:
    with pytest.raises(TerminalToolError, match="no pages"):
        run(folder, "pdflatex", "")


def test_explanations_without_a_log() -> None:
    assert explain("", -9) == "TeX was stopped because it took too long, perhaps by an endless macro."
    assert "grew too large" in explain("", -25)
    assert "status 1 and gave no reason" in explain("nothing here", 1)
    assert explain("! I can't write on file `x'.\n", 1) == "I can't write on file `x'."
