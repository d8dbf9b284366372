"""Numbers are written as people read them, by language and by the column's name."""

from __future__ import annotations

import math
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.tools.chart.amounts import additive, amount_of


@pytest.mark.parametrize(
    ("name", "values", "language", "expected"),
    [
        ("orders", [830.0], "en", "830"),
        ("revenue", [1234.5], "en", "1,234"),
        ("revenue", [12345.0], "en", "12,345"),
        ("revenue", [1265793.0], "en", "1.27M"),
        ("revenue", [126579.0], "en", "126.6k"),
        ("revenue", [3.4e9], "en", "3.40B"),
        ("销售额", [1265793.0], "zh", "126.6万"),
        ("销售额", [3.4e8], "zh", "3.40亿"),
        ("销售额", [99999.0], "zh", "99,999"),
        ("revenue_usd", [1265793.0], "en", "$1.27M"),
        ("销售额（元）", [12657.0], "zh", "¥12,657"),
        ("price in EUR", [9.5], "en", "€9.50"),
        ("cost_gbp", [9.0], "en", "£9"),
        ("growth_pct", [12.5], "en", "12.5%"),
        ("增长率", [0.125], "zh", "12.5%"),
        ("market share", [0.5], "en", "50%"),
        ("汇率", [0.91], "zh", "0.91"),
        ("count", [0.0], "en", "0"),
        ("loss", [-1265793.0], "en", "−1.27M"),
        ("huge", [1e200], "en", "1e+200"),
        ("tiny", [2.5e-9], "en", "2.5e-09"),
    ],
)
def test_values(name: str, values: list[float], language: Literal["zh", "en"], expected: str) -> None:
    assert amount_of(name, values, language=language).text(values[0]) == expected


def test_ticks_show_just_the_decimals_that_tell_them_apart() -> None:
    amount = amount_of("revenue", [150000.0], language="en")
    assert amount.ticks([0, 50000, 100000]) == ["0", "50k", "100k"]
    assert amount.ticks([0, 2500, 5000]) == ["0", "2.5k", "5.0k"]
    assert amount_of("share", [0.3], language="en").ticks([0, 0.1, 0.2]) == ["0%", "10%", "20%"]


def test_small_values_beside_large_ones_keep_their_digits_and_a_zero_its_missing_sign() -> None:
    assert amount_of("x", [5e5, -1.0], language="en").text(-1.0) == "0.0k"
    assert amount_of("x", [2.5, -0.001], language="en").text(-0.001) == "0.00"
    assert amount_of("x", [7e12], language="zh").text(-968.0) == "−968"


@given(
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e200, max_value=1e200), st.sampled_from(["zh", "en"])
)
def test_the_text_keeps_two_digits_of_any_value(value: float, language: Literal["zh", "en"]) -> None:
    amount = amount_of("x", [value], language=language)
    text = amount.text(value).removesuffix(amount.suffix).replace(",", "").replace("−", "-")
    assert math.isclose(float(text) * amount.scale, value, rel_tol=0.06, abs_tol=0.005 if abs(value) < 1 else 0)


def test_averages_and_rates_are_not_added_up() -> None:
    assert additive("revenue") and additive("订单数") and additive("freight")
    assert not additive("avg_price") and not additive("平均单价") and not additive("growth_rate")
