"""What people are told without asking: of effects that nobody knows of, and of runs that nobody watches."""

from __future__ import annotations

from clawdbot.store.ledger import RunLedger
from clawdbot.store.queue import NewRun
from clawdbot.workflows.sweeper import Sweeper
from tests.agents.conftest import MakeOffice
from tests.office import Office, query_step, step
from tests.store.test_outbox import KEY, put

GOAL = "Sales by region for Q3 2026."
ROWS = [query_step(), step("finish", answer="North leads with 5,500.25.")]
MAIL_GOAL = "Sales by region for Q3 2026, mail it to boss@other.example."
MAIL = [
    query_step(),
    step("mail", subject="Sales", body="Here are the sales by region."),
    step("finish", answer="North leads with 5,500.25."),
]


def test_an_effect_that_a_dead_process_left_is_told_once_in_the_language_of_its_run(ledger: RunLedger) -> None:
    ledger.queue.accept(NewRun(id="run", goal="把销售额发给财务", language="zh", user="王芳"))
    for key, tool in ((KEY, "mail"), ("k2", "post")):
        ledger.effects.begin(key=key, run_id="run", step=2, tool=tool, effect="external")
    ledger.outbox.sending(KEY, token=put(ledger).token)
    sweeper = Sweeper(ledger, answer_s=-60)
    sweeper.tick()
    sweeper.tick()
    assert [effect.state for effect in ledger.effects.of_run("run")] == ["unknown", "unknown"]
    told = {notice.subject: notice for notice in ledger.notices.newest()}
    assert set(told) == {"需要您确认：Sales", "需要您确认：post"}
    mailed, posted = told["需要您确认：Sales"], told["需要您确认：post"]
    assert (mailed.kind, mailed.run_id) == ("unknown", "run")
    for said in ("把销售额发给财务", "第 2 步", "<k1@example.com>", "a@example.com", "clawdbot settle k1", "--resend"):
        assert said in mailed.body
    assert "--resend" not in posted.body and "Message-ID" not in posted.body
    ledger.settling.settle(KEY, "sent", by="ann")
    sweeper.tick()
    assert len(ledger.notices.newest()) == 2


def worked_on(office: Office, goal: str) -> str:
    """A goal that was accepted and then worked on as workers do."""
    run_id = office.app.engine.accept(goal, user="ann")
    claimed = office.app.ledger.queue.claim("worker")
    assert claimed is not None and claimed.lease.run_id == run_id
    office.app.engine.work(claimed)
    return run_id


def test_the_end_of_a_run_that_nobody_watches_is_told_once(office: MakeOffice) -> None:
    found = office([*ROWS, *ROWS])
    done = worked_on(found, GOAL)
    (notice,) = found.app.ledger.notices.newest()
    assert (notice.kind, notice.run_id, notice.subject) == ("done", done, f"Done: {GOAL}")
    assert "North leads with 5,500.25." in notice.body and f"clawdbot show {done}" in notice.body
    found.run(GOAL)
    assert len(found.app.ledger.notices.newest()) == 1, "this one was watched"


def test_a_run_that_fails_is_told_with_the_reason(office: MakeOffice) -> None:
    found = office([step("finish", answer="It is 7.")] * 30)
    worked_on(found, GOAL)
    (notice,) = found.app.ledger.notices.newest()
    assert (notice.kind, notice.subject) == ("failed", f"Not completed: {GOAL}") and "Why: " in notice.body


def test_a_run_that_waits_is_told_with_what_it_asks(office: MakeOffice) -> None:
    found = office(MAIL)
    run_id = worked_on(found, MAIL_GOAL)
    (notice,) = found.app.ledger.notices.newest()
    assert (notice.kind, notice.run_id) == ("waiting", run_id)
    assert "boss@other.example" in notice.body and f"clawdbot approve {run_id}" in notice.body
    with found.app.ledger.database.write() as connection:
        connection.exec_driver_sql("UPDATE runs SET status = 'running', lease_until = 0")
    claimed = found.app.ledger.queue.claim("another")
    assert claimed is not None
    found.app.engine.work(claimed)
    assert len(found.app.ledger.notices.newest()) == 1, "the same question is not told again"


def test_a_cancelled_run_is_not_told(office: MakeOffice) -> None:
    found = office(ROWS)
    run_id = found.app.engine.accept(GOAL, user="ann")
    claimed = found.app.ledger.queue.claim("worker")
    assert claimed is not None
    found.app.ledger.queue.cancel(run_id, by="ann")
    found.app.engine.work(claimed)
    assert found.app.ledger.notices.newest() == ()


def test_workers_do_it(office: MakeOffice) -> None:
    names = {duty.name: duty.tick for duty in office([]).app.duties()}
    for name in ("sweeper", "notifier"):
        names[name]()
