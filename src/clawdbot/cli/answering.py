"""A person's answers to the questions of a run: chosen, shown, recorded, and who goes on with the run."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from clawdbot.app import App
from clawdbot.cli import approve_view, streams
from clawdbot.cli.call_draft import with_settings
from clawdbot.cli.changing import change
from clawdbot.cli.person import quoted
from clawdbot.cli.records import run_object
from clawdbot.cli.session import Session
from clawdbot.errors import UsageError
from clawdbot.store.answers import Decision, Edited
from clawdbot.store.approvals import Approval
from clawdbot.store.ledger import RunLedger, RunRecord


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line asks for; ``by`` is the person who answers."""

    only: str
    everything: bool
    reject: bool
    reason: str
    edit: bool
    settings: tuple[str, ...]
    detach: bool
    by: str
    model: str | None

    @property
    def changes(self) -> bool:
        return self.edit or bool(self.settings)

    @property
    def answers_something(self) -> bool:
        return self.changes or self.everything or self.reject or self.detach or bool(self.only or self.reason)

    @property
    def decision(self) -> Decision:
        return "refused" if self.reject else "approved"


def answer(session: Session, run: str, wish: Asked) -> str | None:
    """Record the answers; the run to go on with in this terminal, None when others go on with it or nothing is left.

    UsageError for what does not fit, of which nothing was recorded.
    """
    assert session.config is not None, "the command has read it"
    if wish.changes and (wish.reject or wish.everything):
        raise UsageError(session.words("approval.one_change"), hint="clawdbot approve RUN --only HASH --edit")
    with closing(RunLedger.open(session.config)) as ledger:
        record = ledger.get_run(run)
        root = ledger.get_run(record.parent) if record.parent else record
        queued = wish.detach or (root.status == "waiting" and _of_worker(ledger, root))
        questions = _chosen(session, ledger, record, wish)
        for question in questions:
            _record(session, ledger, question, wish, wake=queued)
        return _next(session, ledger, ledger.get_run(root.id), queued=queued)


def _chosen(session: Session, ledger: RunLedger, record: RunRecord, wish: Asked) -> list[Approval]:
    """The questions that are answered; those that were answered before when none waits."""
    words, known = session.words, ledger.approvals.of_family(record.id)
    found = [asked for asked in known if asked.payload_hash.startswith(wish.only)] if wish.only else list(known)
    if not found:
        raise UsageError(words("approval.nothing", id=record.id), hint=f"clawdbot show {record.id}")
    waiting = [asked for asked in found if asked.decision is None]
    if not waiting:
        return found if wish.everything or wish.only else found[-1:]
    if len(waiting) > 1 and not wish.everything:
        for asked in waiting:
            approve_view.show_question(asked, words)
        hint = approve_view.choices(waiting, record.id, session)
        raise UsageError(words("approval.several", count=len(waiting)), hint=hint)
    return waiting


def _record(session: Session, ledger: RunLedger, question: Approval, wish: Asked, *, wake: bool) -> None:
    words = session.words
    edited: Edited | None = None
    if question.decision is None:
        approve_view.show_question(question, words)
        if wish.changes:
            edited = _edited(session, question, wish)
            streams.tell(words("approval.changed_head", tool=question.tool))
            streams.tell(quoted(edited.payload))
    elif wish.changes:
        raise UsageError(words("approval.too_late", id=question.run_id), hint=f"clawdbot show {question.run_id}")
    elif not wish.reject:
        edited = question.edited  # approving again what was approved with a change is the same answer
    ours = ledger.approvals.decide(
        question.run_id, question.payload_hash, wish.decision, by=wish.by, reason=wish.reason, edited=edited, wake=wake
    )
    said = ("recorded_no" if wish.reject else "recorded_yes") if ours else "known"
    standing = ledger.approvals.get(question.run_id, question.payload_hash)
    assert standing is not None, "it was answered"
    streams.tell(words(f"approval.{said}", by=standing.decided_by))


def _edited(session: Session, question: Approval, wish: Asked) -> Edited:
    assert session.config is not None, "the command has read it"
    with App.open(session.config, model=wish.model) as app:
        if wish.settings:
            properties = app.approving.schema(question)["properties"]
            return app.approving.edit(question, with_settings(question.args or {}, wish.settings, properties))
        edited = change(app, question, session.words)
    if edited is None:
        raise UsageError(session.words("approval.unchanged"), hint=f"clawdbot approve {question.run_id}")
    return edited


def _of_worker(ledger: RunLedger, run: RunRecord) -> bool:
    """A worker had the run last, so that workers go on with it."""
    return any(worker.name == run.owner for worker in ledger.workers.all())


def _next(session: Session, ledger: RunLedger, run: RunRecord, *, queued: bool) -> str | None:
    """The run when this terminal goes on with it; else how it stands is said."""
    words = session.words
    answered_all = not ledger.approvals.waiting(run.id)
    if queued and answered_all:
        ledger.queue.requeue(run.id)  # one that a person had stopped, or whose answer was recorded before
        run = ledger.get_run(run.id)
    if not queued and run.status in ("waiting", "interrupted"):
        return run.id
    if session.json:
        assert session.config is not None, "the command has read it"
        streams.emit(run_object(session.config, ledger, run))
    if run.status == "queued":
        streams.tell(words("approval.queued", id=run.id))
        if not any(worker.alive(ledger.queue.lease_s) for worker in ledger.workers.all()):
            streams.tell(words("approval.no_worker"))
            streams.tell(f"  {session.command(f'run --resume {run.id}')}")
    else:
        streams.tell(words("approval.stands", id=run.id, status=words(f"status.{run.status}")))
    return None
