"""A run's folder with results, and reports made in it through the tool by real TeX."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imsave

from clawdbot.access.envelope import Envelope
from clawdbot.config import Config
from clawdbot.errors import TerminalToolError
from clawdbot.tools.contract import ToolContext, ToolResult
from clawdbot.tools.report.engine import EngineName, find_engine
from clawdbot.tools.report.tool import report
from clawdbot.tools.workspace import Workspace

MakeReport = Callable[..., ToolResult]


def _installed(name: EngineName) -> bool:
    try:
        find_engine(name)
    except TerminalToolError:
        return False
    return True


@pytest.fixture(params=["pdflatex", "xelatex"])
def engine(request: pytest.FixtureRequest) -> EngineName:
    name: EngineName = request.param
    if not _installed(name):
        pytest.skip(f"{name} is not installed (scripts/tex-packages.txt)")
    return name


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "run")


@pytest.fixture
def make_report(workspace: Workspace) -> MakeReport:
    """Calls the tool; keywords go to it, ``settings`` to [report]."""

    def call(
        *, language: str = "en", goal: str = "Revenue by region in Q3 2024", settings: Any = None, **arguments: Any
    ) -> ToolResult:
        config = {"app": {"today": "2024-10-05"}, "report": {"author": "Finance", **(settings or {})}}
        context = ToolContext(
            run_id="r1",
            goal=goal,
            language="zh" if language == "zh" else "en",
            workspace=workspace,
            envelope=Envelope(),
            config=Config.model_validate(config),
        )
        return report(context, **({"title": "Sales", "summary": "East leads."} | arguments))

    return call


@pytest.fixture
def sales(workspace: Workspace) -> pd.DataFrame:
    """A saved table of four regions."""
    frame = pd.DataFrame(
        {
            "region": ["East", "North", "South", "West"],
            "revenue": [1234567.891, 987654.3, 456789.12, -123456.0],
            "orders": [1520, 1310, 640, 177],
        }
    )
    sql = "SELECT region, SUM(total) AS revenue FROM orders WHERE note <> 'paid FROM cash' GROUP BY region LIMIT 10"
    workspace.save_table(frame, name="by_region", source="shop", sql=sql, title="Revenue by region")
    return frame


@pytest.fixture
def picture(workspace: Workspace) -> Callable[..., None]:
    """Registers a chart (a small PNG, and its vector twin unless told not to) under a name."""

    def draw(name: str, *, twin: bool = True) -> None:
        target = workspace.artifact_path(name, suffix=".png")
        imsave(target, [[0.0, 1.0], [1.0, 0.0]], cmap="Blues")
        workspace.add_artifact(target, kind="chart", title=f"Chart of {name}")
        if twin:
            Figure(figsize=(2, 1)).savefig(target.with_suffix(".pdf"))
            workspace.add_artifact(target.with_suffix(".pdf"), kind="chart-pdf")

    return draw


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "tex"
    made.mkdir()
    return made
