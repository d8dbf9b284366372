"""Values as TeX: whatever comes in, only printing commands come out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.tools.report.escape import CELL_LIMIT, escape, escape_code, escape_paragraphs

DRAWABLE = frozenset(map(ord, "é–季度销售额：，。𠮷")) | frozenset(range(0x20, 0x7F))
PRINTING = {
    "textbackslash", "textasciicircum", "textasciitilde", "textless", "textgreater", "textbar", "textquotedbl",
    "textasciigrave", "textquotesingle", "allowbreak", "mbox", "par",
}  # fmt: skip
HOSTILE = st.text(
    alphabet=st.one_of(
        st.sampled_from("\\{}$&#%_^~<>|\"'`-,[]*=@\n\r\t\x00\x07\x7f\u202e\u200b\ufeff\u0301"), st.characters()
    ),
    max_size=80,
)


def assert_only_prints(tex: str) -> None:
    """Reads the source as TeX would: known commands, escaped characters, balanced braces, nothing active."""
    rest = re.sub(r"\\([a-zA-Z]+)(?![a-zA-Z])", lambda m: "" if m[1] in PRINTING else f"?{m[0]}", tex)
    rest = re.sub(r"\\[{}$&#%_ ]", "", rest)
    assert "\\" not in rest
    assert not set(rest) & set("$&#%_^~\x00")
    depth = 0
    for char in rest:
        depth += {"{": 1, "}": -1}.get(char, 0)
        assert depth >= 0
    assert depth == 0


@settings(deadline=None, max_examples=400)
@given(text=HOSTILE)
def test_any_text_becomes_text_that_only_prints(text: str) -> None:
    for function in (escape, escape_paragraphs, escape_code):
        tex = function(text, drawable=DRAWABLE)
        assert_only_prints(tex)
        assert not tex or not (tex[0].isalpha() or tex[0] in "[*")
        assert all(c == "\n" or (ord(c) in DRAWABLE and c.isprintable()) for c in tex)


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("50% of $3 & #1_a", "50\\% of \\$3 \\& \\#1\\_a"),
        ("^^5cinput", "\\textasciicircum{}\\textasciicircum{}5cinput"),
        ("\\input{/etc/passwd}", "\\textbackslash{}input\\{/etc/\\allowbreak{}passwd\\}"),
        ("--", "-{}-{}"),
        ("-5 and 3-4", "\\mbox{-}5 and 3-{}4"),
        ("[x]", "{}[x]"),
        ("*", "{}*"),
        ("季度", "{}季度"),
        ("e\u0301", "{}é"),
        ("a\u202eb\u200bc", "{}abc"),
        ("\U0001f600", "{}[U+1F600]"),
        ("a\x00", "{}a[U+0000]"),
        ("\u0378\ue000\ud800", "{}[U+0378][U+E000][U+D800]"),
        ("a \n\t b\u2028c\u3000d", "{}a b c d"),
        ("", ""),
    ],
)
def test_single_values(text: str, tex: str) -> None:
    result = escape(text, drawable=DRAWABLE)
    assert result.replace("\\allowbreak{}", "") == tex.replace("\\allowbreak{}", "")


def test_long_words_get_break_points_and_short_ones_none() -> None:
    assert "allowbreak" not in escape("Internationalised!", drawable=DRAWABLE)
    assert escape("a" * 19, drawable=DRAWABLE) == "{}" + "\\allowbreak{}".join(["aaaaaa"] * 3 + ["a"])


def test_a_cell_of_ten_megabytes_is_cut() -> None:
    tex = escape("季" * 10_000_000, drawable=DRAWABLE, limit=CELL_LIMIT)
    assert len(tex) < CELL_LIMIT + 10
    assert tex.endswith("...")


def test_paragraphs_and_lines_of_code_are_kept() -> None:
    assert escape_paragraphs("a\nb\r\n\r\nc\n \n\n", drawable=DRAWABLE) == "{}a b\n\nc"
    code = escape_code("SELECT 'a''b'\n\n  FROM t -- x\n", drawable=DRAWABLE)
    assert code == (
        "{}SELECT \\textquotesingle{}a\\textquotesingle{}\\textquotesingle{}b\\textquotesingle{}"
        "\\par\n\\ \\ FROM t -{}-{} x"
    )
