"""The outbox: mails as they leave, kept whole, so that a crash neither sends one twice nor changes what it says.

States: (nothing or failed) -> queued -> sending -> sent | failed | unknown; sending -> queued when the server asks to
come back later; unknown -> sending | sent | failed by a person's word alone.  ``sending`` is written just before the
server can take the mail for good: a crash before it leaves a mail that was certainly not sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, exists, or_, select, update

from clawdbot.errors import LeaseLost, StoreError
from clawdbot.failpoints import reach
from clawdbot.store import plain_json
from clawdbot.store.database import Database, now
from clawdbot.store.durable_tables import outbox
from clawdbot.store.leases import Leases
from clawdbot.store.tables import effects, runs

OutboxState = Literal["queued", "sending", "sent", "unknown", "failed"]
"""queued: certainly not sent yet; unknown: nobody can say if the server took it; failed: certainly not sent."""


@dataclass(frozen=True, kw_only=True)
class OutboxEntry:
    """One mail without its content; times are ISO 8601 in UTC.

    ``receipt`` is what is known of the mail before it leaves, and all of it once it is sent.  ``tries`` counts how
    often it was handed to a server; the last of them is the only one that may report.
    """

    key: str
    run_id: str
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    state: OutboxState
    server_reply: str
    receipt: dict[str, Any]
    tries: int
    token: int
    """Fencing token of whoever put or took it last; 0 without a lease."""
    created_at: str
    updated_at: str


_ENTRY = [column for column in outbox.columns if column.name != "content"]
"""Lists are read without megabytes of attachments."""


class Outbox:
    """The mails of all runs by the key of their effect; safe between threads and processes.

    What a run's own mail goes through is fenced: LeaseLost when another worker has the run now.  StoreError as Database
    raises it, and for a key that is not there.
    """

    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases

    def put(
        self,
        *,
        key: str,
        run_id: str,
        message_id: str,
        sender: str,
        recipients: Sequence[str],
        subject: str,
        content: bytes,
        receipt: Mapping[str, Any],
    ) -> OutboxEntry:
        """Keep a mail (RFC 5322, ready to be sent) that is to leave.  In the place of one that failed, for nobody has
        that; any other that was put before stays as it is."""
        row = {
            "run_id": run_id, "message_id": message_id, "sender": sender, "recipients": list(recipients),
            "subject": plain_json.text(subject), "content": content, "state": "queued", "server_reply": "",
            "receipt": dict(receipt), "updated_at": now(),
        }  # fmt: skip
        with self._database.write() as connection:
            # Written again after each crash: no progress.
            mine = {"token": self._leases.fence(connection, run_id, progress=False)}
            replaced = update(outbox).where(outbox.c.key == key, outbox.c.state == "failed").values(**row, **mine)
            if connection.execute(replaced).rowcount == 0 and _find(connection, key) is None:
                new = {"key": key, "tries": 0, "created_at": row["updated_at"], **row, **mine}
                connection.execute(outbox.insert().values(**new))
            found = _entry(connection, key)
        reach("outbox.queued")
        return found

    def take(self, key: str) -> OutboxEntry | None:
        """The mail of that effect, to go on with it: from now on it is this process's to send, and nobody else's."""
        with self._database.write() as connection:
            found = _find(connection, key)
            if found is None:
                return None
            token = self._leases.fence(connection, found.run_id, progress=False)
            connection.execute(update(outbox).where(outbox.c.key == key).values(token=token))
            return _find(connection, key)

    def sending(self, key: str, *, token: int, after: int = 0) -> int | None:
        """From here on the server may take it; returns the number of this try, on the disk when it returns.

        None: it must not be sent any more, because its call was given up, its run cancelled or somebody else had it.
        ``token`` is that of the entry that :meth:`put` or :meth:`take` gave, ``after`` the try of the caller's that has
        been sending until now (to other recipients).
        """
        may = and_(
            or_(outbox.c.state == "queued", _of(after)),
            ~exists().where(effects.c.key == key, effects.c.state != "intent"),
        )
        with self._database.write(durable=True) as connection:
            run_id = _entry(connection, key).run_id
            self._leases.fence(connection, run_id)
            # Whoever was given up has no lease any more, and still must not send what another is to send now.
            owner = connection.scalar(select(runs.c.token).where(runs.c.id == run_id).with_for_update())
            mine = outbox.c.token == token
            if (
                token not in (0, owner)
                or connection.scalar(select(outbox.c.key).where(outbox.c.key == key, mine)) is None
            ):
                raise LeaseLost(run_id)
            attempt = _handed_over(connection, key, may)
        if attempt is not None:
            reach("outbox.sending")
        return attempt

    def sending_again(self, key: str, *, after: int = 0) -> int | None:
        """A person wants an unknown one sent once more: like :meth:`sending`; None when it is not unknown any more."""
        with self._database.write(durable=True) as connection:
            return _handed_over(connection, key, or_(outbox.c.state == "unknown", _of(after)))

    def not_taken(self, key: str, *, attempt: int, reply: str) -> None:
        """The server refused it for the moment and has nothing; the same mail is to be tried again."""
        self._change(key, [_of(attempt)], fenced=True, state="queued", server_reply=reply)

    def sent(self, key: str, *, attempt: int, receipt: Mapping[str, Any], reply: str) -> OutboxEntry:
        """The server took it, with this reply.  Also the late word of a try that was believed lost is taken."""
        told = and_(outbox.c.state.in_(("sending", "unknown")), outbox.c.tries == attempt)
        return self._change(key, [told], state="sent", receipt=dict(receipt), server_reply=reply, reached="outbox.sent")

    def failed(self, key: str, *, attempt: int = 0, reply: str) -> None:
        """It was certainly not sent.  ``attempt`` is the try that was refused, if there was one."""
        whose = [or_(outbox.c.state.in_(("queued", "failed")), _of(attempt))]
        self._change(key, whose, fenced=True, state="failed", server_reply=reply)

    def unknown(self, key: str, *, attempt: int | None = None) -> OutboxEntry:
        """Nobody can say if the server took it.  One that is not being sent stays as it is."""
        mine = outbox.c.state == "sending" if attempt is None else _of(attempt)
        with self._database.write(durable=True) as connection:
            self._fence(connection, key)
            values = {"state": "unknown", "updated_at": now()}
            connection.execute(update(outbox).where(outbox.c.key == key, mine).values(**values))
            return _entry(connection, key)

    def get(self, key: str) -> OutboxEntry | None:
        """The mail of that effect, if one was ever put."""
        with self._database.read() as connection:
            return _find(connection, key)

    def content(self, key: str) -> bytes:
        """The whole mail as it leaves."""
        with self._database.read() as connection:
            found = connection.scalar(select(outbox.c.content).where(outbox.c.key == key))
        if found is None:
            raise _absent(key)
        return bytes(found)

    def of_run(self, run_id: str) -> tuple[OutboxEntry, ...]:
        """The mails of a run, oldest first."""
        return self._read(outbox.c.run_id == run_id)

    def unsettled(self) -> tuple[OutboxEntry, ...]:
        """Mails of which a person must say what became of them, oldest first."""
        return self._read(outbox.c.state == "unknown")

    def _read(self, *which: ColumnElement[bool]) -> tuple[OutboxEntry, ...]:
        statement = select(*_ENTRY).where(*which).order_by(outbox.c.created_at, outbox.c.key)
        with self._database.read() as connection:
            return tuple(_made(row) for row in connection.execute(statement).mappings())

    def _change(
        self,
        key: str,
        which: Sequence[ColumnElement[bool]],
        *,
        fenced: bool = False,
        reached: Literal["outbox.sent"] | None = None,
        **values: Any,
    ) -> OutboxEntry:
        with self._database.write(durable=True) as connection:
            if fenced:
                self._fence(connection, key)
            changed = update(outbox).where(outbox.c.key == key, *which).values(**values, updated_at=now())
            count = connection.execute(changed).rowcount
            found = _entry(connection, key)
        if count == 0:
            raise StoreError(
                f"The mail {key!r} cannot become {values['state']!r}: it is {found.state} (try {found.tries}).",
                hint="See: clawdbot settle",
            )
        if reached is not None:
            reach(reached)
        return found

    def _fence(self, connection: Connection, key: str) -> None:
        self._leases.fence(connection, _entry(connection, key).run_id)


def _handed_over(connection: Connection, key: str, may: ColumnElement[bool]) -> int | None:
    values = {"state": "sending", "tries": outbox.c.tries + 1, "updated_at": now()}
    if connection.execute(update(outbox).where(outbox.c.key == key, may).values(**values)).rowcount == 0:
        return None
    return _entry(connection, key).tries


def _of(attempt: int) -> ColumnElement[bool]:
    return and_(outbox.c.state == "sending", outbox.c.tries == attempt)


def _entry(connection: Connection, key: str) -> OutboxEntry:
    found = _find(connection, key)
    if found is None:
        raise _absent(key)
    return found


def _find(connection: Connection, key: str) -> OutboxEntry | None:
    row = connection.execute(select(*_ENTRY).where(outbox.c.key == key)).mappings().one_or_none()
    return None if row is None else _made(row)


def _made(row: RowMapping) -> OutboxEntry:
    values = {**row, "recipients": tuple(row["recipients"]), "receipt": row["receipt"] or {}}
    return OutboxEntry(**values)


def _absent(key: str) -> StoreError:
    return StoreError(f"There is no mail {key!r} in the outbox.", hint="See: clawdbot settle")
