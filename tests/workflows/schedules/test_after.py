"""Starts when a run of another workflow ended."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflows.schedules.conftest import Office

EVERY_HOUR = {"name": "hourly", "cron": "0 * * * *"}


def after(workflow: str, **more: Any) -> dict[str, Any]:
    return {"name": "next", "after": {"workflow": workflow, **more}}


def run_of(office: Office, workflow: str) -> str:
    """A run that a person starts now."""
    return office.scheduler.fire(f"{workflow}/hourly", by="amy")


def started(office: Office, schedule: str = "b/next") -> list[str]:
    """The runs after which it started one, oldest first."""
    return [firing.cause for firing in office.history(schedule) if firing.run_id]


@pytest.mark.parametrize(
    ("outcome", "expected"), [("verified", [0]), ("failed", [1, 2]), ("ended", [0, 1, 2, 3])]
)  # fmt: skip
def test_it_starts_after_the_ends_that_are_waited_for_once_each(
    office_on_both: Office, outcome: str, expected: list[int]
) -> None:
    office = office_on_both
    office.enable("a", EVERY_HOUR)
    office.enable("b", after("a", outcome=outcome, input="before"), inputs={"before": {"type": "string"}})
    runs = []
    for verdict in ("verified", "partial", "failed"):
        runs.append(run_of(office, "a"))
        office.end(runs[-1], verdict)
        office.go(seconds=1)
    runs.append(run_of(office, "a"))
    office.ledger.queue.cancel(runs[-1], by="amy")
    office.now = office.now.replace(year=2027)  # cancelling is written by the real clock
    for _ in range(3):
        office.go(seconds=1)
    assert started(office) == [runs[number] for number in expected]
    specs: list[Any] = [run.spec for run in office.ledger.list_runs() if run.spec and run.spec["workflow"] == "b"]
    assert {spec["inputs"]["before"] for spec in specs} == {runs[number] for number in expected}


def test_runs_that_ended_before_it_was_enabled_or_while_it_was_paused_do_not_count(office: Office) -> None:
    office.enable("a", EVERY_HOUR)
    office.end(run_of(office, "a"))
    office.go(seconds=5)
    office.enable("b", after("a"))
    office.go(seconds=5)
    office.scheduler.pause("b", by="amy")
    office.end(run_of(office, "a"))
    office.go(seconds=5)
    office.scheduler.resume("b", by="amy")
    office.go(seconds=5)
    assert started(office) == []
    last = run_of(office, "a")
    office.end(last)
    office.go(seconds=5)
    assert started(office) == [last]


def test_ends_during_an_absence_and_over_a_restart_are_found(office: Office) -> None:
    office.enable("a", EVERY_HOUR)
    office.enable("b", after("a"))
    office.go(seconds=1)
    runs = []
    for _ in range(5):
        office.now = office.now.replace(day=office.now.day + 1)
        runs.append(run_of(office, "a"))
        office.end(runs[-1])
    office.scheduler = office.another()
    office.go(days=1)
    office.go(days=1)
    assert started(office) == runs


def test_one_that_was_written_late_is_found_too(office: Office) -> None:
    office.enable("a", EVERY_HOUR)
    office.enable("b", after("a"))
    early, late = run_of(office, "a"), run_of(office, "a")
    office.go(minutes=30)
    office.end(late)
    office.go(seconds=1)
    office.now = office.now.replace(minute=office.now.minute - 5)  # by the clock of another machine
    office.end(early)
    office.go(minutes=6)
    assert sorted(started(office)) == sorted([early, late])


def test_workflows_that_start_each_other_end_after_ten(office: Office) -> None:
    office.enable("a", EVERY_HOUR, after("b"))
    office.enable("b", after("a"))
    office.end(run_of(office, "a"))
    for _ in range(30):
        office.go(seconds=1)
        for run in office.ledger.list_runs(limit=100):
            if run.status == "queued":
                office.end(run.id)
    rows = [*office.history("a/next"), *office.history("b/next")]
    assert len([row for row in rows if row.outcome == "started"]) == 10
    (failed,) = [row for row in rows if row.outcome == "failed"]
    assert "started each other 10 times in a row" in failed.note
    assert [notice.kind for notice in office.notices()] == ["failed"]


def test_what_it_starts_overlaps_as_it_says(office: Office) -> None:
    office.enable("a", EVERY_HOUR)
    office.enable("b", {**after("a"), "overlap": "queue"})
    for _ in range(2):
        office.end(run_of(office, "a"))
    office.go(seconds=1)
    assert [firing.outcome for firing in office.history("b/next")] == ["started", "waiting"]
    office.end(office.history("b/next")[0].run_id)
    office.go(seconds=1)
    assert [firing.outcome for firing in office.history("b/next")] == ["started", "started"]
    specs: list[Any] = [office.ledger.get_run(str(row.run_id)).spec for row in office.history("b/next")]
    assert [spec["links"] for spec in specs] == [1, 1]
