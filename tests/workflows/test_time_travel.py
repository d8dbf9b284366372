"""Checkpoints of a run, and new runs that begin at them: with the files of then, and effects of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from clawdbot.errors import UsageError
from clawdbot.store.queue import NewRun
from clawdbot.workflows.time_travel import Checkpoint
from tests.office import query_step, step
from tests.workflows.mortal import GOAL, by_offer
from tests.workflows.shared_office import (
    TO_STRANGER,
    OpenOffice,
)


def places(found: Sequence[Checkpoint]) -> list[tuple[int, str]]:
    return [(one.step, one.next) for one in found]


def test_every_node_of_a_run_leaves_a_checkpoint(opened: OpenOffice) -> None:
    office = opened()
    run = office.app.engine.start(GOAL, user="ann")
    found = office.app.engine.checkpoints(run.run_id)
    assert places(found) == [
        (1, "brief"), (1, "brief"), (1, "reason"), (1, "act"), (2, "reason"), (2, "act"), (3, "reason"), (3, "act"),
        (4, "verify"), (4, ""),
    ]  # fmt: skip
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert len({one.id for one in found}) == len(found)
    assert not any(one.asked for one in found)


def test_a_fork_decides_anew_from_a_step_on_and_does_its_own_effects(opened: OpenOffice, tmp_path: Path) -> None:
    first = opened().app.engine.start(GOAL, user="ann")
    again = opened([query_step("anew"), by_offer, by_offer])
    forked = again.app.engine.fork(first.run_id, step=1, user="bob")
    assert again.app.ledger.get_run(forked).status == "interrupted"
    assert again.app.ledger.queue.claim("worker") is None, "nobody takes it up by himself"
    result = again.app.engine.resume(forked)
    assert result.run_id == forked != first.run_id
    assert again.app.ledger.get_run(forked).user == "bob"
    assert [t.name for t in again.app.planner.workspace(forked).tables()] == ["anew"]
    assert [t.name for t in again.app.planner.workspace(first.run_id).tables()] == ["sales"]
    assert len(again.postbox.mails()) == 2, "an effect of its own"
    keys = {run: {e.key for e in again.app.ledger.effects.of_run(run)} for run in (first.run_id, forked)}
    assert keys[first.run_id].isdisjoint(keys[forked])
    assert result.verdict == "verified"


def test_a_fork_keeps_what_was_made_before_its_step(opened: OpenOffice) -> None:
    tools = {"enable": ("sql", "export", "mail")}
    script = [query_step(), step("export", table="sales", format="csv"), step("finish", answer="North: 5,500.25")]
    goal = "Sales by region for Q3 2026 as csv"
    first = opened(script, tools=tools).app.engine.start(goal, user="ann")
    assert first.verdict == "verified"
    (made,) = first.artifacts

    office = opened([step("export", table="sales", format="csv"), *script[2:]], tools=tools)
    early = office.app.engine.fork(first.run_id, step=2, user="ann")
    workspace = office.app.planner.workspace(early)
    assert [t.name for t in workspace.tables()] == ["sales"]
    assert workspace.artifacts() == (), "it was made after that"
    assert [s["n"] for s in office.app.ledger.steps(early)] == [1]
    assert office.app.engine.resume(early).verdict == "verified"

    late = opened(script[2:], tools=tools)
    run_id = late.app.engine.fork(first.run_id, step=3, user="ann")
    (copy,) = late.app.planner.workspace(run_id).artifacts()
    assert (copy.name, copy.sha256) == (made["name"], made["sha256"])
    assert Path(copy.path).read_bytes() == Path(made["path"]).read_bytes()
    assert copy.path != made["path"]
    result = late.app.engine.resume(run_id)
    assert (result.verdict, [s["tool"] for s in result.steps]) == ("verified", ["sql", "export", "finish"])
    assert late.app.ledger.get_run(run_id).spec == {"forked": {"run": first.run_id, "step": 3}}


@pytest.mark.parametrize("by", ["step", "checkpoint"])
def test_a_fork_of_a_run_that_waits_asks_by_itself(opened: OpenOffice, by: str) -> None:
    office = opened()
    waits = office.app.engine.start(TO_STRANGER, user="ann")
    assert waits.status == "waiting"
    (asked,) = (one for one in office.app.engine.checkpoints(waits.run_id) if one.asked)
    assert (asked.step, asked.next) == (2, "act")
    place: dict[str, Any] = {"step": 2} if by == "step" else {"checkpoint": asked.id}
    forked = office.app.engine.fork(waits.run_id, user="ann", **place)
    calls = len(office.model.calls)
    result = office.app.engine.resume(forked, approver=lambda _: True)
    assert result.verdict == "verified"
    assert len(office.model.calls) - calls == (2 if by == "step" else 1), "a step is decided anew, a checkpoint not"
    assert len(office.postbox.mails()) == 1
    ledger = office.app.ledger
    assert ledger.get_run(waits.run_id).status == "waiting", "the first is where it was"
    hashes = [ledger.approvals.of_run(run)[0].payload_hash for run in (waits.run_id, forked)]
    assert hashes[0] != hashes[1], "an approval of one run is none for another"


def test_a_place_that_is_not_there_is_named_with_those_that_are(opened: OpenOffice) -> None:
    office = opened()
    run = office.app.engine.start(GOAL, user="ann")
    for place in ({"step": 0}, {"step": 5}, {"checkpoint": "nowhere"}):
        with pytest.raises(UsageError, match="no such place") as caught:
            office.app.engine.fork(run.run_id, user="ann", **place)
        assert "from 1 to 3" in caught.value.hint
    with pytest.raises(UsageError, match="no run"):
        office.app.engine.checkpoints("nothing")
    workflow = office.app.ledger.queue.accept(NewRun(goal="w", language="en", user="u", kind="workflow"))
    assert office.app.engine.checkpoints(workflow) == ()
    with pytest.raises(UsageError, match="no checkpoints"):
        office.app.engine.fork(workflow, step=1, user="ann")


def test_every_checkpoint_can_be_forked_to_a_good_end(opened: OpenOffice) -> None:
    office = opened([by_offer] * 60)
    run = office.app.engine.start(GOAL, user="ann")
    mails = len(office.postbox.mails())
    for one in office.app.engine.checkpoints(run.run_id):
        forked = office.app.engine.fork(run.run_id, checkpoint=one.id, user="ann")
        result = office.app.engine.resume(forked)
        assert (result.verdict, [s["n"] for s in result.steps]) == ("verified", [1, 2, 3])
        mails += one.step <= 2  # the mail is the second step
        assert len(office.postbox.mails()) == mails
    assert {r.status for r in office.app.ledger.list_runs()} == {"done"}
