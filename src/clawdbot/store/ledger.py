"""``RunLedger``: every run with its steps, effects and approvals, as plain JSON in one database."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import delete, select, update

from clawdbot.config import Config
from clawdbot.errors import UsageError
from clawdbot.store import plain_json
from clawdbot.store.approvals import ApprovalLedger
from clawdbot.store.attempts import AttemptStore
from clawdbot.store.cached_answers import CachedAnswerStore
from clawdbot.store.database import Database, ledger_url, now
from clawdbot.store.deliveries import Deliveries
from clawdbot.store.duties import DutyRoster
from clawdbot.store.effects import EffectLedger
from clawdbot.store.events import EventLog
from clawdbot.store.leases import Leases
from clawdbot.store.notices import NoticeBoard
from clawdbot.store.odds import OddsStore
from clawdbot.store.outbox import Outbox
from clawdbot.store.queue import RunKind, RunQueue
from clawdbot.store.settling import Settling
from clawdbot.store.tables import runs, steps
from clawdbot.store.workers import Workers
from clawdbot.store.workflow_steps import WorkflowSteps
from clawdbot.store.workflows import WorkflowStore

RunStatus = Literal["queued", "running", "waiting", "interrupted", "done", "cancelled"]
"""waiting: for an approval; interrupted: can be taken up again."""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run.  ``result`` is what ``run --json`` prints; times are ISO 8601 in UTC."""

    id: str
    created_at: str
    updated_at: str
    user: str
    goal: str
    language: str
    status: RunStatus
    verdict: str | None
    model: str
    error: str
    result: dict[str, Any] | None
    kind: RunKind = "goal"
    spec: dict[str, Any] | None = None
    """What the kind needs besides the goal; for a workflow its definition and inputs."""
    parent: str | None = None
    """The workflow run that this one is a step of."""
    priority: int = 0
    ready_at: str = ""
    owner: str = ""
    """Who works on it, or did last."""
    token: int = 0
    lease_until: float | None = None
    attempts: int = 0
    """How often it was taken since it last made progress."""
    cancel_by: str | None = None


class RunLedger:
    """The ledger of one installation; safe to share between threads, and between processes through its database.

    Every method raises StoreError when the database cannot be used.
    """

    def __init__(self, url: str, *, busy_timeout_s: float = 10.0, lease_s: float = 15.0) -> None:
        self._database = Database(url, busy_timeout_s=busy_timeout_s)
        self.leases = Leases()
        self.queue = RunQueue(self._database, self.leases, lease_s=lease_s)
        self.workers = Workers(self._database)
        self.duties = DutyRoster(self._database, lease_s=lease_s)
        self.events = EventLog(self._database, self.leases)
        self.effects = EffectLedger(self._database, self.leases)
        self.outbox = Outbox(self._database, self.leases)
        self.settling = Settling(self._database)
        self.notices = NoticeBoard(self._database)
        self.deliveries = Deliveries(self._database)
        self.approvals = ApprovalLedger(self._database, self.leases)
        self.workflows = WorkflowStore(self._database)
        self.workflow_steps = WorkflowSteps(self._database, self.leases)
        self.attempts = AttemptStore(self._database)
        self.odds = OddsStore(self._database)
        self.cached_answers = CachedAnswerStore(self._database)

    @classmethod
    def open(cls, config: Config) -> RunLedger:
        """The ledger that the configuration names: ``[store] url``, else ``clawdbot.db`` in ``[app] home``."""
        return cls(ledger_url(config), lease_s=config.worker.lease_s)

    @property
    def database(self) -> Database:
        """The ledger's database, for other records that belong to runs."""
        return self._database

    def close(self) -> None:
        """Give back the connections."""
        self._database.close()

    def create_run(
        self, *, goal: str, language: str, user: str = "local", model: str = "", run_id: str | None = None
    ) -> str:
        """Record a new run that is running; returns its id (12 hexadecimal digits unless given)."""
        own_id = run_id or secrets.token_hex(6)
        moment = now()
        row = {
            "id": own_id, "created_at": moment, "updated_at": moment, "user": plain_json.text(user),
            "goal": plain_json.text(goal), "language": language, "status": "running", "model": model, "error": "",
        }  # fmt: skip
        with self._database.write() as connection:
            connection.execute(runs.insert().values(**row))
        return own_id

    def set_status(self, run_id: str, status: RunStatus, *, error: str = "", model: str | None = None) -> None:
        """Change where a run stands; UsageError for an unknown run."""
        changed: dict[str, Any] = {"status": status, "error": plain_json.text(error)}
        if status != "running":
            changed["lease_until"] = None
        self._update(run_id, changed if model is None else {**changed, "model": model})

    def finish_run(
        self,
        run_id: str,
        *,
        verdict: str | None,
        result: Mapping[str, Any],
        error: str = "",
        status: Literal["done", "cancelled"] = "done",
    ) -> None:
        """The run has ended, with its verdict and its result; UsageError for an unknown run."""
        ended = {
            "lease_until": None,
            "status": status,
            "verdict": verdict,
            "result": dict(result),
            "error": plain_json.text(error),
        }
        self._update(run_id, ended)

    def add_step(self, run_id: str, n: int, record: Mapping[str, Any]) -> None:
        """Record step ``n``; the same step again (a run that was taken up) replaces it.

        LeaseLost when another worker has the run now.
        """
        with self._database.write() as connection:
            self.leases.fence(connection, run_id, progress=False)
            connection.execute(delete(steps).where(steps.c.run_id == run_id, steps.c.n == n))
            connection.execute(steps.insert().values(run_id=run_id, n=n, record=dict(record)))

    def step(self, run_id: str, n: int) -> dict[str, Any] | None:
        """The record of step ``n``; None when there is none."""
        with self._database.read() as connection:
            return connection.scalar(select(steps.c.record).where(steps.c.run_id == run_id, steps.c.n == n))

    def steps(self, run_id: str) -> tuple[dict[str, Any], ...]:
        """The records of a run's steps in order."""
        with self._database.read() as connection:
            found = connection.scalars(select(steps.c.record).where(steps.c.run_id == run_id).order_by(steps.c.n))
            return tuple(found)

    def get_run(self, run_id: str) -> RunRecord:
        """A run by its id or the beginning of it; UsageError when there is none or more than one."""
        with self._database.read() as connection:
            exact = connection.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
            if exact is not None:
                return RunRecord(**exact._mapping)
            begins = runs.c.id.startswith(run_id, autoescape=True)
            rows = connection.execute(select(runs).where(begins).order_by(runs.c.created_at.desc()).limit(6)).all()
        if not run_id or not rows:
            raise UsageError(f"There is no run {run_id!r}.", hint="List them with: clawdbot runs")
        if len(rows) > 1:
            ids = ", ".join(row.id for row in rows[:5]) + (", ..." if len(rows) > 5 else "")
            raise UsageError(f"More than one run begins with {run_id!r}.", hint=f"Give more of it: {ids}.")
        return RunRecord(**rows[0]._mapping)

    def list_runs(self, *, limit: int = 50, children: bool = False) -> tuple[RunRecord, ...]:
        """The newest runs, newest first; with ``children`` also those that are steps of workflow runs."""
        newest = select(runs).order_by(runs.c.created_at.desc(), runs.c.id).limit(limit)
        newest = newest if children else newest.where(runs.c.parent.is_(None))
        with self._database.read() as connection:
            return tuple(RunRecord(**row._mapping) for row in connection.execute(newest))

    def _update(self, run_id: str, values: Mapping[str, Any]) -> None:
        statement = update(runs).where(runs.c.id == run_id).values(**values, updated_at=now())
        with self._database.write() as connection:
            self.leases.fence(connection, run_id)
            found = connection.execute(statement).rowcount
        if found != 1:
            raise UsageError(f"There is no run {run_id!r}.", hint="List them with: clawdbot runs")
