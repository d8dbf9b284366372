"""Results held against the brief: time step, number of rows, period and named values."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from clawdbot.agents.brief import Part, Ranking
from clawdbot.agents.periods import Period
from clawdbot.agents.result_checks import check_result
from clawdbot.tools.database.catalog import ValueHit

FRAME = pd.DataFrame({"region": ["North", "South"], "sales": [2.5, 1.5]})
Q3 = Period(start=date(2026, 7, 1), end=date(2026, 10, 1), label="2026-Q3", mention="Q3")
SINCE = Period(start=date(2026, 7, 1), end=None, label="since 2026-07", mention="since")
BEFORE = Period(start=None, end=date(2026, 7, 1), label="before 2026-07", mention="before")


def part(**values: Any) -> Part:
    return Part(text="q", **values)


def test_a_result_that_fits_has_no_complaint() -> None:
    assert check_result(FRAME, "SELECT 1", part(), ()) == []


@pytest.mark.parametrize(
    ("grain", "cells"),
    [
        ("day", ["2026-07-01", "2026-07-02"]), ("week", ["2026-W27", "2026-W28"]), ("month", ["2026-07", "2026-08"]),
        ("month", ["July", "August"]), ("quarter", ["2026-Q3", "2026-Q4"]), ("quarter", ["Q3", "Q4"]),
        ("year", [2025, 2026]), ("year", ["2025", "2026"]),
    ],
)  # fmt: skip
def test_a_time_step_must_be_a_column(grain: Any, cells: list[Any]) -> None:
    assert check_result(pd.DataFrame({"t": cells, "v": [10.5, 20.5]}), "", part(grain=grain), ()) == []
    found = check_result(FRAME, "", part(grain=grain), ())
    assert found == [f"the goal asks for one row per {grain}; group by the {grain} and show it as a column"]
    best = Ranking(limit=1, descending=True)
    assert check_result(FRAME.head(1), "", part(grain=grain, ranking=best), ()) == []


@pytest.mark.parametrize(("descending", "word"), [(True, "descending"), (False, "ascending")])
def test_a_ranking_limits_the_rows(descending: bool, word: str) -> None:
    one = Ranking(limit=1, descending=descending)
    (found,) = check_result(FRAME, "", part(ranking=one), ())
    assert "1 row(s), the result has 2" in found
    assert word in found
    assert check_result(FRAME.head(1), "", part(ranking=one), ()) == []
    assert check_result(FRAME, "", part(ranking=one, periods=(Q3, SINCE)), ()) == [
        "the period 2026-Q3 is not in the query; filter the date with >= '2026-07-01' and < '2026-10-01'"
    ]


@pytest.mark.parametrize(
    ("period", "cure"),
    [(Q3, ">= '2026-07-01' and < '2026-10-01'"), (SINCE, ">= '2026-07-01'"), (BEFORE, "< '2026-07-01'")],
)
def test_a_period_must_be_in_the_query(period: Period, cure: str) -> None:
    asked = part(periods=(period,))
    assert check_result(FRAME, "WHERE d >= '2026-07-01'", asked, ()) == []
    (found,) = check_result(FRAME, "SELECT 1", asked, ())
    assert found.endswith(cure)


def test_a_named_value_must_be_filtered_on() -> None:
    hit = ValueHit(mention="o'hara", table="customers", column="name", value="O'Hara", rows=1)
    assert check_result(FRAME, "WHERE name = 'O''Hara'", part(), [hit]) == []
    assert check_result(FRAME, "WHERE name LIKE '%O''Hara%'", part(), [hit]) == []
    assert check_result(FRAME, "WHERE name = ''", part(), [hit]) == [
        'the goal names "O\'Hara", a value of customers.name; filter on it'
    ]
