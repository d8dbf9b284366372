"""A start while the run before it is not over."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.workflows.schedules.conftest import Office

HOURLY = {"name": "hourly", "cron": "0 * * * *"}


def at(hour: int, minute: int = 0, second: int = 1) -> datetime:
    return datetime(2026, 6, 1, hour, minute, second, tzinfo=UTC)


def test_skip_leaves_it_out_and_says_so(office: Office) -> None:
    office.enable("a", {**HOURLY, "overlap": "skip"})
    office.go(to=at(9))
    office.go(to=at(10))
    first, second = office.history()
    assert second.outcome == "overlap"
    assert second.note == f"the run before it, {first.run_id}, is not over (in the queue)"
    office.end(first.run_id)
    office.go(to=at(11))
    assert office.outcomes()[-1] == ("06-01 11:00", "started")


def test_queue_lets_it_wait_for_its_turn_and_tells_when_that_was_long(office_on_both: Office) -> None:
    office = office_on_both
    office.enable("a", {**HOURLY, "overlap": "queue"})
    office.go(to=at(9))
    office.go(to=at(10))
    office.go(to=at(11))
    assert [outcome for _, outcome in office.outcomes()] == ["late", "waiting", "waiting"]
    office.now = at(11, 30)
    office.end(office.history()[0].run_id)
    office.go(to=at(11, 30))
    office.go(to=at(11, 31))
    first, second, third = office.history()
    assert (second.outcome, third.outcome) == ("late", "waiting")
    assert second.note == "1 h 30 min late: waited for the run before it"
    assert len(office.ledger.list_runs()) == 2
    told = [notice for notice in office.notices() if notice.run_id == second.run_id]
    assert [notice.kind for notice in told] == ["late"]
    assert first.run_id != second.run_id


def test_a_short_wait_is_no_delay(office: Office) -> None:
    office.enable("a", {**HOURLY, "overlap": "queue"})
    office.go(to=at(9))
    office.now = at(9, 0, 30)
    office.ledger.queue.take(str(office.history()[0].run_id), "worker")
    office.go(to=at(10))
    assert office.outcomes()[-1] == ("06-01 10:00", "waiting")
    office.ledger.finish_run(str(office.history()[0].run_id), verdict="verified", result={})
    office.go(to=at(10, 0, 40))
    assert office.history()[-1].outcome == "started"
    assert office.history()[-1].note == ""


def test_cancel_old_ends_the_run_before_and_starts_at_once(office_on_both: Office) -> None:
    office = office_on_both
    office.enable("a", {**HOURLY, "overlap": "cancel_old"})
    office.go(to=at(9))
    office.go(to=at(10))
    first, second = office.history()
    assert office.ledger.get_run(str(first.run_id)).status == "cancelled"
    assert office.ledger.get_run(str(first.run_id)).cancel_by == "schedule a/hourly"
    assert second.outcome == "started"


def test_cancel_old_waits_for_a_run_that_is_being_worked_on_and_the_newest_takes_its_place(office: Office) -> None:
    office.enable("a", {**HOURLY, "overlap": "cancel_old"})
    office.go(to=at(9))
    claimed = office.ledger.queue.take(str(office.history()[0].run_id), "worker")
    office.go(to=at(10))
    office.go(to=at(11))
    assert [outcome for _, outcome in office.outcomes()][1:] == ["overlap", "waiting"]
    assert office.history()[1].note == "a newer start took its place"
    with office.ledger.queue.held(claimed.lease):
        assert office.ledger.queue.renew().cancelled == {claimed.lease.run_id}
        office.ledger.set_status(claimed.lease.run_id, "cancelled")
    office.go(to=at(11, 0, 20))
    assert office.outcomes()[-1] == ("06-01 11:00", "started")


def test_allow_starts_beside_it(office: Office) -> None:
    office.enable("a", {**HOURLY, "overlap": "allow"})
    office.go(to=at(9))
    office.go(to=at(10))
    assert len(office.ledger.list_runs()) == 2


def test_a_run_that_a_person_interrupted_is_not_in_the_way(office: Office) -> None:
    office.enable("a", {**HOURLY, "overlap": "skip"})
    office.go(to=at(9))
    office.ledger.set_status(str(office.history()[0].run_id), "interrupted")
    office.go(to=at(10))
    assert office.outcomes()[-1] == ("06-01 10:00", "started")


def test_what_waited_for_its_turn_while_its_inputs_changed_fails_aloud(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = {"region": {"type": "string", "default": "north"}}
    trigger = {**HOURLY, "overlap": "queue", "inputs": {"region": "south"}}
    office.enable("a", trigger, inputs=inputs)
    office.go(to=at(9))
    office.go(to=at(10))
    office.enable("a", trigger)  # without that input
    office.end(office.history()[0].run_id)
    office.go(to=at(10, 5))
    row = office.history()[-1]
    assert row.outcome == "failed"
    assert "region" in row.note
    assert [notice.kind for notice in office.notices()][-1] == "failed"
