"""What people were asked, exactly, and what they answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError

from clawdbot.errors import StoreError, UsageError
from clawdbot.store import plain_json
from clawdbot.store.database import Database, now
from clawdbot.store.tables import approvals

Decision = Literal["approved", "refused", "expired"]


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One question to a person; ``decision`` is None while it waits."""

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
    edited: dict[str, Any] | None = None
    """Arguments as the person changed them; the answer is bound to these."""
    reason: str = ""
    expires_at: str | None = None


class ApprovalLedger:
    """Questions and answers by run and payload hash; an answer is given once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, run_id: str, payload_hash: str, *, payload: str, tool: str = "") -> None:
        """Record that a person is asked; the same question again changes nothing."""
        row = {"tool": tool, "payload": plain_json.text(payload), "asked_at": now(), "decided_by": ""}
        try:
            with self._database.write() as connection:
                known = connection.execute(select(approvals.c.run_id).where(*_is(run_id, payload_hash))).first()
                if known is None:
                    connection.execute(approvals.insert().values(run_id=run_id, payload_hash=payload_hash, **row))
        except StoreError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            if not any(found.payload_hash == payload_hash for found in self.of_run(run_id)):
                raise StoreError(f"There is no run {run_id!r} in the ledger.") from error

    def decide(self, run_id: str, payload_hash: str, decision: Decision, *, by: str) -> None:
        """Record a person's answer; UsageError when nobody was asked or another answer stands."""
        with self._database.write(durable=True) as connection:
            statement = update(approvals).where(*_is(run_id, payload_hash), approvals.c.decision.is_(None))
            values = {"decision": decision, "decided_at": now(), "decided_by": plain_json.text(by)}
            if connection.execute(statement.values(**values)).rowcount == 1:
                return
            standing = connection.scalar(select(approvals.c.decision).where(*_is(run_id, payload_hash)))
        if standing is None:
            raise UsageError(f"Run {run_id!r} asks for no such approval.", hint="See: clawdbot show RUN")
        if standing != decision:
            raise UsageError(f"That was {standing} before; an answer cannot be changed.")

    def granted(self, run_id: str) -> frozenset[str]:
        """Payload hashes that a person approved, as the executor takes them."""
        return frozenset(found.payload_hash for found in self.of_run(run_id) if found.decision == "approved")

    def waiting(self, run_id: str) -> tuple[Approval, ...]:
        """Questions without an answer, oldest first."""
        return tuple(found for found in self.of_run(run_id) if found.decision is None)

    def of_run(self, run_id: str) -> tuple[Approval, ...]:
        """All questions of a run, oldest first."""
        statement = select(approvals).where(approvals.c.run_id == run_id)
        with self._database.read() as connection:
            rows = connection.execute(statement.order_by(approvals.c.asked_at, approvals.c.payload_hash))
            return tuple(Approval(**row._mapping) for row in rows)


def _is(run_id: str, payload_hash: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return approvals.c.run_id == run_id, approvals.c.payload_hash == payload_hash
