"""The planner's collaborators, and what every node of the graph reads from a run's state."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from clawdbot.access.identity import Identity
from clawdbot.agents.applied_rule import with_rule
from clawdbot.agents.brief import Brief
from clawdbot.agents.briefing import compile_brief
from clawdbot.agents.documents import DocumentUse, document_use
from clawdbot.agents.grounding import Grounding, ground
from clawdbot.agents.offers import speaks_of
from clawdbot.agents.progress import AnyTool, Progress, read_progress
from clawdbot.agents.quotations import QUOTE, SEARCH, Quotations
from clawdbot.agents.state import RunState
from clawdbot.agents.steps import Step
from clawdbot.config import LABELS, Config, Label
from clawdbot.knowledge.service import Knowledge
from clawdbot.models.service import ModelService
from clawdbot.store.ledger import RunLedger
from clawdbot.tools.contract import RunView
from clawdbot.tools.database import query
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.executor import Executor, RunFrame
from clawdbot.tools.workspace import TableInfo, Workspace


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Everything that a run needs, built once by the composition root and shared between runs."""

    config: Config
    tools: Mapping[str, AnyTool]
    executor: Executor
    models: ModelService
    databases: Databases
    knowledge: Knowledge
    ledger: RunLedger
    runs: Path
    """Folder of the runs' folders."""
    fixed_tools: Mapping[str, AnyTool] = field(default_factory=dict)
    """Those that fixed calls of workflows may use: more than a planner is offered."""

    def workspace(self, run_id: str) -> Workspace:
        """The run's folder."""
        return Workspace(self.runs / run_id)

    def services(self) -> dict[type[Any], Any]:
        """The shared collaborators of tools, by type."""
        return {Databases: self.databases, Knowledge: self.knowledge}


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
        brief = with_rule(brief, Quotations.of(steps).quotes)
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
        questions = self.brief.document_questions()
        at = self.quotations.done
        return {
            **self.brief.hints(self.progress.part),
            **self.grounding.hints,
            "document_question": questions[at] if at < len(questions) else None,
            "quotes_as_table": bool({"report", "mail", "table"} & self.brief.deliverables),
        }

    @cached_property
    def quotations(self) -> Quotations:
        """What was found in documents so far."""
        return Quotations.of(self.steps)

    def found_statements(self) -> list[dict[str, Any]]:
        """What the last search found, as JSON."""
        receipts = [s.receipt for s in self.steps if s.ok and s.tool == SEARCH and s.receipt]
        return list(receipts[-1]["statements"]) if receipts else []

    @property
    def label(self) -> Label:
        """The highest label of what the steps can see: databases and quoted or found documents."""
        seen = [s["label"] for step in self.steps if step.receipt for s in step.receipt.get("statements", ())]
        least = [label for label in LABELS if label == self.state.get("label")]
        return max(self.grounding.label, self.quotations.label(), *seen, *least, key=LABELS.index)

    @property
    def _done(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(s.receipt for s in self.steps if s.ok and s.receipt)

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
            done=self._done,
            services=self.planner.services(),
        )

    def not_found(self) -> str:
        """The answer when a run that needs documents found nothing in them (a query without its rule would answer
        another question); empty otherwise."""
        quotations = self.quotations
        if quotations.quotes or not quotations.unanswered:
            return ""
        return "\n".join(quotations.missing(self.brief.language))

    def call_frame(self) -> RunFrame:
        """The run as the executor sees it."""
        return RunFrame(
            run_id=self.state["run_id"],
            goal=self.brief.goal,
            language=self.brief.language,
            workspace=self.workspace,
            envelope=self.brief.envelope,
            deadline=time.monotonic() + self.remaining_s,
            identity=Identity.of(self.state.get("user", ""), self.planner.config.groups),
            done=self._done,
            hints=self.hints(),
            spent_usd=self.spent_usd,
        )

    @property
    def spent_usd(self) -> Decimal:
        """What the run's models have cost, the step that is under way too."""
        intent = self.state.get("intent")
        under_way = (Decimal(intent["cost_usd"]),) if intent else ()
        return sum((*(Decimal(s.cost_usd) for s in self.steps), *under_way), Decimal(0))

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
        """What documents and the person's own tools said, which a text may quote like a table."""
        own = (s for s in self.steps if s.ok and (t := self.planner.tools.get(s.tool)) and t.provides is None)
        return [*self.quotations.texts(), *(s.observation for s in own)]

    def all_frames(self) -> list[pd.DataFrame]:
        """Every saved table, the evidence for numbers."""
        return [self.workspace.load_table(t.name) for t in self.workspace.tables()]


def brief_of(planner: Planner, goal: str, *, ask: bool) -> Brief:
    """The brief of a goal with what it needs documents for; ``ask`` limits the run to them."""
    brief = compile_brief(goal, planner.config, tools=frozenset(planner.tools))
    use = _document_use(planner, brief, ask)
    if use == "none":
        return brief
    envelope = brief.envelope
    wanted = brief.deliverables
    if ask:
        wanted = frozenset({"answer"})
        # A question may speak of mails and changes; it asks for none.
        nothing_else: dict[str, Any] = {"recipients": (), "unknown_recipients": (), "refused": (), "formats": ()}
        brief = replace(brief, only_refused=False, charts=0, **nothing_else)
        envelope = replace(envelope, tools=envelope.tools & {SEARCH, QUOTE}, recipients=frozenset())
    if use == "only":
        envelope = replace(envelope, databases=frozenset())
    return replace(brief, documents=use, deliverables=wanted | {"passages"}, envelope=envelope)


def _document_use(planner: Planner, brief: Brief, ask: bool) -> DocumentUse:
    if ask:
        return "only"
    if not {SEARCH, QUOTE} <= set(planner.tools) or not planner.knowledge.has_documents():
        return "none"
    names = frozenset(planner.databases.names()) & brief.envelope.databases

    def names_table(phrase: str) -> bool:
        found = query.ground(phrase, {"question": phrase}, planner.config, planner.databases, names)
        return any(found.links.names_table(table) for table in found.links.tables)

    grounded = ground(brief, 0, planner.config, planner.databases).grounded
    own = any(t.provides is None and speaks_of(t, brief.goal) for t in planner.tools.values())
    return document_use(brief.goal, grounded=grounded or own, names_table=lambda p: bool(names) and names_table(p))
