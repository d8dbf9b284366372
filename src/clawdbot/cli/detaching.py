"""A goal put into the queue for workers, and what the person can do next."""

from __future__ import annotations

from clawdbot.cli.exit_codes import VERIFIED
from clawdbot.cli.session import Session
from clawdbot.cli.streams import emit, say, tell
from clawdbot.store.ledger import RunLedger
from clawdbot.workflows.accepting import accept


def put_into_queue(session: Session, goal: str, *, user: str, model: str) -> int:
    """Accept the goal and print the run's id; it is on the disk by then."""
    assert session.config is not None, "the command has read it"
    ledger = RunLedger.open(session.config)
    try:
        run_id = accept(ledger, session.config, goal, user=user, model=model)
        nobody_works = not any(one.alive(session.config.worker.lease_s) for one in ledger.workers.all())
    finally:
        ledger.close()
    print_queued(session, run_id, nobody_works=nobody_works)
    return VERIFIED


def print_queued(session: Session, run_id: str, *, nobody_works: bool) -> None:
    """Say that a run is in the queue, and how to follow it."""
    words = session.words
    if session.json:
        emit({"run_id": run_id, "status": "queued"})
    else:
        say(words("queued.accepted", id=run_id))
    tell(words("queued.follow"))
    tell(f"  {session.command(f'show {run_id} --follow')}")
    if nobody_works:
        tell(words("queued.workers"))
        tell(f"  {session.command('start --workers 1')}")
