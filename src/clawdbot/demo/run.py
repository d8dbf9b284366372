"""What came of the demo's run: its figures beside direct SQL, its mails where they can be opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from clawdbot.demo.checks import RegionSales, expected_sales
from clawdbot.demo.environment import DemoEnvironment
from clawdbot.demo.sink import StoredMail
from clawdbot.tools.workspace import Workspace

LAST_QUARTER = (date(2026, 7, 1), date(2026, 10, 1))
"""'Last quarter' on the day that the demo takes as today: from, and before."""

_CENTS = 0.01


@dataclass(frozen=True, kw_only=True)
class FigureCheck:
    """One region's revenue by direct SQL and in the run; ``found`` is None when the run does not have it."""

    region: str
    expected: float
    found: float | None

    @property
    def same(self) -> bool:
        return self.found is not None and abs(self.found - self.expected) <= _CENTS

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {**asdict(self), "same": self.same}


def check_figures(environment: DemoEnvironment, run_folder: Path) -> tuple[FigureCheck, ...]:
    """Every region's revenue of the last quarter, as the run's tables have it, beside direct SQL."""
    expected = expected_sales(environment.database, *LAST_QUARTER)
    workspace = Workspace(run_folder)
    best: tuple[FigureCheck, ...] = ()
    for info in workspace.tables():
        found = tuple(_figures(workspace.load_table(info.name), expected))
        if not best or sum(check.same for check in found) > sum(check.same for check in best):
            best = found
    return best or tuple(FigureCheck(region=name, expected=one.revenue, found=None) for name, one in expected.items())


def _figures(table: pd.DataFrame, expected: dict[str, RegionSales]) -> Iterator[FigureCheck]:
    for name, sales in expected.items():
        numbers: list[float] = []
        for row in table.itertuples(index=False):
            if any(cell in (sales.name, sales.name_zh) for cell in row if isinstance(cell, str)):
                numbers += [float(cell) for cell in row if isinstance(cell, int | float)]
        nearest = min(numbers, key=lambda number: abs(number - sales.revenue), default=None)
        yield FigureCheck(region=name, expected=round(sales.revenue, 2), found=nearest)


def mails_since(mails: tuple[StoredMail, ...], before: int) -> list[dict[str, Any]]:
    """The mails after the first ``before`` ones, as JSON values with absolute paths."""
    return [
        {
            "path": str(mail.path.resolve()),
            "to": list(mail.to),
            "subject": mail.subject,
            "attachments": [str(path.resolve()) for path in mail.attachments],
        }
        for mail in mails[before:]
    ]
