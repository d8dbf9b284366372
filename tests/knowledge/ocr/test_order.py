"""In which order the lines of a page are read."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.knowledge.ocr.box import Box
from clawdbot.knowledge.ocr.order import rows

HEIGHT = 20.0


def line(left: float, top: float, width: float) -> Box:
    return Box(left=left, top=top, right=left + width, bottom=top + HEIGHT)


def column(left: float, *, lines: int, top: float = 100.0, width: float = 400.0) -> list[Box]:
    """Lines of running text; the last one is short."""
    return [line(left, top + 30 * i, width if i < lines - 1 else width / 3) for i in range(lines)]


def flat(boxes: list[Box]) -> list[Box]:
    return [box for row in rows(boxes) for box in row]


def test_columns_are_read_one_after_the_other_below_their_common_heading() -> None:
    heading, footer = line(50, 20, 860), line(50, 500, 860)
    left, right = column(50, lines=8), column(510, lines=8)
    assert flat([*right, footer, *left, heading]) == [heading, *left, *right, footer]


def test_a_heading_between_columns_begins_a_new_part() -> None:
    first = [*column(50, lines=5), *column(510, lines=5)]
    heading = line(50, 280, 860)
    second = [*column(50, lines=5, top=330), *column(510, lines=5, top=330)]
    assert flat([*second, heading, *first]) == [*first, heading, *second]


def test_three_columns_may_have_different_lengths() -> None:
    left, middle, right = (column(x, lines=n, width=270) for x, n in ((50, 9), (360, 6), (670, 4)))
    assert flat([*right, *left, *middle]) == [*left, *middle, *right]


def test_a_table_is_read_row_by_row() -> None:
    cells = [[line(50 + 200 * c, 100 + 40 * r, 60 + 10 * ((r + c) % 3)) for c in range(4)] for r in range(6)]
    shuffled = [cell for c in range(4) for cell in (row[c] for row in cells)]
    assert rows(shuffled) == [tuple(row) for row in cells]


def test_a_single_column_keeps_its_order_with_a_date_on_the_right() -> None:
    date = line(700, 40, 150)
    text = column(50, lines=10, width=800)
    assert rows([*text, date]) == [(date,), *((box,) for box in text)]


def test_slightly_uneven_cells_are_one_row() -> None:
    left, right = line(50, 100, 80), line(300, 106, 80)
    assert rows([right, left]) == [(left, right)]


def test_nothing_has_no_rows() -> None:
    assert rows([]) == []


@settings(deadline=None, max_examples=200)
@given(st.lists(st.builds(line, st.floats(0, 1000), st.floats(0, 1000), st.floats(5, 900)), max_size=30, unique=True))
def test_no_line_is_lost_or_repeated(boxes: list[Box]) -> None:
    assert sorted(flat(boxes), key=hash) == sorted(boxes, key=hash)
