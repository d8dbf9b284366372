"""Any text is safe to draw: one line, visible, bounded, with a glyph for each character."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from clawdbot.tools.chart.text import LATIN, MISSING, clean
from clawdbot.tools.fonts import cjk_font, coverage


@given(st.text(max_size=300), st.integers(1, 100))
def test_what_is_left_can_be_drawn(text: str, limit: int) -> None:
    shown = clean(text, limit=limit)
    assert len(shown) <= limit
    known = coverage(cjk_font()) | coverage(LATIN)
    assert all(ord(c) in known and unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown)


def test_controls_and_direction_marks_go_and_text_stays() -> None:
    assert clean("a\x00b\u202ec\n d\u200be\ufeff") == "a bc de"
    assert clean("  Café  华东  ") == "Café 华东"


def test_a_character_without_a_glyph_is_visibly_replaced() -> None:
    assert clean("A\ue123B") == f"A{MISSING}B"
    assert clean("\ud800") == MISSING


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert clean("x" * 10_000, limit=10) == "x" * 9 + "…"
    assert clean("x" * 10, limit=10) == "x" * 10
    assert clean(" " * 10_000 + "x", limit=10) == "…"


def test_piles_of_combining_marks_are_cut() -> None:
    assert len(clean("e" + "\u0301" * 60, limit=80)) <= 4
