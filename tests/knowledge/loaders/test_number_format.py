"""Numbers and dates as spreadsheets show them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.knowledge.loaders.number_format import Value, shown

MOMENT = datetime(2025, 3, 1, 14, 5, 9, 250000)


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (None, "General", ""),
        (True, "General", "TRUE"),
        (False, "General", "FALSE"),
        ("text", "0.00", "text"),
        (1234567, "General", "1234567"),
        (0.1 + 0.2, "General", "0.3"),
        (1e20, "General", "1e+20"),
        (1234.5, "#,##0.00", "1,234.50"),
        (1234.5, "0", "1235"),
        (0.125, "0.0%", "12.5%"),
        (0.5, "0%", "50%"),
        (-5, "0.00;(0.00)", "(5.00)"),
        (-5.5, "#,##0.0", "-5.5"),
        (0, '0.00;-0.00;"-"', "-"),
        (7, "000", "007"),
        (-7, "000", "-007"),
        (1234567, "#,##0,", "1,235"),
        (12.5, '"¥"#,##0.00', "¥12.50"),
        (12.5, "[$€-407]#,##0.00", "€12.50"),
        (-12.5, "¥#,##0.00", "-¥12.50"),
        (12.5, '0.0 "kg"', "12.5 kg"),
        (12.5, "0.##", "12.5"),
        (12, "0.##", "12"),
        (-0.001, "0.00", "0.00"),
        (12345, "0.00E+00", "1.23E+4"),
        (0.25, "# ?/?", "0.25"),
        (5, "[Red]0", "5"),
        (5, "_(0_)", "5"),
        (5, "0\\件", "5件"),
        (42, "@", "42"),
        (45000, "yyyy", "45000"),
        (MOMENT, "yyyy-mm-dd", "2025-03-01"),
        (MOMENT, 'yyyy"年"m"月"d"日"', "2025年3月1日"),
        (MOMENT, "m/d/yy h:mm", "2025-03-01 14:05"),
        (MOMENT, "mm-dd-yy", "2025-03-01"),
        (MOMENT, "d mmm yy", "1 Mar 25"),
        (MOMENT, "dddd, mmmm dd", "Saturday, March 01"),
        (MOMENT, "ddd mmmmm", "Sat M"),
        (MOMENT, "h:mm:ss AM/PM", "2:05:09 PM"),
        (MOMENT, "上午/下午h:mm", "下午2:05"),
        (MOMENT, "mm:ss.00", "05:09.25"),
        (MOMENT, "aaaa", "星期六"),
        (MOMENT, "aaa", "六"),
        (MOMENT, "[h]:mm", "14:05"),
        (MOMENT, "General", "2025-03-01 14:05:09.250000"),
        (date(2025, 3, 1), "yyyy/m/d", "2025/3/1"),
        (date(2025, 3, 1), "General", "2025-03-01"),
        (time(9, 5), "h:mm", "9:05"),
        (timedelta(hours=30, minutes=5), "[h]:mm:ss", "30:05:00"),
    ],
)
def test_as_a_person_sees_it(value: Value, form: str, text: str) -> None:
    assert shown(value, form) == text


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.text(max_size=40))
def test_any_format_gives_a_text(value: float, form: str) -> None:
    assert isinstance(shown(value, form), str)
    assert isinstance(shown(MOMENT, form), str)
