"""Figures in prose against tables: what comes from the data passes, what is invented does not."""

from __future__ import annotations

import random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.text.figures import mentions
from clawdbot.tools.numbers import unsupported_numbers

SALES = pd.DataFrame(
    {
        "region": ["华东", "华北", "华南", "西部"],
        "revenue": [1234567.891, 987654.3, 456789.12, 123456.0],
        "orders": [1520, 1310, 640, 177],
    }
)
MONTHS = pd.DataFrame(
    {
        "month": pd.to_datetime([f"2024-{m:02d}-01" for m in range(1, 13)]),
        "revenue": [812.5, 790.25, 901.0, 1011.75, 995.5, 1102.0, 1204.25, 1188.0, 1301.5, 1422.75, 1380.0, 1650.5],
    }
)


@pytest.mark.parametrize(
    "text",
    [
        "华东收入1,234,567.89元，占44.05%，华北为98.77万元。",
        "华东收入１２３．５万元，合计约280万元。",
        "Revenue in East was $1.23 million, or 1,234.6k; the total is 2,802,467.31.",
        "North had 1310 orders, 86.2% of East; together they had 2,830.",
        "There are 4 regions; the mean is 700,616.83 and the top 2 hold 79.3%.",
        "华东是西部的10.0倍，占百分之四十四。",
        "2024年第三季度共3,647单，截至2024年9月30日。",
        "Q3 2024, July 1, 2024 to 30 September 2024, at 10:30: no figure.",
        "第1名、三个地区、top 10、12 months.",
        "East minus North is 246,913.59.",
        "East: RMB1.23M, 1235k, 1,520pcs, 1520th.",
        "See https://example.org/9876543 or write to q98765@example.org.",
        "约一百二十三万元；超过98万元。",
        "",
    ],
)
def test_figures_from_the_data_are_supported(text: str) -> None:
    assert unsupported_numbers(text, [SALES], context=["2024 第三季度 revenue by region"]) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("华东收入1,334,567.89元", ["1,334,567.89"]),
        ("合计2,802,567元，增长37.4%", ["2,802,567", "37.4%"]),
        ("Revenue was 2.47 million in 2021.", ["2.47 million", "2021"]),
        ("截至2019年9月30日，占百分之五十七。", ["2019年9月30日", "百分之五十七"]),
        ("三千五百万元", ["三千五百万"]),
        ("共 8,431 单、8,431 单", ["8,431"]),
        ("order ORD-77812 and SKU9981", ["ORD-77812", "SKU9981"]),
        ("西部的4.7倍", ["4.7倍"]),
        ("利润 43", ["43"]),
    ],
)
def test_invented_figures_are_named_as_written(text: str, wrong: list[str]) -> None:
    assert unsupported_numbers(text, [SALES], context=["2024 第三季度 revenue by region"]) == wrong


def test_months_support_quarters_growth_and_extremes() -> None:
    text = "Q3 came to 3,693.75, up 18.8% on Q2; December was best with 1,650.50, 10月1,422.75; the year made 13,760."
    assert unsupported_numbers(text, [MONTHS], context=[]) == []
    assert unsupported_numbers("Q3 rose 31.9%", [MONTHS], context=[]) == ["31.9%"]


def test_two_tables_of_one_row_support_their_growth() -> None:
    now, before = pd.DataFrame({"revenue": [1250.0]}), pd.DataFrame({"revenue": [1000.0]})
    assert unsupported_numbers("Up 25% (by 250) to 1,250", [now, before], context=[]) == []
    assert unsupported_numbers("Up 35%", [now, before], context=[]) == ["35%"]


def test_context_and_names_may_be_quoted() -> None:
    frame = pd.DataFrame({"product": ["Chai 355 ml"], "销售额(万元)": [12.5]})
    text = "Orders above 5,000 of Chai 355 ml: 125,000元"
    assert unsupported_numbers(text, [frame], context=["orders above 5000"]) == []
    assert unsupported_numbers(text, [frame], context=[]) == ["5,000"]


def test_targets_against_actuals() -> None:
    frame = pd.DataFrame({"region": ["E", "W"], "actual": [830.0, 412.0], "target": [1000.0, 400.0]})
    assert unsupported_numbers("E reached 83%, W 103.0%, both 88.7%", [frame], context=[]) == []


def test_in_a_large_table_only_exact_cells_and_aggregates_count() -> None:
    rng = random.Random(7)
    frame = pd.DataFrame({"amount": [round(rng.uniform(100, 9999), 2) for _ in range(5000)]})
    deep = float(frame["amount"][2500])
    assert unsupported_numbers(f"{deep:,.2f} of {frame['amount'].sum():,.2f}", [frame], context=[]) == []
    invented = [f"{rng.uniform(10000, 99999):,.2f}" for _ in range(50)]
    assert len(unsupported_numbers("; ".join(invented), [frame], context=[])) >= 48


def test_empty_and_odd_tables_support_nothing_and_break_nothing() -> None:
    frames = [
        pd.DataFrame(),
        pd.DataFrame({"a": [None, None]}),
        pd.DataFrame({"a": [float("nan"), float("inf")], "ok": [True, False]}),
        pd.DataFrame({"d": ["2024-01-05", "2024-13-45"]}),
        pd.DataFrame({"year": [1998], "d": pd.Series([None], dtype="datetime64[ns]")}),
    ]
    assert unsupported_numbers("4,711 in 1998", frames, context=[]) == ["4,711"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.2万", 12_000), ("3.4 亿元", 3.4e8), ("12.3k", 12_300), ("4.5M", 4.5e6), ("4.5 million", 4.5e6),
        ("１，２３４．５", 1234.5), ("2e6", 2e6), ("12.3%", 12.3), ("百分之12.5", 12.5), ("两万五", 25_000),
        ("三千五百万", 3.5e7), ("一亿二千万", 1.2e8), ("一百零五", 105), ("百分之三点五", 3.5), ("5‰", 0.5),
    ],
)  # fmt: skip
def test_written_forms_are_read(text: str, value: float) -> None:
    assert [m.value for m in mentions(text)][-1:] == [pytest.approx(value)]


def _written(value: float, form: int) -> str:
    forms = [
        f"{value:,.2f}", f"{value:.1f}", f"{value:,.0f}", f"{value / 1e4:.2f}万", f"¥{value:,.0f}元", f"${value:.2f}",
        f"{value / 1e3:,.1f}k", f"{value / 1e6:.3f} million", f"{value / 1e8:.4f}亿", f"{int(value * 100) / 100}",
    ]  # fmt: skip
    return forms[form]


@settings(deadline=None, max_examples=150)
@given(
    values=st.lists(st.floats(min_value=20_000, max_value=9e8), min_size=1, max_size=30),
    data=st.data(),
    form=st.integers(0, 9),
    full_width=st.booleans(),
)
def test_any_cell_in_any_usual_form_is_supported(
    values: list[float], data: st.DataObject, form: int, full_width: bool
) -> None:
    frame = pd.DataFrame({"name": [f"n{i}" for i in range(len(values))], "x": values})
    text = f"It was {_written(data.draw(st.sampled_from([*values, sum(values)])), form)}."
    if full_width:
        text = text.translate({ord(a): ord(a) + 0xFEE0 for a in "0123456789.,%"})
    assert unsupported_numbers(text, [frame], context=[]) == []


@settings(deadline=None, max_examples=100)
@given(text=st.text(max_size=300))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert all(isinstance(n, str) for n in unsupported_numbers(text, [SALES], context=[text[:10]]))


@pytest.mark.parametrize(("digits", "most"), [(3, 0.10), (4, 0.05), (5, 0.02), (6, 0.01)])
def test_random_figures_are_almost_never_supported(digits: int, most: float) -> None:
    rng = random.Random(digits)
    accepted = trials = 0
    for _ in range(40):
        rows = rng.randint(2, 12)
        frame = pd.DataFrame({"k": list("abcdefghijkl")[:rows], "x": [rng.uniform(1e3, 1e6) for _ in range(rows)]})
        for _ in range(15):
            invented = f"{rng.randint(10 ** (digits - 1), 10**digits - 1) * 10 ** rng.randint(0, 2) / 10:,.1f}"
            trials += 1
            accepted += not unsupported_numbers(f"It was {invented}.", [frame], context=[])
    assert accepted / trials <= most


def test_random_percentages_are_rarely_supported() -> None:
    rng = random.Random(1)
    accepted = sum(
        not unsupported_numbers(f"It grew by {rng.uniform(10, 99.9):.1f}%.", [SALES], context=[]) for _ in range(300)
    )
    assert accepted <= 45
