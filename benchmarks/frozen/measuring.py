"""The demo's quarterly report by the planner, then frozen: for the same quarter, for another one, without a model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from clawdbot.app import App
from clawdbot.config import Config
from clawdbot.demo.checks import expected_sales
from clawdbot.demo.environment import prepare
from clawdbot.errors import UsageError
from clawdbot.workflows.definition import Definition
from clawdbot.workflows.freezing.freezing import freeze, name_of
from clawdbot.workflows.freezing.recorded_run import read_run
from clawdbot.workflows.result import RunResult
from clawdbot.workflows.starting import new_run

OpenApp = Callable[[Config], App]

QUARTERS = {"2026-Q3": (date(2026, 7, 1), date(2026, 10, 1)), "2025-Q4": (date(2025, 10, 1), date(2026, 1, 1))}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One run: seconds, how often a model was asked, tokens, and whether its numbers are those of direct SQL."""

    what: str
    seconds: float
    asked: int
    prompt_tokens: int
    completion_tokens: int
    verdict: str
    right: bool

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


def measure(folder: Path, language: Literal["zh", "en"], open_app: OpenApp, *, app_home: Path | None = None,
            rounds: int = 1) -> Iterator[Figures]:  # fmt: skip
    """The figures of each run as it ends; UsageError when the planner's run is not verified and cannot be frozen.

    ``app_home`` holds the models; what is measured is written below ``folder``.
    """
    demo = prepare(folder / "demo", language=language, app_home=app_home or folder / "home")
    with demo.sink(), open_app(demo.config) as app:
        for _ in range(rounds):
            began = time.perf_counter()
            planned = app.engine.start(demo.goal, user="benchmark")
            yield _figures("planner, 2026-Q3", app, demo.database, planned, "2026-Q3", began)
            definition = _frozen(app, planned)
            for quarter in QUARTERS:
                yield _run(app, demo.database, definition, quarter, "frozen")
            yield _run(app, demo.database, _without_model(definition), "2025-Q4", "frozen without a model")


def _run(app: App, database: Path, definition: Definition, quarter: str, what: str) -> Figures:
    began = time.perf_counter()
    result = app.engine.begin(new_run(definition, {"period": quarter}, config=app.config, user="benchmark"))
    return _figures(f"{what}, {quarter}", app, database, result, quarter, began)


def _frozen(app: App, planned: RunResult) -> Definition:
    if planned.verdict != "verified":
        raise UsageError(f"The planner's run is {planned.verdict}: {'; '.join(planned.missing)}.", hint="Try it again.")
    run = read_run(app.ledger, planned.run_id, config=app.config, registry=app.registry)
    workspace = app.planner.workspace(planned.run_id)
    made = freeze(run, name=name_of(run), workspace=workspace, databases=app.databases, config=app.config)
    return made.definition


def _without_model(definition: Definition) -> Definition:
    body = definition.as_json()
    body["step"] = [{**s, "write": {**s["write"], "model": False}} if "write" in s else s for s in body["step"]]
    return Definition.from_json(body)


def _figures(what: str, app: App, database: Path, result: RunResult, quarter: str, began: float) -> Figures:
    return Figures(
        what=what,
        seconds=time.perf_counter() - began,
        asked=sum(int(step["attempts"]) for step in result.steps),
        prompt_tokens=int(result.usage["prompt_tokens"]),
        completion_tokens=int(result.usage["completion_tokens"]),
        verdict=str(result.verdict),
        right=_right(app, database, result, quarter),
    )


def _right(app: App, database: Path, result: RunResult, quarter: str) -> bool:
    """Some table of the run holds exactly the revenues of the regions in that quarter."""
    wanted = sorted(round(s.revenue, 2) for s in expected_sales(database, *QUARTERS[quarter]).values())
    workspace = app.planner.workspace(result.run_id)
    for info in workspace.tables():
        numbers = workspace.load_table(info.name).select_dtypes("number")
        if any(sorted(round(float(v), 2) for v in numbers[c]) == wanted for c in numbers.columns):
            return True
    return False
