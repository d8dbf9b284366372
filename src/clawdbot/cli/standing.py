"""How the work stands: the ledger's overview with its workers, and what this machine's supervisor knows of them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from clawdbot.config import Config
from clawdbot.store.ledger import RunLedger
from clawdbot.store.overview import Overview, RunningRun, overview
from clawdbot.store.owner import has_ended
from clawdbot.store.workers import WorkerRecord
from clawdbot.workflows.supervision import Supervision, SupervisorState

_RECENT_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class WorkerStanding:
    """One worker with the runs it works on; ``state`` is 'active', 'draining', 'ended' or 'silent', ``restarts`` is
    None for one that this machine's supervisor did not start."""

    record: WorkerRecord
    state: str
    restarts: int | None
    runs: tuple[RunningRun, ...]

    @property
    def title(self) -> str:
        """What a person calls it."""
        return self.record.label or str(self.record.process)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Everything that ``clawdbot status`` tells."""

    overview: Overview
    workers: tuple[WorkerStanding, ...]
    elsewhere: tuple[RunningRun, ...]
    """Runs that no worker works on: in a terminal, or left behind by a process that is gone."""
    duties: dict[str, str]
    supervisor: SupervisorState | None
    """The one that runs on this machine."""

    @property
    def working(self) -> tuple[WorkerStanding, ...]:
        """Workers that give signs of life."""
        return tuple(worker for worker in self.workers if worker.state in ("active", "draining"))

    @property
    def silent(self) -> tuple[WorkerStanding, ...]:
        """Workers that ended without saying so in the last hour."""
        return tuple(
            worker for worker in self.workers if worker.state == "silent" and worker.record.silent_s < _RECENT_S
        )

    def as_json(self) -> dict[str, Any]:
        """JSON values; times in UTC, durations in seconds."""
        workers = [
            {**asdict(worker.record), "host": worker.record.host, "process": worker.record.process,
             "state": worker.state, "restarts": worker.restarts, "runs": [asdict(run) for run in worker.runs]}
            for worker in self.workers
        ]  # fmt: skip
        supervisor = None if self.supervisor is None else asdict(self.supervisor)
        rest = {name: value for name, value in asdict(self.overview).items() if name not in ("runs", "running")}
        return {
            "runs": self.overview.runs, **rest, "workers": workers,
            "elsewhere": [asdict(run) for run in self.elsewhere], "duties": self.duties, "supervisor": supervisor,
        }  # fmt: skip


def standing(config: Config) -> Standing:
    """Read the ledger and the supervisor's files; StoreError when the ledger cannot be used."""
    with closing(RunLedger.open(config)) as ledger:
        seen = overview(ledger.database)
        records = ledger.workers.all()
        duties = ledger.duties.holders()
    state = Supervision(config.app.home).state()
    supervisor = state if state is not None and state.alive else None
    restarts = {worker.name: worker.restarts for worker in state.workers} if state else {}
    workers = tuple(
        WorkerStanding(
            record=record,
            state=_state(record, config.worker.lease_s),
            restarts=restarts.get(record.name),
            runs=tuple(run for run in seen.running if run.owner == record.name),
        )
        for record in records
    )
    owners = {worker.record.name for worker in workers}
    elsewhere = tuple(run for run in seen.running if run.owner not in owners)
    return Standing(overview=seen, workers=workers, elsewhere=elsewhere, duties=duties, supervisor=supervisor)


def _state(record: WorkerRecord, lease_s: float) -> str:
    if record.state == "ended":
        return "ended"
    # Of this machine's processes the system knows at once; of others only their silence tells.
    return record.state if record.alive(lease_s) and not has_ended(record.name) else "silent"
