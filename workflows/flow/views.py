"""What templates see of a run: inputs, and of each step that ended its state and what it gave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import pandas as pd

from clawdbot.store.workflow_steps import StepRow
from clawdbot.tools.workspace import Workspace

MOST_ROWS = 10_000
"""Rows of a table that templates see."""


class Named:
    """A mapping whose values are read as attributes, whatever their names are."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._values:
            raise AttributeError(f"there is no {name!r}")
        return self._values[name]

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)


class Blank:
    """Stands for data where only what people wrote may count: it is empty, whatever is asked of it."""

    def __getattr__(self, name: str) -> Blank:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, name: object) -> Blank:
        return self

    def __call__(self, *args: object, **named: object) -> Blank:
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __str__(self) -> str:
        return ""


class StepView:
    """One step as templates see it; its facts are listed in ``scope.STEP_FACTS``."""

    def __init__(self, state: str, kept: Mapping[str, Any], workspace: Workspace, *, error: str = "") -> None:
        self._kept = kept
        self._workspace = workspace
        self.state = state
        self.error = error
        self.text: str = kept.get("text", "")
        self.answer: str = kept.get("answer", "")
        self.tables: list[str] = list(kept.get("tables", {}))
        self.files: list[str] = list(kept.get("files", ()))
        self.receipt: Mapping[str, Any] = kept.get("receipt") or {}
        self.each: list[StepView] = []

    @classmethod
    def of(cls, row: StepRow, items: tuple[StepRow, ...], workspace: Workspace) -> StepView:
        """A step that ended; ``items`` are those of its foreach in their order."""
        made = cls(row.state, row.output or {}, workspace, error=row.error)
        made.each = [cls.of(item, (), workspace) for item in items]
        return made

    @property
    def table(self) -> str | None:
        """Its last table."""
        return self.tables[-1] if self.tables else None

    @property
    def file(self) -> str | None:
        """Its last file."""
        return self.files[-1] if self.files else None

    @property
    def count(self) -> int:
        """Rows of its last table; 0 without one."""
        return int(self._kept["tables"][self.table]["rows"]) if self.table else 0

    @property
    def columns(self) -> list[str]:
        """Columns of its last table."""
        return list(self._kept["tables"][self.table]["columns"]) if self.table else []

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Rows of its last table, dates as ISO text."""
        return table_rows(self._workspace.load_table(self.table)) if self.table else []

    @property
    def output(self) -> Any:
        """What the step gives: what its file says, else its texts, its answer, its rows or its text."""
        if "output" in self._kept:
            return self._kept["output"]
        if self.each:
            return [one.output for one in self.each]
        return self.answer or (self.rows if self.table else self.text or None)


def table_rows(frame: pd.DataFrame, *, most: int = MOST_ROWS) -> list[dict[str, Any]]:
    """Rows as JSON values by column."""
    columns = [str(name) for name in frame.columns]
    cells = [[_value(cell) for cell in frame[name].head(most).tolist()] for name in frame.columns]
    return [dict(zip(columns, row, strict=True)) for row in zip(*cells, strict=True)]


def _value(cell: Any) -> Any:
    if cell is None or cell is pd.NaT or cell != cell:
        return None
    if isinstance(cell, pd.Timestamp):
        return cell.date().isoformat() if cell == cell.normalize() else cell.isoformat()
    return cell
