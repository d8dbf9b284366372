"""Templates: values are always escaped, the sandbox holds, a broken one is explained with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clawdbot.errors import ConfigError, TerminalToolError
from clawdbot.tools.report.template import Tex, available, render


@pytest.fixture
def rendered(tmp_path: Path) -> Callable[..., str]:
    def call(source: str, **values: object) -> str:
        (tmp_path / "mine.tex.j2").write_text(source, "utf-8")
        return render("mine", values, escape=lambda text: f"<{text}>", folder=tmp_path)

    return call


def test_values_are_escaped_and_our_own_tex_is_not(rendered: Callable[..., str]) -> None:
    source = r"\VAR{text}|\VAR{tex}|\VAR{tex ~ text}|\VAR{tex|upper}|\VAR{text|safe}|\VAR{none}|\VAR{1 + 1}"
    made = rendered(source, text="a_b", tex=Tex(r"\x"), none=None)
    assert made == r"<a_b>|\x|<\xa_b>|<\X>|<a_b>|<>|<2>"


def test_control_comments_and_braces_of_tex(rendered: Callable[..., str]) -> None:
    source = (
        "\\#{ gone }\\textbf{\\VAR{x}}\n\\BLOCK{for y in ys}\n\\item{\\VAR{y}}\n\\BLOCK{endfor}\n% {{ x }} {% if %}"
    )
    assert rendered(source, x="1", ys=["a", "b"]) == "\\textbf{<1>}\n\\item{<a>}\n\\item{<b>}\n% {{ x }} {% if %}"


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        ("a\n\\VAR{nothing}", 2, "'nothing' is undefined"),
        ("\\BLOCK{for x in y}\n", 1, "Unexpected end of template"),
        ("a\nb\n\\VAR{x.}", 3, "expected name or number"),
        ("a\n\\VAR{x + 1}", 2, "can only concatenate"),
        ("\\VAR{1 // 0}", 1, "by zero"),
        ("\n\\VAR{x.__class__.__mro__}", 2, "unsafe"),
        ("\\BLOCK{include 'gone.tex.j2'}", 0, "it includes 'gone.tex.j2', which does not exist"),
        ("\\BLOCK{include '../../../etc/passwd'}", 0, "which does not exist"),
        ("\n\n\\VAR{range(10**9)|list}", 3, "Range too big"),
        ("\\VAR{x|nosuch}", 1, "No filter named 'nosuch'"),
    ],
)
def test_a_broken_template_is_explained_with_its_line(
    rendered: Callable[..., str], source: str, line: int, reason: str
) -> None:
    with pytest.raises(TerminalToolError) as caught:
        rendered(source, x="1")
    where = f", line {line}: " if line else ": "
    assert f"The report template 'mine' is broken{where}" in caught.value.message
    assert reason in caught.value.message
    assert "report-template.md" in caught.value.hint


def test_names_that_exist(tmp_path: Path) -> None:
    (tmp_path / "mine.tex.j2").write_text("x")
    assert available(tmp_path) == ("memo", "mine", "report")
    for name in ("nosuch", "_base", "../mine"):
        with pytest.raises(ConfigError, match="memo, mine, report"):
            render(name, {}, escape=str, folder=tmp_path)
