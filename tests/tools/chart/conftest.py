"""A run's folder, and charts drawn in it through the tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest

from clawdbot.access.envelope import Envelope
from clawdbot.config import Config
from clawdbot.tools import RunView, ToolContext, ToolResult
from clawdbot.tools.chart.tool import chart
from clawdbot.tools.workspace import Workspace

Draw = Callable[..., ToolResult]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "run")


@pytest.fixture
def draw_chart(workspace: Workspace) -> Draw:
    """Saves the rows as a table and calls the tool on it."""

    def call(
        frame: pd.DataFrame,
        language: Literal["zh", "en"] = "en",
        *,
        goal: str = "",
        hints: Mapping[str, Any] | None = None,
        truncated: bool = False,
        **arguments: Any,
    ) -> ToolResult:
        info = workspace.save_table(frame, name="result", truncated=truncated)
        context = ToolContext(
            run_id="r",
            goal=goal,
            language=language,
            workspace=workspace,
            envelope=Envelope(),
            config=Config(),
            hints=hints or {},
        )
        return chart(context, info.name, **arguments)

    return call


@pytest.fixture
def view(workspace: Workspace) -> Callable[..., RunView]:
    """The run as the tool sees it when its schema is built."""

    def make(**hints: Any) -> RunView:
        return RunView(
            goal="",
            language="en",
            deliverables=frozenset({"chart"}),
            workspace=workspace,
            envelope=Envelope(),
            config=Config(),
            hints=hints,
        )

    return make
