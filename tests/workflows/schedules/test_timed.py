"""Schedules by time under a clock that the test sets: what starts, what is missed or late, and that it is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.workflows.schedules.conftest import START, MakeOffice, Office

QUARTERS = {"name": "quarters", "cron": "*/15 * * * *"}
HOURLY = {"name": "hourly", "cron": "0 * * * *"}


def absent(office: Office) -> None:
    """In time until 09:00; then nobody looks for three hours, until 12:07."""
    office.go_every(timedelta(minutes=5), until=datetime(2026, 6, 1, 9, 0, tzinfo=UTC), working=True)
    office.go(to=datetime(2026, 6, 1, 12, 7, tzinfo=UTC))


QUARTERS_DUE = [f"06-01 {9 + number // 4:02}:{number % 4 * 15:02}" for number in range(1, 13)]
HOURS_DUE = ["06-01 10:00", "06-01 11:00", "06-01 12:00"]


@pytest.mark.parametrize(
    ("missed", "late_quarters", "late_hours"),
    [
        ("skip", 0, 0),
        ("once", 1, 1),
        ("all", 12, 3),
        ({"within": "30m"}, 2, 1),
        ({"within": "2h30m"}, 10, 3),
    ],
)
def test_three_hours_without_a_worker_give_what_the_policy_says(
    office_on_both: Office, missed: Any, late_quarters: int, late_hours: int
) -> None:
    office = office_on_both
    office.enable("a", {**QUARTERS, "missed": missed, "overlap": "allow"})
    office.enable("b", {**HOURLY, "missed": missed, "overlap": "allow"})
    absent(office)
    for name, due, late in (("a/quarters", QUARTERS_DUE, late_quarters), ("b/hourly", HOURS_DUE, late_hours)):
        rows = [row for row in office.outcomes(name) if row[0] in due]
        assert rows == [(when, "missed") for when in due[: len(due) - late]] + [
            (when, "late") for when in due[len(due) - late :]
        ]
        told = {notice.kind: notice for notice in office.notices() if notice.schedule == name}
        assert ("missed" in told) == (late < len(due))
        assert ("late" in told) == (late > 0)
        if len(due) - late > 1:
            assert f"{len(due) - late} starts were missed" in told["missed"].subject
    started = {firing.run_id for firing in office.history() if firing.run_id}
    assert started == {run.id for run in office.ledger.list_runs(limit=100)}


def test_what_is_made_up_for_starts_one_after_the_other_unless_told_otherwise(office: Office) -> None:
    office.enable("a", {**HOURLY, "missed": "all"})
    absent(office)
    for done in range(3):
        states = [firing.outcome for firing in office.history() if firing.due_at[11:16] in ("10:00", "11:00", "12:00")]
        assert states == ["late"] * (done + 1) + ["waiting"] * (2 - done)
        office.end([firing for firing in office.history() if firing.outcome == "late"][-1].run_id)
        office.go(seconds=1)
    assert [notice.kind for notice in office.notices()] == ["late"], "one notice for the absence"


def test_a_start_in_time_makes_up_for_all_that_was_missed_before(office: Office) -> None:
    office.enable("a", {**HOURLY, "missed": "once"})
    office.go(to=datetime(2026, 6, 1, 11, 0, 20, tzinfo=UTC))
    assert office.outcomes() == [
        ("06-01 09:00", "missed"), ("06-01 10:00", "missed"), ("06-01 11:00", "started"),
    ]  # fmt: skip


def test_a_long_absence_is_counted_whole_in_one_notice(office: Office) -> None:
    office.enable("a", {"name": "minutes", "every": "1m", "missed": "once"})
    office.now = START + timedelta(minutes=1202, seconds=30)
    for _ in range(4):
        office.scheduler.tick()
    rows = [firing.outcome for firing in office.history()]
    assert len(rows) == 1202
    assert rows[:-1] == ["missed"] * 1201
    assert rows[-1] == "started"
    (notice,) = office.notices()
    assert "1201 starts were missed" in notice.subject
    assert "2026-06-01 08:01 UTC to 2026-06-02 04:01 UTC" in notice.body


def test_a_run_carries_who_enabled_it_when_it_was_due_and_the_day_it_is_for(office: Office) -> None:
    office.enable("a", {"name": "eve", "cron": "0 23 * * *", "timezone": "Asia/Shanghai"}, by="amy")
    office.go(to=datetime(2026, 6, 1, 18, 0, tzinfo=UTC))  # the 2nd in Shanghai; it was due on the 1st
    (run,) = office.ledger.list_runs()
    assert (run.user, run.kind, run.status, run.priority, run.goal) == (
        "amy",
        "workflow",
        "queued",
        10,
        "Daily figures",
    )
    assert run.spec is not None
    assert run.spec["day"] == "2026-06-01"
    assert run.spec["schedule"] == "a/eve"
    assert run.spec["due_at"] == "2026-06-01T15:00:00.000000+00:00"


def test_a_clock_that_jumps_back_starts_nothing_twice(office: Office) -> None:
    office.enable("a", HOURLY)
    office.go(to=datetime(2026, 6, 1, 10, 0, 1, tzinfo=UTC))
    before = office.outcomes()
    assert before == [("06-01 09:00", "missed"), ("06-01 10:00", "started")]
    office.end(office.history()[-1].run_id)
    office.now = datetime(2026, 6, 1, 8, 30, tzinfo=UTC)
    office.go_every(timedelta(minutes=10), until=datetime(2026, 6, 1, 10, 50, tzinfo=UTC))
    assert office.outcomes() == before
    assert len(office.ledger.list_runs()) == 1


def test_jitter_holds_a_run_back_by_the_same_time_whoever_asks(office: Office) -> None:
    office.enable("a", *({**HOURLY, "name": f"n{number}", "jitter_s": 600} for number in range(8)))
    office.go(to=datetime(2026, 6, 1, 9, 0, 1, tzinfo=UTC))
    ready = {firing.schedule: firing.ready_at for firing in office.history()}
    runs = {run.spec["schedule"]: run.ready_at for run in office.ledger.list_runs() if run.spec}
    assert ready == runs
    assert len(set(ready.values())) == 8
    assert all("2026-06-01T09:00" <= moment <= "2026-06-01T09:10" for moment in ready.values())


def test_a_run_that_no_worker_is_free_for_is_told_as_late_once(office: Office) -> None:
    office.enable("a", HOURLY)
    office.go(to=datetime(2026, 6, 1, 9, 0, 1, tzinfo=UTC))
    office.go(seconds=50)
    assert office.notices() == []
    office.go(seconds=10)
    office.go(seconds=10)
    (row,) = office.history()
    (notice,) = office.notices()
    assert (row.outcome, row.note) == ("late", "1 min late: no worker was free")
    assert (notice.kind, notice.run_id) == ("late", row.run_id)


def test_a_run_that_began_late_is_late_also_when_nobody_looked_meanwhile(office_on_both: Office) -> None:
    office = office_on_both
    office.enable("a", HOURLY)
    office.go(to=datetime(2026, 6, 1, 9, 0, 1, tzinfo=UTC))
    office.now += timedelta(hours=2)
    office.end(office.history()[0].run_id)
    office.go(minutes=5)
    (row,) = [firing for firing in office.history() if firing.due_at < "2026-06-01T10"]
    assert (row.outcome, row.note) == ("late", "2 h 0 min late: no worker was free")
    assert row.begun_at == row.ended_at == "2026-06-01T11:00:01.000000+00:00"
    assert [notice.kind for notice in office.notices() if notice.run_id == row.run_id] == ["late"]


def test_one_moment_is_one_start(office: Office) -> None:
    office.enable("a", {"name": "then", "at": "2026-06-01T18:00", "timezone": "Asia/Shanghai"})
    office.go(to=datetime(2026, 6, 1, 9, 59, tzinfo=UTC))
    assert office.outcomes() == []
    office.go(to=datetime(2026, 6, 1, 10, 0, tzinfo=UTC))
    office.go(days=400)
    assert office.outcomes() == [("06-01 10:00", "late")], "no worker took it for 400 days"
    assert office.schedule("a").next_at is None


def test_a_moment_that_has_passed_when_it_is_enabled_is_a_row(office: Office) -> None:
    office.enable("a", {"name": "then", "at": "2026-06-01T07:00"})
    office.go(minutes=1)
    (row,) = office.history()
    assert (row.outcome, row.note) == ("missed", "the moment had passed when the workflow was enabled")


@pytest.mark.parametrize(
    ("language", "subject"), [("en", "a/hourly: could not be started"), ("zh", "a/hourly：无法启动")]
)
def test_inputs_that_do_not_fit_any_more_are_a_row_and_a_notice(
    make_office: MakeOffice, language: str, subject: str
) -> None:
    office = make_office(language=language)
    office.enable("a", {**HOURLY, "inputs": {"region": "north"}})
    office.go_every(timedelta(hours=1), until=datetime(2026, 6, 1, 10, 0, tzinfo=UTC))
    assert office.outcomes() == [("06-01 09:00", "failed"), ("06-01 10:00", "failed")]
    assert "region" in office.history()[0].note
    (notice,) = office.notices()
    assert (notice.kind, notice.subject) == ("failed", subject), "the same reason is told once a day"
    assert office.ledger.list_runs() == ()


def test_one_schedule_that_fails_keeps_no_other_back(office: Office) -> None:
    office.enable("a", HOURLY)
    office.enable("b", HOURLY)
    row = office.schedule("a")
    with office.ledger.database.write() as connection:  # what an older version could read
        office.scheduler.store.change_in(connection, row.name, next_at="0-0-0")
    with pytest.raises(ValueError, match="0-0-0"):
        office.go(to=datetime(2026, 6, 2, 9, 0, 1, tzinfo=UTC))
    assert office.outcomes("b/hourly")[-1] == ("06-02 09:00", "started")


@pytest.mark.parametrize(
    ("begin", "expected"),
    [
        (
            datetime(2026, 10, 31, 0, 0, tzinfo=UTC),
            {
                "early": ["10-31 05:30", "11-01 05:30", "11-02 06:30"],
                "late": ["10-31 06:30", "11-01 07:30", "11-02 07:30"],
                "china": ["10-31 01:00", "11-01 01:00", "11-02 01:00"],
                "steady": ["10-31 20:00", "11-01 16:00", "11-02 12:00"],
            },
        ),
        (
            datetime(2027, 3, 13, 0, 0, tzinfo=UTC),
            {
                "early": ["03-13 06:30", "03-14 06:30", "03-15 05:30"],
                "late": ["03-13 07:30", "03-14 07:00", "03-15 06:30"],
                "china": ["03-13 01:00", "03-14 01:00", "03-15 01:00"],
                "steady": ["03-13 20:00", "03-14 16:00", "03-15 12:00"],
            },
        ),
    ],
)
def test_clock_changes_under_a_simulated_clock(office: Office, begin: datetime, expected: dict[str, list[str]]) -> None:
    """In UTC: New York's clocks go back on 1 November 2026 and on on 14 March 2027, Shanghai's do not change."""
    office.now = begin
    new_york = {"timezone": "America/New_York", "missed": "skip"}
    office.enable(
        "a", {"name": "early", "cron": "30 1 * * *", **new_york}, {"name": "late", "cron": "30 2 * * *", **new_york},
        {"name": "china", "cron": "0 9 * * *", "timezone": "Asia/Shanghai", "missed": "skip"},
        {"name": "steady", "every": "20h", "missed": "skip"},
    )  # fmt: skip
    office.go_every(timedelta(minutes=30), until=begin + timedelta(days=3), working=True)
    for name, due in expected.items():
        assert office.outcomes(f"a/{name}") == [(when, "started") for when in due]
