"""The planner's collaborators, and what every node of the graph reads from a run's state."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from clawdbot.agents.brief import Brief
from clawdbot.agents.grounding import Grounding, ground
from clawdbot.agents.progress import AnyTool, Progress, read_progress
from clawdbot.agents.state import RunState
from clawdbot.agents.steps import Step
from clawdbot.config import Config
from clawdbot.models.selection import Router
from clawdbot.store.ledger import RunLedger
from clawdbot.tools.contract import RunView
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.executor import Executor, RunFrame
from clawdbot.tools.workspace import TableInfo, Workspace


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Everything that a run needs, built once by the composition root and shared between runs."""

    config: Config
    tools: Mapping[str, AnyTool]
    executor: Executor
    router: Router
    databases: Databases
    ledger: RunLedger
    runs: Path
    """Folder of the runs' folders."""

    def workspace(self, run_id: str) -> Workspace:
        """The run's folder."""
        return Workspace(self.runs / run_id)


@dataclass
class Frame:
    """A run's state, read: built at the start of each node, thrown away after it."""

    planner: Planner
    state: RunState
    brief: Brief
    steps: list[Step]
    workspace: Workspace
    grounding: Grounding
    progress: Progress
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, planner: Planner, state: RunState) -> Frame:
        """Read the state of a run."""
        brief = Brief.from_json(state["brief"])
        steps = [Step.from_json(s) for s in state["steps"]]
        progress = read_progress(brief, steps, planner.tools)
        return cls(
            planner=planner,
            state=state,
            brief=brief,
            steps=steps,
            workspace=planner.workspace(state["run_id"]),
            grounding=ground(brief, progress.part, planner.config, planner.databases),
            progress=progress,
        )

    @property
    def elapsed_s(self) -> float:
        """Seconds of work so far."""
        return self.state.get("elapsed_s", 0.0) + time.monotonic() - self.started

    @property
    def remaining_s(self) -> float:
        """Seconds until the run's deadline."""
        return self.planner.config.planner.deadline_s - self.elapsed_s

    def hints(self) -> dict[str, object]:
        """The brief's and the grounding's facts for tools."""
        return {**self.brief.hints(self.progress.part), **self.grounding.hints}

    def view(self) -> RunView:
        """The run as tools see it."""
        return RunView(
            goal=self.brief.goal,
            language=self.brief.language,
            deliverables=self.brief.deliverables,
            workspace=self.workspace,
            envelope=self.brief.envelope,
            config=self.planner.config,
            hints=self.hints(),
            done=tuple(s.receipt for s in self.steps if s.ok and s.receipt),
            services={Databases: self.planner.databases},
        )

    def call_frame(self) -> RunFrame:
        """The run as the executor sees it."""
        return RunFrame(
            run_id=self.state["run_id"],
            goal=self.brief.goal,
            language=self.brief.language,
            workspace=self.workspace,
            envelope=self.brief.envelope,
            deadline=time.monotonic() + self.remaining_s,
            hints=self.hints(),
        )

    def results(self) -> list[tuple[TableInfo, pd.DataFrame]]:
        """The tables that the run stands on, oldest first: results without complaint, and for a part that was
        given up its last result."""
        known = {t.name: t for t in self.workspace.tables()}
        names = [str(s.receipt["table"]) for s in self._standing() if s.receipt and s.receipt.get("table")]
        return [(known[n], self.workspace.load_table(n)) for n in dict.fromkeys(names) if n in known]

    def _standing(self) -> list[Step]:
        last = {s.part: s.n for s in self.steps if s.outcome == "complaint" and s.part in self.progress.unresolved}
        return [s for s in self.steps if s.ok or s.n in last.values()]

    def quotes(self) -> list[str]:
        """What the person's own tools said, which a text may quote like a table."""
        own = (s for s in self.steps if s.ok and (t := self.planner.tools.get(s.tool)) and t.provides is None)
        return [s.observation for s in own]

    def all_frames(self) -> list[pd.DataFrame]:
        """Every saved table, the evidence for numbers."""
        return [self.workspace.load_table(t.name) for t in self.workspace.tables()]
