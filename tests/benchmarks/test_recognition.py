"""The measure of recognition: what is counted, and that pages and damage are what they are said to be."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ImageChops

from benchmarks.recognition.damage import KINDS
from benchmarks.recognition.pages import Layout, render
from benchmarks.recognition.score import character_error, lost_lines, word_error


def test_errors_are_counted_by_character_and_by_word() -> None:
    assert character_error("审批,意见 5000 元", "审批，意见5000元") == 0.0
    assert character_error("abcd efgh", "abcdefgh") == pytest.approx(1 / 9)
    assert character_error("差旅费用", "差旅") == 0.5
    assert word_error("The limit is five.", "the limit was five") == 0.25


def test_a_line_is_lost_when_nothing_like_it_was_read() -> None:
    lines = ("the first line of the page", "quite another sentence 42", "单笔金额超过五千元")
    assert lost_lines(lines, "the frst line 0f the page\n单笔金额超过五干元") == 1


@pytest.mark.parametrize("layout", [
    Layout(language="zh", font="Noto Serif SC", points=9, dpi=100),
    Layout(language="en", font="STIX", points=9, dpi=100, columns=2),
])  # fmt: skip
def test_a_page_bears_its_lines_within_its_margins(layout: Layout) -> None:
    page = render(layout, seed=3)
    assert page.image.size == (827, 1169) and len(page.lines) >= 30 * layout.columns
    left, top, right, bottom = ImageChops.invert(page.image.convert("L")).getbbox() or (0, 0, 0, 0)
    assert left >= 85 and top >= 85 and right <= 760 and bottom <= 1090
    assert render(layout, seed=3).lines == page.lines != render(layout, seed=4).lines


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_repeatable_and_leaves_the_page_a_page(kind: str) -> None:
    image = render(Layout(language="en", font="STIX", points=12, dpi=60), seed=1, most_lines=5).image
    damaged = KINDS[kind](image, 1)
    assert np.array_equal(np.asarray(damaged), np.asarray(KINDS[kind](image, 1)))
    assert damaged.mode == "RGB" and sorted(damaged.size) == sorted(image.size)
    assert (kind == "crisp") == (damaged.size == image.size and np.array_equal(np.asarray(damaged), np.asarray(image)))
