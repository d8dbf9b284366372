"""What people were asked, exactly, and what they answered.

A question is asked once and answered once: by a person, or by its time running out.  The answer and what follows from
it for the run (back into the queue) are one transaction, and so are "nobody has answered yet" and "the run waits", so
that no answer falls between the two (docs/adr/0029-approvals.md).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Update, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from clawdbot.errors import StoreError, UsageError
from clawdbot.failpoints import reach
from clawdbot.store import plain_json
from clawdbot.store.answers import CLOCK, Answer, Decision, Edited
from clawdbot.store.database import Database, now
from clawdbot.store.leases import Leases
from clawdbot.store.queue import wake_in
from clawdbot.store.tables import approvals, runs


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One question to a person; ``decision`` is None while it waits.  Times are ISO 8601 in UTC."""

    run_id: str
    payload_hash: str
    tool: str
    payload: str
    asked_at: str
    decision: Decision | None
    decided_at: str | None
    decided_by: str
    args: dict[str, Any] | None = None
    """Arguments of the call that is asked for."""
    edited: Edited | None = None
    """The call as the person changed it; the answer is bound to this."""
    reason: str = ""
    expires_at: str | None = None

    @property
    def request(self) -> dict[str, Any]:
        """What is put before a person, as ``run --json`` shows it: tool, payload, payload_hash, args."""
        return {name: getattr(self, name) for name in ("tool", "payload", "payload_hash", "args")}

    @property
    def answer(self) -> Answer | None:
        """What was answered; None while it waits."""
        if self.decision is None:
            return None
        return Answer(decision=self.decision, by=self.decided_by, reason=self.reason, edited=self.edited)

    @property
    def granted(self) -> str | None:
        """The payload hash that may be carried out; None unless it was approved."""
        if self.decision != "approved":
            return None
        return self.edited.payload_hash if self.edited else self.payload_hash


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A question that waits, with the run that asks; ``parent`` is the workflow run that this one is a step of."""

    question: Approval
    goal: str
    language: str
    user: str
    parent: str | None

    @property
    def family(self) -> str:
        """The run that a person knows: the workflow's, else the run itself."""
        return self.parent or self.question.run_id


class ApprovalLedger:
    """Questions and answers by run and payload hash.  StoreError as Database raises it."""

    def __init__(self, database: Database, leases: Leases | None = None) -> None:
        self._database = database
        self._leases = leases or Leases()

    def ask(
        self,
        run_id: str,
        payload_hash: str,
        *,
        payload: str,
        tool: str = "",
        args: Mapping[str, Any] | None = None,
        expire_s: float = 0.0,
    ) -> None:
        """Record that a person is asked; the same question again changes nothing.

        Without an answer it expires after ``expire_s`` seconds; 0 is never.
        """
        moment = datetime.now(UTC)
        row = {
            "tool": tool, "payload": plain_json.text(payload), "asked_at": _written(moment), "decided_by": "",
            "args": None if args is None else dict(args),
            "expires_at": _written(moment + timedelta(seconds=expire_s)) if expire_s else None,
        }  # fmt: skip
        try:
            with self._database.write() as connection:
                self._leases.fence(connection, run_id)
                known = connection.execute(select(approvals.c.run_id).where(*_is(run_id, payload_hash))).first()
                if known is None:
                    connection.execute(approvals.insert().values(run_id=run_id, payload_hash=payload_hash, **row))
        except StoreError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            if self.get(run_id, payload_hash) is None:
                raise StoreError(f"There is no run {run_id!r} in the ledger.") from error
        reach("approval.asked")

    def decide(
        self,
        run_id: str,
        payload_hash: str,
        decision: Decision,
        *,
        by: str,
        reason: str = "",
        edited: Edited | None = None,
        wake: bool = False,
    ) -> bool:
        """Record a person's answer; False when the same answer stands already.

        With ``wake`` the run (or the workflow that it is a step of) goes back into the queue with it, if it waits.
        UsageError when nobody was asked, when the run has ended, or when another answer stands.
        """
        given = Answer(decision=decision, by=by, reason=reason, edited=edited)
        standing, ours = self.settle(run_id, payload_hash, given, wake=wake)
        if not ours and (standing.decision != decision or standing.edited != edited):
            raise UsageError(_stands(standing), hint=f"See: clawdbot show {run_id}")
        return ours

    def settle(self, run_id: str, payload_hash: str, answer: Answer, *, wake: bool = False) -> tuple[Approval, bool]:
        """Record an answer unless one stands; the question as it stands now, and whether it is by this answer.

        After its time the question has expired, whoever answers.  UsageError as for :meth:`decide`, except that
        another answer is no error.
        """
        with self._database.write(durable=True) as connection:
            found = self._settled(connection, run_id, payload_hash, answer, wake)
        reach("approval.decided")
        return found

    def expire_due(self, then: Callable[[Connection, Approval], None] | None = None) -> tuple[Approval, ...]:
        """Questions whose time has run out are answered by the clock and their runs go on; gives those.

        ``then`` is called for each within the transaction that answers it.
        """
        clock = Answer(decision="expired", by=CLOCK)
        expired: list[Approval] = []
        for due in self._due():
            with self._database.write(durable=True) as connection:
                standing, ours = self._settled(connection, due.run_id, due.payload_hash, clock, True)
                if ours and then is not None:
                    then(connection, standing)
            if ours:
                reach("approval.decided")
                expired.append(standing)
        return tuple(expired)

    def wait_for(self, run_id: str, questions: Collection[tuple[str, str]]) -> bool:
        """The run waits for these questions, each a run id and a payload hash, its own or those of its children.

        False, and the run does not wait, when one of them was answered meanwhile or has expired: the caller goes on.
        LeaseLost when another worker has the run now.
        """
        these = tuple_(approvals.c.run_id, approvals.c.payload_hash).in_(list(questions))
        with self._database.write(durable=True) as connection:
            rows = connection.execute(
                select(approvals.c.decision)
                .where(these)
                .order_by(approvals.c.run_id, approvals.c.payload_hash)
                .with_for_update()  # whoever answers comes before this transaction, or sees that the run waits
            ).all()
            expired = connection.execute(_late(update(approvals).where(these))).rowcount
            if not rows or expired or any(row.decision is not None for row in rows):
                return False
            self._leases.fence(connection, run_id)
            waits = {"status": "waiting", "lease_until": None, "error": "", "updated_at": now()}
            connection.execute(update(runs).where(runs.c.id == run_id).values(**waits))
        return True

    def wake_forgotten(self, *, after_s: float) -> tuple[str, ...]:
        """Runs that wait although all that they asked was answered ``after_s`` seconds ago go back into the queue.

        Their ids.  Somebody answered and was cut off before the run went on.
        """
        long_ago = _written(datetime.now(UTC) - timedelta(seconds=after_s))
        family = or_(approvals.c.run_id == runs.c.id, approvals.c.run_id.in_(_children()))
        asked = select(approvals.c.run_id).where(family)
        recent = or_(approvals.c.decision.is_(None), approvals.c.decided_at > long_ago)
        statement = (
            select(runs.c.id)
            .where(runs.c.status == "waiting", runs.c.parent.is_(None), runs.c.updated_at <= long_ago)
            .where(asked.exists(), ~asked.where(recent).exists())
        )
        with self._database.read() as connection:
            if connection.scalar(statement.limit(1)) is None:
                return ()
        with self._database.write(durable=True) as connection:
            return tuple(run_id for run_id in connection.scalars(statement).all() if wake_in(connection, run_id))

    def get(self, run_id: str, payload_hash: str) -> Approval | None:
        """That question, if it was asked."""
        with self._database.read() as connection:
            return _select(connection, run_id, payload_hash)

    def answer(self, run_id: str, payload_hash: str) -> Answer | None:
        """What was answered to that question; None when it waits or was never asked."""
        found = self.get(run_id, payload_hash)
        return found.answer if found else None

    def granted(self, run_id: str) -> frozenset[str]:
        """Payload hashes that a person approved, as the executor takes them."""
        return frozenset(hash_ for found in self.of_run(run_id) if (hash_ := found.granted))

    def waiting(self, run_id: str) -> tuple[Approval, ...]:
        """Questions of a run and of its children without an answer, oldest first."""
        return tuple(found for found in self.of_family(run_id) if found.decision is None)

    def of_run(self, run_id: str) -> tuple[Approval, ...]:
        """All questions of a run, oldest first."""
        return self._list(approvals.c.run_id == run_id)

    def of_family(self, run_id: str) -> tuple[Approval, ...]:
        """All questions of a run and of the runs that are its steps, oldest first."""
        children = select(runs.c.id).where(runs.c.parent == run_id)
        return self._list(or_(approvals.c.run_id == run_id, approvals.c.run_id.in_(children)))

    def pending(self) -> tuple[Pending, ...]:
        """Every question of a run that has not ended which waits for an answer, newest first."""
        statement = (
            select(approvals, runs.c.goal, runs.c.language, runs.c.user, runs.c.parent)
            .join(runs, runs.c.id == approvals.c.run_id)
            .where(approvals.c.decision.is_(None), runs.c.status.not_in(_ENDED))
            .order_by(approvals.c.asked_at.desc(), approvals.c.payload_hash)
        )
        with self._database.read() as connection:
            return tuple(
                Pending(question=_approval(row), goal=row.goal, language=row.language, user=row.user, parent=row.parent)
                for row in connection.execute(statement)
            )

    def _list(self, which: ColumnElement[bool]) -> tuple[Approval, ...]:
        statement = select(approvals).where(which).order_by(approvals.c.asked_at, approvals.c.payload_hash)
        with self._database.read() as connection:
            return tuple(_approval(row) for row in connection.execute(statement))

    def _due(self) -> tuple[Approval, ...]:
        statement = (
            select(approvals)
            .join(runs, runs.c.id == approvals.c.run_id)
            .where(approvals.c.decision.is_(None), approvals.c.expires_at <= now(), runs.c.status.not_in(_ENDED))
        )
        with self._database.read() as connection:
            return tuple(_approval(row) for row in connection.execute(statement))

    def _settled(
        self, connection: Connection, run_id: str, payload_hash: str, answer: Answer, wake: bool
    ) -> tuple[Approval, bool]:
        this = update(approvals).where(*_is(run_id, payload_hash))
        values = {
            "decision": answer.decision, "decided_at": now(), "decided_by": plain_json.text(answer.by),
            "reason": plain_json.text(answer.reason), "edited": asdict(answer.edited) if answer.edited else None,
        }  # fmt: skip
        by_clock = connection.execute(_late(this)).rowcount == 1
        still_open = this.where(approvals.c.decision.is_(None))
        by_us = not by_clock and connection.execute(still_open.values(**values)).rowcount == 1
        standing = _select(connection, run_id, payload_hash)
        if standing is None:
            raise UsageError(f"Run {run_id!r} asks for no such approval.", hint="List them with: clawdbot approve")
        if by_us and connection.scalar(select(runs.c.status).where(runs.c.id == run_id)) in _ENDED:
            raise UsageError(f"Run {run_id} has ended; nothing was recorded.", hint=f"See: clawdbot show {run_id}")
        if (by_us and wake) or by_clock:
            wake_in(connection, run_id)
        return standing, by_us or (by_clock and answer.decision == "expired")


_ENDED = ("done", "cancelled")


def _late(which: Update) -> Update:
    """The questions whose time has run out, answered by the clock."""
    moment = now()
    late = which.where(approvals.c.decision.is_(None), approvals.c.expires_at <= moment)
    return late.values(decision="expired", decided_at=moment, decided_by=CLOCK)


def _children() -> Any:
    children = runs.alias("children")
    return select(children.c.id).where(children.c.parent == runs.c.id)


def _stands(standing: Approval) -> str:
    if standing.decision == "expired":
        return f"Nobody had answered by {standing.expires_at}: the question has expired and counts as refused."
    changed = " with changed arguments" if standing.edited else ""
    return (
        f"That was {standing.decision}{changed} by {standing.decided_by} at {standing.decided_at}; an answer cannot be "
        "changed."
    )


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _is(run_id: str, payload_hash: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return approvals.c.run_id == run_id, approvals.c.payload_hash == payload_hash


def _select(connection: Connection, run_id: str, payload_hash: str) -> Approval | None:
    row = connection.execute(select(approvals).where(*_is(run_id, payload_hash))).one_or_none()
    return None if row is None else _approval(row)


def _approval(row: Row[Any]) -> Approval:
    values = {column.name: row._mapping[column.name] for column in approvals.columns}
    edited = values["edited"]
    return Approval(**{**values, "edited": Edited(**edited) if edited else None})
