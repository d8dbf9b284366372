"""Each instant counts once: whoever looks at the same time, and whoever is killed wherever."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.config import AppConfig, Config
from clawdbot.store.ledger import RunLedger
from clawdbot.store.schedules import moment_text
from clawdbot.workflows.schedules import cron
from tests.workflows.schedules.conftest import START, MakeOffice, Office

MINUTES = 12
ROUNDS = [
    ("schedule.before_fire:1", "schedule.after_fire:2"),
    ("schedule.after_fire:3", "schedule.before_fire:3"),
    ("notice.posted:1", "run.accepted:2"),
    ("-", "-"),
]


@pytest.fixture(scope="module")
def schedulers(root: Path) -> Iterator[subprocess.Popen[str]]:
    """Imports everything once; its children are killed."""
    command = [sys.executable, "-m", "tests.workflows.schedules.schedulers"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        yield process


def test_two_processes_that_look_and_are_killed_start_each_instant_once(
    make_office: MakeOffice, ledger_url: str, tmp_path: Path, schedulers: subprocess.Popen[str]
) -> None:
    office = make_office(url=ledger_url)
    often = {"name": "often", "every": "1m", "missed": "all", "overlap": "allow"}
    office.enable("a", often)
    office.enable("b", {**often, "name": "seldom", "every": "3m", "missed": "skip"})
    codes = []
    assert schedulers.stdin is not None
    assert schedulers.stdout is not None
    for orders in ROUNDS:
        schedulers.stdin.write("\t".join((ledger_url, str(tmp_path / "home"), str(MINUTES), *orders)) + "\n")
        schedulers.stdin.flush()
        codes.append(schedulers.stdout.readline().split())
    assert codes[0] == codes[1] == ["-9", "-9"], "the orders to fail were obeyed"
    assert codes[-1] == ["0", "0"]
    for name, every in (("a/often", 1), ("b/seldom", 3)):
        due = [START + timedelta(minutes=n) for n in range(every, MINUTES + 1, every)]
        rows = office.history(name)
        assert [row.due_at for row in rows] == [moment_text(moment) for moment in due]
    started = [row.run_id for row in office.history() if row.run_id]
    assert sorted(started) == sorted(run.id for run in office.ledger.list_runs(limit=1000))
    assert len([row for row in office.history("a/often") if row.run_id]) == MINUTES


ZONES = ["UTC", "America/New_York", "Asia/Shanghai"]
CRONS = ["*/20 * * * *", "5 */2 * * *", "30 1,2 * * *", "0 9 * * *", "50 * * * MON-FRI"]
POLICIES: list[Any] = ["skip", "once", "all", {"within": "2h"}]
CHANGE = datetime(2027, 3, 14, 0, tzinfo=UTC)


@settings(max_examples=30)
@given(
    st.sampled_from(CRONS),
    st.sampled_from(ZONES),
    st.sampled_from(POLICIES),
    st.lists(st.integers(1, 600), min_size=1, max_size=8),
)
def test_each_instant_has_one_row_that_follows_the_policy(
    expression: str, zone: str, missed: Any, absences: list[int]
) -> None:
    """Each number is so many minutes until somebody looks again."""
    with tempfile.TemporaryDirectory() as home:
        config = Config(app=AppConfig(home=Path(home), timezone=zone, language="en"))
        office = Office(config=config, ledger=RunLedger.open(config), now=CHANGE)
        office.enable("a", {"name": "t", "cron": expression, "missed": missed, "overlap": "allow"})
        looks = []
        for minutes in absences:
            office.go(minutes=minutes)
            looks.append(office.now)
        rows, runs = office.history(), {run.id for run in office.ledger.list_runs(limit=1000)}
        office.ledger.close()
    due = list(takewhile(lambda one: one <= office.now, cron.instants(expression, ZoneInfo(zone), after=CHANGE)))
    assert [row.due_at for row in rows] == [moment_text(moment) for moment in due]
    assert {row.run_id for row in rows if row.run_id} == runs
    assert len(runs) == len([row for row in rows if row.run_id])
    for look in looks:
        together = [row for row in rows if row.fired_at == moment_text(look)]
        ages = [look - datetime.fromisoformat(row.due_at) for row in together]
        passed = [row.run_id is not None for row, age in zip(together, ages, strict=True) if age > timedelta(minutes=1)]
        in_time = [
            row.run_id is not None for row, age in zip(together, ages, strict=True) if age <= timedelta(minutes=1)
        ]
        assert all(in_time)
        expected = {
            "skip": [False] * len(passed),
            "all": [True] * len(passed),
            "once": [False] * (len(passed) - 1) + [not in_time] * bool(passed),
        }
        within = [age <= timedelta(hours=2) for age in ages if age > timedelta(minutes=1)]
        assert passed == (expected[missed] if isinstance(missed, str) else within)
