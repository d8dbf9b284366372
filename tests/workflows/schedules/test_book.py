"""Schedules follow the workflows that people enable, and are paused and resumed by people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, update

from clawdbot.errors import UsageError
from clawdbot.store.durable_tables import workflows
from tests.workflows.schedules.conftest import MakeOffice, Office

HOURLY = {"name": "hourly", "cron": "0 * * * *"}


def at(hour: int, minute: int = 0, second: int = 1) -> datetime:
    return datetime(2026, 6, 1, hour, minute, second, tzinfo=UTC)


def names(office: Office) -> list[str]:
    return [schedule.name for schedule in office.scheduler.store.all()]


def test_each_trigger_of_an_enabled_workflow_is_a_schedule(office: Office) -> None:
    office.enable("b", {"name": "off", "every": "1h", "enabled": False})
    office.enable("a", HOURLY, {"name": "daily", "cron": "0 9 * * *", "timezone": "Asia/Shanghai"})
    assert names(office) == ["a/daily", "a/hourly"]
    assert office.schedule("a/daily").next_at == "2026-06-02T01:00:00.000000+00:00"


def test_enabling_again_keeps_what_did_not_change(office: Office) -> None:
    office.enable("a", {"name": "often", "every": "45m"}, {"name": "daily", "cron": "0 9 * * *"})
    office.go(to=at(8, 30))
    office.enable("a", {"name": "often", "every": "45m"}, {"name": "daily", "cron": "0 10 * * *"}, by="bob")
    assert office.schedule("a/often").next_at == "2026-06-01T08:45:00.000000+00:00"
    assert office.schedule("a/daily").next_at == "2026-06-01T10:00:00.000000+00:00"
    office.go(to=at(8, 45))
    office.go(to=at(9, 30))
    assert {run.user for run in office.ledger.list_runs()} == {"bob"}
    assert office.outcomes("a/often")[0] == ("06-01 08:45", "late")
    assert office.schedule("a/often").next_at == "2026-06-01T10:15:00.000000+00:00"


def test_what_was_due_since_a_workflow_was_enabled_counts_however_late_a_worker_comes(office: Office) -> None:
    office.enable("a")
    office.enable("a", {**HOURLY, "missed": "skip"})
    with office.ledger.database.write() as connection:  # it was enabled, and the process ended before it followed
        office.scheduler.store.remove_in(connection, "a/hourly")
    office.go(to=at(10, 30))
    assert office.outcomes() == [("06-01 09:00", "missed"), ("06-01 10:00", "missed")]


def test_what_was_due_before_a_change_is_missed_and_not_forgotten(office: Office) -> None:
    office.enable("a", HOURLY)
    office.now = at(10, 30)
    office.enable("a", {**HOURLY, "cron": "15 * * * *"})
    assert office.outcomes() == [("06-01 09:00", "missed"), ("06-01 10:00", "missed")]
    assert "changed or switched off" in office.history()[0].note
    assert office.schedule("a").next_at == "2026-06-01T11:15:00.000000+00:00"


def test_disabling_ends_its_schedules(office: Office) -> None:
    office.enable("a", {**HOURLY, "overlap": "queue"})
    office.go(to=at(9))
    office.go(to=at(10))
    office.disable("a")
    office.go(to=at(11))
    assert names(office) == []
    assert [outcome for _, outcome in office.outcomes()] == ["late", "failed"], (
        "what waited for its turn is not started"
    )
    assert office.history()[-1].note == "The workflow a is disabled."
    office.enable("a", HOURLY)
    assert office.schedule("a").next_at == "2026-06-01T12:00:00.000000+00:00"


def test_a_workflow_that_is_gone_is_told(office: Office) -> None:
    office.enable("a", HOURLY)
    with office.ledger.database.write() as connection:
        connection.execute(delete(workflows))
    office.go(to=at(8, 30))
    (row,) = office.history()
    assert (row.outcome, row.note) == ("failed", "The workflow a is gone.")
    assert [notice.kind for notice in office.notices()] == ["failed"]
    assert names(office) == []


@pytest.mark.parametrize(("language", "said"), [("en", "cannot be used any more"), ("zh", "已不能使用")])
def test_a_definition_that_this_version_cannot_read_fails_aloud(
    make_office: MakeOffice, language: str, said: str
) -> None:
    office = make_office(language=language)
    office.enable("a", HOURLY)
    with office.ledger.database.write() as connection:
        connection.execute(update(workflows).values(definition={"name": "a", "strange": 1}, digest="other"))
    office.go(to=at(9))
    office.go(to=at(9, 30))
    (row,) = office.history()
    assert row.outcome == "failed"
    assert said in row.note


def test_what_falls_into_a_pause_is_not_missed_and_one_row_says_so(office_on_both: Office) -> None:
    office = office_on_both
    office.enable("a", {"name": "quarters", "cron": "*/15 * * * *"})
    office.go(to=at(8, 5))
    assert office.scheduler.pause("a", by="bob")
    assert not office.scheduler.pause("a", by="bob")
    office.go(to=at(12, 2))
    assert office.outcomes() == []
    assert office.scheduler.resume("a/quarters", by="amy")
    assert not office.scheduler.resume("a/quarters", by="amy")
    office.go(to=at(12, 3))
    (row,) = office.history()
    assert (row.due_at[11:16], row.outcome) == ("08:15", "paused")
    assert row.note == "paused by bob (2026-06-01 08:05 UTC): 16 starts were left out"
    office.go(to=at(12, 15))
    assert office.outcomes()[-1] == ("06-01 12:15", "started")
    assert office.notices() == []


def test_a_pause_in_which_nothing_was_due_leaves_no_row(office: Office) -> None:
    office.enable(
        "a", HOURLY, {"name": "once", "at": "2026-06-01T08:00:30"}, {"name": "web", "webhook": {"token_env": "T"}}
    )
    office.go(to=at(8, 1))
    for name in names(office):
        office.scheduler.pause(name, by="bob")
        office.scheduler.resume(name, by="bob")
    office.go(to=at(9))
    assert "paused" not in {outcome for _, outcome in office.outcomes()}
    assert office.outcomes()[-1] == ("06-01 09:00", "started")


def test_while_it_is_paused_nothing_gets_its_turn(office: Office) -> None:
    office.enable("a", {**HOURLY, "overlap": "queue"})
    office.go(to=at(9))
    office.go(to=at(10))
    office.scheduler.pause("a", by="bob")
    office.end(office.history()[0].run_id)
    office.go(to=at(10, 1))
    assert office.history()[-1].outcome == "waiting"
    office.scheduler.resume("a", by="bob")
    office.go(to=at(10, 2))
    assert office.history()[-1].outcome == "late"


@pytest.mark.parametrize(
    ("name", "said"),
    [("c", "There is no schedule 'c'"), ("a", "Workflow 'a' has several schedules"), ("a/x", "no schedule")],
)
def test_names_that_mean_no_schedule(office: Office, name: str, said: str) -> None:
    office.enable("a", HOURLY, {"name": "daily", "cron": "0 9 * * *"})
    for act in (office.scheduler.pause, office.scheduler.resume, office.scheduler.fire):
        with pytest.raises(UsageError, match=said):
            act(name, by="amy")


def test_a_start_by_hand_asks_no_policy(office: Office) -> None:
    office.enable("a", {**HOURLY, "inputs": {"region": "north"}}, inputs={"region": {"type": "string"}})
    office.go(to=at(9))
    office.scheduler.pause("a", by="amy")
    office.now = at(9, 20)
    run_id = office.scheduler.fire("a", by="amy", inputs={"region": "south"})
    again = office.scheduler.fire("a", by="amy")
    row = office.history()[-2]
    assert (row.run_id, row.outcome, row.note) == (run_id, "started", "by hand, amy")
    specs: list[Any] = [office.ledger.get_run(one).spec for one in (run_id, again)]
    assert [spec["inputs"] for spec in specs] == [{"region": "south"}, {"region": "north"}]
    with pytest.raises(UsageError, match="planet"):
        office.scheduler.fire("a", by="amy", inputs={"planet": "Mars"})


def test_the_zone_of_the_configuration_counts_where_a_trigger_names_none(make_office: MakeOffice) -> None:
    office = make_office(timezone="Asia/Shanghai")
    office.enable("a", {"name": "daily", "cron": "0 9 * * *"})
    assert office.schedule("a").next_at == "2026-06-02T01:00:00.000000+00:00"
    moved = make_office(timezone="America/New_York")
    moved.go(to=at(8, 30))
    assert moved.schedule("a").next_at == "2026-06-01T13:00:00.000000+00:00"
