"""Globs over document names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.knowledge.sources.patterns import is_glob, left_out, matches


@pytest.mark.parametrize(
    ("glob", "name", "fits"),
    [
        ("*.md", "a.md", True),
        ("*.md", "a/b.md", False),
        ("**/*.md", "b.md", True),
        ("**/*.md", "a/x/b.md", True),
        ("hr/**", "hr/a/b.md", True),
        ("hr/**", "hr.md", False),
        ("**", "anything/at/all", True),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("?.md", "价.md", True),
        ("?.md", "/.md", False),
        ("*.PDF", "scan.pdf", True),
        ("[ab].md", "b.md", True),
        ("[!ab].md", "b.md", False),
        ("[!ab].md", "/.md", False),
        ("[a-c]x", "bx", True),
        ("[x", "[x", True),
        ("a.md", "aXmd", False),
        ("é*", "été", True),
    ],
)
def test_what_a_glob_fits(glob: str, name: str, fits: bool) -> None:
    assert matches(glob, name) is fits


@given(st.lists(st.text("ab.", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join))
def test_a_name_fits_itself_and_everything(name: str) -> None:
    assert matches(name, name) and matches("**", name) and matches("**/" + name, name)
    assert matches("**/*" + name.rpartition("/")[2], name)


@pytest.mark.parametrize(
    ("name", "globs", "out"),
    [
        ("drafts/a.md", ["**/drafts/**"], True),
        ("x/drafts/y/a.md", ["**/drafts/**"], True),
        ("drafts/", ["drafts/**"], True),
        ("drafts", ["drafts/**"], False),
        ("drafts/a.md", ["drafts/"], True),
        ("x/old/a.md", ["old"], True),
        ("x/a.bak", ["*.bak"], True),
        ("x/a.bak", ["y/*.bak"], False),
        ("a.md", [], False),
    ],
)
def test_what_is_left_out(name: str, globs: list[str], out: bool) -> None:
    assert left_out(name, globs) is out


def test_what_is_a_glob() -> None:
    assert is_glob("a/*.md") and is_glob("[x]") and not is_glob("a/b.md")
