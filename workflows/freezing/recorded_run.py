"""A verified run as freezing reads it: its brief, and the steps that its deliverables stand on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clawdbot.agents.brief import Brief
from clawdbot.agents.briefing import compile_brief
from clawdbot.agents.offers import FINISH
from clawdbot.agents.quotations import QUOTE, SEARCH
from clawdbot.agents.steps import Step
from clawdbot.config import Config
from clawdbot.errors import UsageError
from clawdbot.store.ledger import RunLedger, RunRecord
from clawdbot.tools.registry import Registry

DATA = ("query", "sql")
"""Tools whose results the others stand on."""

_CHART, _REPORT, _MAIL, _EXPORT = "chart", "report", "mail", "export"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A step that counted, and the numbers of the kept steps that it stands on."""

    step: Step
    needs: tuple[int, ...] = ()

    @property
    def receipt(self) -> Mapping[str, Any]:
        """Never None: only steps with receipts are kept."""
        assert self.step.receipt is not None
        return self.step.receipt


@dataclass(frozen=True, kw_only=True)
class RecordedRun:
    """What a run was asked and what it did that counted; ``left_out`` are the numbers of the other steps."""

    record: RunRecord
    brief: Brief
    steps: tuple[Kept, ...]
    answer: str
    left_out: tuple[int, ...] = ()
    quotes: tuple[str, ...] = ()
    """Words of documents that the run went by; the frozen workflow does not look them up again."""

    def of(self, *tools: str) -> tuple[Kept, ...]:
        """The kept steps that called one of these tools."""
        return tuple(kept for kept in self.steps if kept.step.tool in tools)

    def step(self, n: int) -> Kept:
        """The kept step of that number."""
        return next(kept for kept in self.steps if kept.step.n == n)


def read_run(ledger: RunLedger, run_id: str, *, config: Config, registry: Registry) -> RecordedRun:
    """The run with that id, or its beginning.  UsageError when it cannot be frozen, and why."""
    record = ledger.get_run(run_id)
    if record.kind != "goal":
        raise UsageError(
            f"Run {record.id} is no run of a goal.", hint="Only a goal that a planner worked on can be frozen."
        )
    if record.status != "done" or record.verdict != "verified":
        stands = record.verdict if record.status == "done" else record.status
        raise UsageError(
            f"Run {record.id} is {stands}, not verified.", hint="Freeze a run whose results were all found to be right."
        )
    steps = [Step.from_json(body) for body in ledger.steps(record.id)]
    brief = _brief(ledger, record, config, registry)
    if brief.documents == "only":
        raise UsageError(
            f"Run {record.id} answers from documents, which a model must read each time.",
            hint="Write a workflow with a step: goal = the question, ask = true.",
        )
    kept = _kept(brief, steps, registry)
    if not any(one.step.tool in DATA for one in kept):
        raise UsageError(
            f"Run {record.id} has no query to repeat.", hint="Freeze a run that took its results from a database."
        )
    numbers = {one.step.n for one in kept}
    return RecordedRun(
        record=record,
        brief=brief,
        steps=kept,
        answer=next((str(s.args.get("answer", "")) for s in reversed(steps) if s.tool == FINISH and s.ok), ""),
        left_out=tuple(s.n for s in steps if s.n not in numbers and s.tool != FINISH),
        quotes=tuple(_quotes(steps)),
    )


def _brief(ledger: RunLedger, record: RunRecord, config: Config, registry: Registry) -> Brief:
    """As the run told it; for a run that told nothing compiled anew, as of the day that it was asked on."""
    for told in ledger.events.read(record.id, limit=20):
        if told.body.get("event") == "brief":
            return Brief.from_json(told.body["brief"])
    if not config.app.today:
        day = datetime.fromisoformat(record.created_at).astimezone().date().isoformat()
        config = config.model_copy(update={"app": config.app.model_copy(update={"today": day})})
    return compile_brief(record.goal, config, tools=frozenset(tool.name for tool in registry.tools()))


def _kept(brief: Brief, steps: list[Step], registry: Registry) -> tuple[Kept, ...]:
    """What the deliverables depend on, in the order of the run; of equal deeds the last counts."""
    ok = [s for s in steps if s.ok and s.receipt and s.tool not in (FINISH, SEARCH, QUOTE)]
    needs = {s.n: _stands_on(s, ok) for s in ok}
    wanted = {s.n for s in ok if s.tool in (_MAIL, _EXPORT) or _own(s, registry)}
    sent = {n for number in wanted for n in needs[number]}
    reports = [s.n for s in ok if s.tool == _REPORT]
    wanted |= set(reports) & sent or set(reports[-1:])
    charts = [s.n for s in ok if s.tool == _CHART]
    drawn = {n for number in wanted for n in needs[number] if n in charts}
    wanted |= drawn or set(charts[-max(1, brief.charts) :] if brief.charts else ())
    # The answer speaks of every part of the goal, whatever was delivered besides.
    for part in range(len(brief.parts)):
        of_part = [s.n for s in ok if s.tool in DATA and s.part == part]
        if of_part and not any(n in wanted or any(n in needs[w] for w in wanted) for n in of_part):
            wanted.add(of_part[-1])
    left = list(wanted)
    while left:
        fresh = [n for n in needs[left.pop()] if n not in wanted]
        wanted.update(fresh)
        left.extend(fresh)
    return tuple(Kept(step=s, needs=tuple(sorted(needs[s.n]))) for s in ok if s.n in wanted)


def _own(step: Step, registry: Registry) -> bool:
    """A tool of the person's own: what it gave was wanted for itself."""
    return step.tool in registry and registry.get(step.tool).provides is None


def _stands_on(step: Step, ok: list[Step]) -> set[int]:
    """Numbers of earlier steps whose tables or files a step used."""
    receipt = step.receipt or {}
    before = [(s, s.receipt) for s in ok if s.n < step.n and s.receipt]
    by_table = {str(r["table"]): s.n for s, r in before if s.tool in DATA and r.get("table")}
    by_file = {name: s.n for s, r in before for name in _files(r)}
    tables: set[str] = set()
    files: set[str] = set()
    if step.tool == _REPORT:
        tables, files = _named(receipt.get("tables")), _named(receipt.get("charts"))
    elif step.tool in (_CHART, _EXPORT):
        tables = {str(receipt.get("table"))}
    elif step.tool == _MAIL:
        files = {str(a["name"]) for a in receipt.get("attachments", ())}
        tables = set() if files else set(by_table)
    return {by_table[t] for t in tables if t in by_table} | {by_file[f] for f in files if f in by_file}


def _named(value: Any) -> set[str]:
    return {str(name) for name in value or ()}


def _files(receipt: Mapping[str, Any]) -> Iterable[str]:
    return (str(made["name"]) for made in receipt.get("artifacts", ()))


def _quotes(steps: list[Step]) -> Iterable[str]:
    for step in steps:
        if step.ok and step.tool == QUOTE and step.receipt:
            for said in step.receipt.get("statements", ()):
                yield f"{said.get('document', '')}: {' '.join(str(said.get('text', '')).split())}"
