"""A typed query is checked when it is made, and completed from the brief."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from clawdbot.tools.database.brief_query import merge_filters, read_arguments, read_measure
from clawdbot.tools.database.timeline import earlier, floor, natural_grain
from clawdbot.tools.database.typed import Filter, MeasureRef, Period, TypedQuery


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "either measures or columns"),
        ({"measures": [{"of": "a"}], "columns": ["a.b"]}, "either measures or columns"),
        ({"columns": ["a.b"], "share": True}, "a list of rows has no"),
        ({"columns": ["a.b"], "periods": [{}, {}]}, "takes one period"),
        ({"measures": [{"of": "a"}], "having": [{"measure": 2, "value": 1}]}, "measure 2 of 1"),
        ({"measures": [{"of": "a"}], "order": {"by": "dimension"}}, "order names dimension 1"),
        ({"measures": [{"of": "a"}], "order": {"by": "time"}}, "order names time 1"),
        ({"measures": [{"of": "a"}], "limit": 0}, "greater than or equal to 1"),
        ({"measures": [{"of": "a"}], "sum": 1}, "Extra inputs"),
        ({"measures": [{"of": "a"}], "periods": [{"start": "2026-02-01", "end": "2026-01-01"}]}, "before it starts"),
        (
            {"measures": [{"of": "a"}], "filters": [{"column": "a.b", "op": "between", "values": [1]}]},
            "nothing to compare",
        ),
        (
            {"measures": [{"of": "a"}], "filters": [{"column": "a.b", "op": "contains", "other_column": "a.c"}]},
            "nothing",
        ),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TypedQuery.model_validate(fields)


def test_measures_are_written_as_one_string() -> None:
    assert read_measure("revenue") == MeasureRef(of="revenue")
    assert read_measure("count Order Details") == MeasureRef(of="Order Details", how="count")
    assert read_measure("avg Order Details.UnitPrice") == MeasureRef(of="Order Details.UnitPrice", how="avg")
    assert read_measure("Order Details") == MeasureRef(of="Order Details")


def test_unwanted_values_of_one_column_are_all_unwanted() -> None:
    given = [Filter(column="a.b", op="!=", value=v) for v in ("x", "y")]
    assert merge_filters([*given, given[0]]) == (Filter(column="a.b", op="not_in", values=("x", "y")),)
    other = Filter(column="a.b", op=">", value=1)
    assert merge_filters([other, other]) == (other,)


def test_a_sorted_list_shows_what_it_is_sorted_by() -> None:
    found = read_arguments({"columns": ["a.b"], "sort": "a.c", "order": "asc", "limit": 3})
    assert found.columns == ("a.b", "a.c")
    assert found.order and (found.order.n, found.order.desc) == (2, False)


@pytest.mark.parametrize(
    ("day", "grain", "before"),
    [
        ("2024-03-31", "month", "2024-02-29"),
        ("2024-01-01", "quarter", "2023-10-01"),
        ("2024-02-29", "year", "2023-02-28"),
        ("2024-01-03", "week", "2023-12-27"),
        ("2024-01-01", "day", "2023-12-31"),
        ("2024-12-31", "month", "2024-11-30"),
        ("2024-01-31", "month", "2023-12-31"),
    ],
)
def test_the_day_one_bucket_before(day: str, grain: Any, before: str) -> None:
    assert earlier(date.fromisoformat(day), grain) == date.fromisoformat(before)


@pytest.mark.parametrize(
    ("start", "end", "grain"),
    [
        ("2024-01-01", "2025-01-01", "year"),
        ("2024-04-01", "2024-07-01", "quarter"),
        ("2024-02-01", "2024-03-01", "month"),
        ("2024-01-01", "2024-01-08", "week"),
        ("2024-01-31", "2024-02-01", "day"),
        ("2024-01-01", "2024-06-01", None),
        ("2024-01-15", "2024-02-15", None),
        ("2024-01-01", None, None),
    ],
)
def test_a_period_may_be_one_bucket(start: str, end: str | None, grain: str | None) -> None:
    period = Period.model_validate({"start": start, "end": end})
    assert natural_grain(period) == grain
    if grain:
        assert period.start and floor(period.start, grain) == period.start
