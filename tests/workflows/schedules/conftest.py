"""An office whose clock the test sets, with workflows that people have enabled; nothing works on the runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from clawdbot.config import AppConfig, Config, StoreConfig
from clawdbot.store.durable_tables import events, workflows
from clawdbot.store.ledger import RunLedger
from clawdbot.store.notices import Notice, NoticeBoard
from clawdbot.store.schedules import Firing, Schedule, moment_text
from clawdbot.store.tables import runs
from clawdbot.store.workflows import WorkflowStore
from clawdbot.workflows.definition import Definition
from clawdbot.workflows.schedules.scheduler import Scheduler
from tests.workflows.conftest import ledger_url, postgres

__all__ = ["ledger_url", "postgres"]

START = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


@dataclass
class Office:
    """The scheduler under a clock, and what people see of it."""

    config: Config
    ledger: RunLedger
    now: datetime = START

    def __post_init__(self) -> None:
        self.scheduler = self.another()

    def another(self) -> Scheduler:
        """A second scheduler on the same ledger, or the first one after a restart."""
        return Scheduler(self.config, self.ledger, clock=lambda: self.now)

    def enable(self, name: str, *triggers: Mapping[str, Any], by: str = "amy", **more: Any) -> None:
        """A person enables a workflow now."""
        body = {
            "name": name, "title": {"en": "Daily figures", "zh": "每日数据"}, "trigger": list(triggers),
            "step": [{"id": "all", "tool": "query", "args": {"database": "shop"}}], **more,
        }  # fmt: skip
        definition = Definition.model_validate(body)
        store = WorkflowStore(self.ledger.database)
        with self.ledger.database.write() as connection:
            store.enable_in(
                connection, name=name, version="1", digest=definition.digest, definition=definition.as_json(), by=by
            )
        self.changed(name)
        self.scheduler.follow()

    def disable(self, name: str) -> None:
        with self.ledger.database.write() as connection:
            WorkflowStore(self.ledger.database).disable_in(connection, name, by="amy")
        self.changed(name)

    def changed(self, name: str) -> None:
        """The ledger's own clock is the real one."""
        with self.ledger.database.write() as connection:
            changed = {"changed_at": moment_text(self.now)}
            connection.execute(update(workflows).where(workflows.c.name == name).values(**changed))

    def go(self, *, to: datetime | None = None, **length: float) -> None:
        """The clock goes on, and the scheduler looks once."""
        self.now = to if to is not None else self.now + timedelta(**length)
        self.scheduler.tick()

    def go_every(self, step: timedelta, *, until: datetime, working: bool = False) -> None:
        """The scheduler looks at each step of the clock, and a worker ends what was started."""
        while self.now < until:
            self.now = min(self.now + step, until)
            self.scheduler.tick()
            for run in self.ledger.list_runs(limit=1000) if working else ():
                if run.status == "queued":
                    self.end(run.id)

    def end(self, run_id: str | None, verdict: str = "verified") -> None:
        """A worker takes the run and brings it to its end, now."""
        assert run_id is not None
        claimed = self.ledger.queue.take(run_id, "worker")
        with self.ledger.queue.held(claimed.lease):
            self.ledger.events.append(run_id, {"kind": "started"})
            self.ledger.finish_run(run_id, verdict=verdict, result={})
        moment = moment_text(self.now)
        with self.ledger.database.write() as connection:
            connection.execute(update(events).where(events.c.run_id == run_id).values(at=moment))
            connection.execute(update(runs).where(runs.c.id == run_id).values(updated_at=moment))

    def history(self, schedule: str | None = None) -> list[Firing]:
        """Oldest first."""
        return list(reversed(self.scheduler.store.history(schedule, limit=10_000)))

    def outcomes(self, schedule: str | None = None) -> list[tuple[str, str]]:
        """Due time (UTC, to the minute) and what came of it."""
        return [(firing.due_at[5:16].replace("T", " "), firing.outcome) for firing in self.history(schedule)]

    def schedule(self, name: str) -> Schedule:
        return self.scheduler.store.get(name)

    def notices(self) -> list[Notice]:
        """Oldest first."""
        return list(reversed(NoticeBoard(self.ledger.database).newest(limit=1000)))


MakeOffice = Callable[..., Office]


@pytest.fixture
def make_office(tmp_path: Path) -> Iterator[MakeOffice]:
    """An office with other settings."""
    made: list[Office] = []

    def make(*, url: str = "", timezone: str = "UTC", language: str = "en", today: str = "") -> Office:
        config = Config(
            app=AppConfig(home=tmp_path / "home", timezone=timezone, language=language, today=today),
            store=StoreConfig(url=url),
        )
        made.append(Office(config=config, ledger=RunLedger.open(config)))
        return made[-1]

    yield make
    for office in made:
        office.scheduler.close()
        office.ledger.close()


@pytest.fixture
def office(make_office: MakeOffice) -> Office:
    return make_office()


@pytest.fixture
def office_on_both(make_office: MakeOffice, ledger_url: str) -> Office:
    """Once on SQLite, once on PostgreSQL: for what the database has a part in."""
    return make_office(url=ledger_url)
