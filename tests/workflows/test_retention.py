"""Old runs are removed with all that belongs to them, whatever happens meanwhile; what is open stays."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Executable, func, select, update

from clawdbot.store.durable_tables import (
    checkpoint_writes,
    checkpoints,
    events,
    firings,
    notices,
    outbox,
    workflow_steps,
)
from clawdbot.store.ledger import RunLedger
from clawdbot.store.queue import NewRun
from clawdbot.store.routing_tables import attempts, reservations, spending_totals
from clawdbot.store.tables import approvals, effects, runs, steps
from clawdbot.workflows.retention import Retention

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ALL = (
    runs, steps, effects, approvals, checkpoints, checkpoint_writes, events, outbox, workflow_steps, firings, notices,
    attempts, reservations,
)  # fmt: skip


def days_ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat(timespec="microseconds")


def a_run(
    ledger: RunLedger, home: Path, name: str, *, age: float, parent: str | None = None, effect: str = "done",
    status: str = "done",
) -> str:  # fmt: skip
    """A run with a row in every table and a file in its folder, that ended so many days ago."""
    at = days_ago(age)
    ledger.queue.accept(NewRun(goal=name, language="en", user="anna", id=name, parent=parent))
    rows = (
        steps.insert().values(run_id=name, n=1, record={}),
        effects.insert().values(
            key=f"e-{name}", run_id=name, step=1, tool="mail", effect="external", payload_hash="h", state=effect,
            begun_at=at,
        ),
        approvals.insert().values(
            run_id=name, payload_hash="h", tool="mail", payload="p", asked_at=at, decision="approved", decided_by="li"
        ),
        checkpoints.insert().values(run_id=name, namespace="", id="c", at=at, checkpoint={}, metadata={}),
        checkpoint_writes.insert().values(
            run_id=name, namespace="", checkpoint_id="c", task_id="t", position=0, channel="x", value=1
        ),
        outbox.insert().values(
            key=f"e-{name}", run_id=name, message_id="m", sender="s", recipients=[], subject="s", content=b"c",
            state="sent", created_at=at, updated_at=at,
        ),
        workflow_steps.insert().values(run_id=name, position="a", state="done", began_at=at),
        *(
            firings.insert().values(
                schedule=f"s-{name}", due_at=due, ready_at=due, fired_at=due, outcome="started", run_id=run
            )
            for due, run in ((at, name), (days_ago(0), None))
        ),
        notices.insert().values(id=f"n-{name}", at=at, kind="done", run_id=name, subject="s", body="b", state="sent"),
        attempts.insert().values(id=f"a-{name}", run_id=name, step=1, attempt=1, at=at, record={}),
        reservations.insert().values(
            id=f"r-{name}", run_id=name, step=1, user="anna", day=at[:10], model="m", reserved_usd="1", state="settled",
            reserved_at=at, owner="o", assumed=False,
        ),
        *(
            spending_totals.insert().values(account=account, reserved_usd="0", spent_usd="1")
            for account in (f"step:{name}/1", f"task:{name}", f"day:{name}")
        ),
        update(runs).where(runs.c.id == name).values(status=status, updated_at=at),
    )  # fmt: skip
    ledger.events.append(name, {"event": "end"})
    write(ledger, rows)
    (home / "runs" / name).mkdir(parents=True)
    (home / "runs" / name / "report.txt").write_text("0123456789")
    return name


def write(ledger: RunLedger, rows: Iterable[Executable]) -> None:
    with ledger.database.write() as connection:
        for statement in rows:
            connection.execute(statement)


def left(ledger: RunLedger) -> dict[str, set[str]]:
    """Which runs each table still knows."""
    with ledger.database.read() as connection:
        return {
            table.name: {
                str(run) for run in connection.scalars(select(table.c.id if table is runs else table.c.run_id)) if run
            }
            for table in ALL
        }


def everywhere(names: Iterable[str]) -> dict[str, set[str]]:
    return {table.name: set(names) for table in ALL}


def retention(ledger: RunLedger, home: Path, *, keep_days: int = 90) -> Retention:
    return Retention(ledger.database, home / "runs", keep_days=keep_days, now=lambda: NOW)


def folders(home: Path) -> set[str]:
    return {path.name for path in (home / "runs").iterdir() if path.name != ".removed"}


def test_old_runs_go_with_everything_and_others_stay_whole(ledger: RunLedger, tmp_path: Path) -> None:
    a_run(ledger, tmp_path, "old", age=91)
    a_run(ledger, tmp_path, "cancelled", age=91, status="cancelled")
    a_run(ledger, tmp_path, "young", age=89)
    retention(ledger, tmp_path).tick()
    assert left(ledger) == everywhere(["young"])
    assert folders(tmp_path) == {"young"}
    with ledger.database.read() as connection:
        accounts = set(connection.scalars(select(spending_totals.c.account)))
    assert accounts == {"step:young/1", "task:young", "day:young", "day:old", "day:cancelled"}, "sums of days stay"


def test_what_is_kept_for_ever_stays(ledger: RunLedger, tmp_path: Path) -> None:
    a_run(ledger, tmp_path, "old", age=4000)
    retention(ledger, tmp_path, keep_days=0).tick()
    assert left(ledger) == everywhere(["old"])


@pytest.mark.parametrize("open_", ["effect", "intent", "outbox", "money", "waiting", "child"])
def test_a_run_of_which_something_is_open_stays_with_all_its_steps(
    ledger: RunLedger, tmp_path: Path, open_: str
) -> None:
    a_run(ledger, tmp_path, "flow", age=100, status="waiting" if open_ == "waiting" else "done")
    state = {"effect": "unknown", "intent": "intent"}.get(open_, "done")
    a_run(
        ledger, tmp_path, "step", age=100, parent="flow", effect=state, status="running" if open_ == "child" else "done"
    )
    with ledger.database.write() as connection:
        if open_ == "outbox":
            connection.execute(update(outbox).where(outbox.c.run_id == "step").values(state="unknown"))
        if open_ == "money":
            connection.execute(update(reservations).where(reservations.c.run_id == "step").values(state="reserved"))
    pruned = retention(ledger, tmp_path).prune(older_than_days=90)
    assert pruned.runs == ()
    assert pruned.kept == (() if open_ == "waiting" else ("flow",))
    assert left(ledger) == everywhere(["flow", "step"])
    assert folders(tmp_path) == {"flow", "step"}


def test_steps_go_with_their_run_alone(ledger: RunLedger, tmp_path: Path) -> None:
    a_run(ledger, tmp_path, "flow", age=100)
    a_run(ledger, tmp_path, "step", age=100, parent="flow")
    a_run(ledger, tmp_path, "young", age=1)
    a_run(ledger, tmp_path, "its-step", age=100, parent="young")
    a_run(ledger, tmp_path, "orphan", age=100, parent="nobody")
    pruned = retention(ledger, tmp_path).prune(older_than_days=90)
    assert set(pruned.runs) == {"flow", "step", "orphan"}
    assert pruned.bytes == 30
    assert left(ledger) == everywhere(["young", "its-step"])


def test_a_dry_run_says_the_same_and_removes_nothing(ledger: RunLedger, tmp_path: Path) -> None:
    names = {a_run(ledger, tmp_path, f"old{n}", age=100 + n) for n in range(3)}
    said = retention(ledger, tmp_path).prune(older_than_days=90, dry_run=True)
    assert left(ledger) == everywhere(names)
    assert folders(tmp_path) == names
    done = retention(ledger, tmp_path).prune(older_than_days=90)
    assert (said.runs, said.bytes, said.kept) == (done.runs, done.bytes, done.kept)
    assert done.rows > 3 * len(ALL) - 1
    assert said.runs == ("old2", "old1", "old0"), "oldest first"


def test_what_belongs_to_no_run_goes_by_its_own_age_and_the_last_word_of_a_schedule_stays(ledger: RunLedger) -> None:
    rows = (
        firings.insert().values(
            schedule="s", due_at=days_ago(200), ready_at=days_ago(200), fired_at=days_ago(200), outcome="missed"
        ),
        firings.insert().values(
            schedule="s", due_at=days_ago(100), ready_at=days_ago(100), fired_at=days_ago(100), outcome="missed"
        ),
        notices.insert().values(id="old", at=days_ago(100), kind="missed", subject="", body="", state="sent"),
        notices.insert().values(id="open", at=days_ago(100), kind="missed", subject="", body="", state="open"),
        notices.insert().values(id="young", at=days_ago(1), kind="missed", subject="", body="", state="sent"),
    )
    write(ledger, rows)
    retention(ledger, Path("nowhere")).tick()
    with ledger.database.read() as connection:
        assert list(connection.scalars(select(firings.c.due_at))) == [days_ago(100)]
        assert set(connection.scalars(select(notices.c.id))) == {"open", "young"}


_KILLED = """
import os, shutil, signal, sys
from datetime import datetime
from pathlib import Path
from clawdbot.store.ledger import RunLedger
from clawdbot.workflows.retention import Retention

url, runs, place = sys.argv[1:]
def dies(): os.kill(os.getpid(), signal.SIGKILL)
if place == "within":
    real = Path.rename
    Path.rename = lambda self, to: (real(self, to), dies())
else:
    shutil.rmtree = lambda *_, **__: dies()
now = datetime.fromisoformat("2026-11-21T12:00:00+00:00")
Retention(RunLedger(url).database, Path(runs), keep_days=90, now=lambda: now).tick()
"""


@pytest.mark.parametrize("place", ["within", "after"])
def test_killed_while_it_removes_a_run_the_next_one_finishes(
    ledger: RunLedger, ledger_url: str, tmp_path: Path, place: str
) -> None:
    a_run(ledger, tmp_path, "old", age=100)
    a_run(ledger, tmp_path, "older", age=200)
    a_run(ledger, tmp_path, "young", age=1)
    command = [sys.executable, "-c", _KILLED, ledger_url, str(tmp_path / "runs"), place]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    aside = tmp_path / "runs" / ".removed" / "older"
    assert aside.is_dir()
    known = {"old", "older", "young"} if place == "within" else {"old", "young"}
    assert left(ledger) == everywhere(known), "all of it or nothing"

    if place == "within":  # somebody still looks for the run's files: they come back
        with ledger.database.write() as connection:
            connection.execute(update(effects).where(effects.c.run_id == "older").values(state="unknown"))
        retention(ledger, tmp_path).tick()
        assert (tmp_path / "runs" / "older" / "report.txt").read_text() == "0123456789"
        ledger.effects.done("e-older", {})
    retention(ledger, tmp_path).tick()
    assert left(ledger) == everywhere(["young"])
    assert folders(tmp_path) == {"young"}
    assert list((tmp_path / "runs" / ".removed").iterdir()) == []


def test_many_runs_are_looked_through_in_pages(
    ledger: RunLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clawdbot.store.removal._PAGE", 10)
    row = {
        "created_at": days_ago(100), "updated_at": days_ago(100), "user": "anna", "goal": "g", "language": "en",
        "status": "done", "model": "", "error": "",
    }  # fmt: skip
    with ledger.database.write() as connection:
        connection.execute(runs.insert(), [{"id": f"run-{n:04}", **row} for n in range(45)])
        connection.execute(update(runs).where(runs.c.id == "run-0010").values(status="waiting"))
    assert len(retention(ledger, tmp_path).prune(older_than_days=90).runs) == 44
    with ledger.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(runs)) == 1
