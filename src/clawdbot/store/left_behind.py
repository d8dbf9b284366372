"""Effects and mails that were under way when their process ended: each is brought to the state that is certain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, or_, select, update

from clawdbot.store.clock import clock
from clawdbot.store.database import Database, now
from clawdbot.store.durable_tables import outbox
from clawdbot.store.effects import EffectState
from clawdbot.store.outbox import OutboxState
from clawdbot.store.tables import effects, runs

_ENDED = ("done", "cancelled")
_UNLEASED_S = 86_400.0
"""A run that is said to run without any lease is of an older Clawdbot; after so long it runs no more."""


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What became of one effect that was left behind; None where there was no record of it."""

    key: str
    run_id: str
    effect: EffectState | None
    mail: OutboxState | None


def certain(
    effect: EffectState | None, mail: OutboxState | None, *, ended: bool, mailing: bool
) -> tuple[EffectState | None, OutboxState | None]:
    """The states that can be told for certain of an effect that nobody works on, and of its mail.

    ``ended``: its run will not go on, so that what waits to be sent is never sent; ``mailing``: its tool sends through
    the outbox alone.  What is not under way, or may still go on as if nothing had been, stays as it is.
    """
    if effect in ("done", "failed"):
        return effect, "failed" if mail == "queued" else mail
    if mail == "sending":
        mail = "unknown"
    elif mail == "queued" and ended:
        mail = "failed"
    if mail is None:
        if mailing:  # cut off before it put its mail into the outbox
            return ("failed" if ended and effect == "intent" else effect), None
        return ("unknown" if effect == "intent" else effect), None
    if effect is None or mail == "queued":
        return effect, mail
    said: dict[OutboxState, EffectState] = {"sent": "done", "failed": "failed", "unknown": "unknown"}
    return said[mail], mail


class LeftBehind:
    """Looks for what nobody works on any longer; safe beside live workers and beside itself.

    A run whose lease runs, or ran out less than ``patience_s`` seconds ago, is never touched: each is looked at with
    its row locked, so that nobody takes it meanwhile.  ``mailing`` are the tools whose effects go through the outbox
    alone.  StoreError as Database raises it.
    """

    def __init__(self, database: Database, *, mailing: frozenset[str], patience_s: float) -> None:
        self._database = database
        self._mailing = mailing
        self._patience_s = patience_s

    def sweep(self) -> tuple[Swept, ...]:
        """Settle what is certain, and mark as unknown what is not; returns what changed."""
        return tuple(swept for run_id in self._suspected() for swept in self._of_run(run_id))

    def _suspected(self) -> list[str]:
        """Runs with something under way for long enough, or whose effect and mail say different things."""
        before = self._long_ago()
        effect_open = and_(effects.c.state == "intent", effects.c.begun_at <= before)
        mail_open = and_(outbox.c.state.in_(("queued", "sending")), outbox.c.updated_at <= before)
        unlike = and_(effects.c.state == "unknown", outbox.c.state.in_(("queued", "sent", "failed")))
        of_effects = (
            select(effects.c.run_id)
            .select_from(effects.outerjoin(outbox, effects.c.key == outbox.c.key))
            .where(or_(effect_open, unlike))
        )
        of_mails = select(outbox.c.run_id).where(mail_open)
        with self._database.read() as connection:
            return sorted(set(connection.scalars(of_effects)) | set(connection.scalars(of_mails)))

    def _of_run(self, run_id: str) -> list[Swept]:
        with self._database.write(durable=True) as connection:
            run = connection.execute(select(runs).where(runs.c.id == run_id).with_for_update()).one()
            if self._worked_on(connection, run):
                return []
            known, mails = _rows(connection, effects, run_id), _rows(connection, outbox, run_id)
            found = []
            for key in sorted(known.keys() | mails.keys()):
                swept = self._settled(connection, run, known.get(key), mails.get(key))
                found += [] if swept is None else [swept]
        return found

    def _worked_on(self, connection: Connection, run: Row[Any]) -> bool:
        if run.status != "running":
            return False
        if run.lease_until is None:
            return datetime.now(UTC) - datetime.fromisoformat(run.updated_at) < timedelta(seconds=_UNLEASED_S)
        return bool(run.lease_until + self._patience_s > clock(connection))

    def _settled(
        self, connection: Connection, run: Row[Any], effect: Row[Any] | None, mail: Row[Any] | None
    ) -> Swept | None:
        moments = [*([effect.begun_at] if effect else []), *([mail.updated_at] if mail else [])]
        if max(moments) > self._long_ago():
            return None
        was = (effect.state if effect else None, mail.state if mail else None)
        mailing = mail is not None or (effect is not None and effect.tool in self._mailing)
        then = certain(*was, ended=run.status in _ENDED, mailing=mailing)
        if then == was:
            return None
        key = effect.key if effect else mail.key if mail else ""
        if effect is not None and then[0] != was[0]:
            receipt = _receipt(effect, mail) if then[0] == "done" and mail else None
            values = {"state": then[0], "receipt": receipt, "ended_at": now()}
            connection.execute(update(effects).where(*_still(effects, key, was[0])).values(**values))
        if then[1] != was[1]:
            values = {"state": then[1], "updated_at": now()}
            connection.execute(update(outbox).where(*_still(outbox, key, was[1])).values(**values))
        return Swept(key=key, run_id=run.id, effect=then[0], mail=then[1])

    def _long_ago(self) -> str:
        return (datetime.now(UTC) - timedelta(seconds=self._patience_s)).isoformat(timespec="microseconds")


def _rows(connection: Connection, table: Table, run_id: str) -> dict[str, Row[Any]]:
    columns = [column for column in table.columns if column.name != "content"]
    return {row.key: row for row in connection.execute(select(*columns).where(table.c.run_id == run_id))}


def _still(table: Table, key: str, state: str | None) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The row as it was read: whoever sent the mail after all may say so at any time."""
    return table.c.key == key, table.c.state == state


def _receipt(effect: Row[Any], mail: Row[Any]) -> dict[str, Any]:
    """The receipt as the executor would have written it, had it come to that."""
    head = {"step": effect.step, "tool": effect.tool, "effect": effect.effect, "key": effect.key}
    return {**head, "summary": mail.subject, **(mail.receipt or {})}
