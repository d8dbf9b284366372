"""Times as documents state them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from clawdbot.knowledge.loaders.moment import in_utc


@pytest.mark.parametrize(
    ("stated", "moment"),
    [
        ("2025-03-01", "2025-03-01T00:00:00+00:00"),
        ("2025/03/01", "2025-03-01T00:00:00+00:00"),
        ("2025-03-01T09:30:00+08:00", "2025-03-01T01:30:00+00:00"),
        ("2025-03-01T09:30:00Z", "2025-03-01T09:30:00+00:00"),
        (date(2025, 3, 1), "2025-03-01T00:00:00+00:00"),
        (datetime(2025, 3, 1, 9, tzinfo=UTC), "2025-03-01T09:00:00+00:00"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9))), ""),
        ("1601-01-01", ""),
        ("2025-02-31", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_one_form(stated: str | date | None, moment: str) -> None:
    assert in_utc(stated) == moment
