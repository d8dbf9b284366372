"""What a person says of an effect that nobody knows of: it happened, it did not, or the mail was sent once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sqlalchemy import Connection, Row, select, update

from clawdbot.errors import UsageError
from clawdbot.store import plain_json
from clawdbot.store.database import Database, now
from clawdbot.store.durable_tables import outbox
from clawdbot.store.effects import EffectRecord
from clawdbot.store.tables import effects

Settlement = Literal["sent", "not_sent", "resend"]
"""sent: it happened; not_sent: it did not; resend: the mail in the outbox was sent again, and the server took it."""

_MAIL_STATE = {"sent": "sent", "not_sent": "failed"}
_LIST = "List what is open with: clawdbot settle"


class Settling:
    """Answers about unknown effects: each is taken once, together with the mail in the outbox; of two people who answer
    at once one is taken.  StoreError as Database raises it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, key: str) -> EffectRecord:
        """An effect by its key or the beginning of it; UsageError when there is none or more than one."""
        with self._database.read() as connection:
            begins = effects.c.key.startswith(key, autoescape=True)
            rows = connection.execute(select(effects).where(begins).order_by(effects.c.key).limit(6)).all()
        exact = [row for row in rows if row.key == key]
        if not key or not rows:
            raise UsageError(f"There is no effect {key!r}.", hint=_LIST)
        if len(rows) > 1 and not exact:
            raise UsageError(f"More than one effect begins with {key!r}.", hint="Give more of the key.")
        return EffectRecord(**(exact or rows)[0]._mapping)

    def settle(
        self, key: str, settlement: Settlement, *, by: str, note: str = "", receipt: Mapping[str, Any] | None = None
    ) -> EffectRecord:
        """Write down a person's answer, with a receipt when it happened; the same person's same answer again changes
        nothing.  UsageError when it is not unknown, or somebody else was first."""
        with self._database.write(durable=True) as connection:
            row = connection.execute(select(effects).where(effects.c.key == key).with_for_update()).one_or_none()
            if row is None:
                raise UsageError(f"There is no effect {key!r}.", hint=_LIST)
            found = EffectRecord(**row._mapping)
            who = plain_json.text(by)
            if found.state != "unknown":
                return _standing(found, settlement, who)
            self._settle_mail(connection, key, settlement)
            values = {
                "state": "failed" if settlement == "not_sent" else "done",
                "receipt": None if settlement == "not_sent" else {**(receipt or {}), "settled": settlement},
                "settled_by": who, "note": plain_json.text(note), "ended_at": now(),
            }  # fmt: skip
            connection.execute(update(effects).where(effects.c.key == key).values(**values))
            return EffectRecord(**connection.execute(select(effects).where(effects.c.key == key)).one()._mapping)

    def _settle_mail(self, connection: Connection, key: str, settlement: Settlement) -> None:
        mail: Row[Any] | None = connection.execute(
            select(outbox.c.state).where(outbox.c.key == key).with_for_update()
        ).one_or_none()
        if mail is None or settlement == "resend":
            return
        if mail.state == "sending":
            raise UsageError("The mail is being sent at this moment.", hint="Look again in a minute: clawdbot settle")
        if mail.state == "sent" and settlement == "not_sent":
            raise UsageError("The server took the mail meanwhile.", hint="See: clawdbot settle")
        if mail.state != "sent":
            values = {"state": _MAIL_STATE[settlement], "updated_at": now()}
            connection.execute(update(outbox).where(outbox.c.key == key).values(**values))


def _standing(found: EffectRecord, settlement: Settlement, by: str) -> EffectRecord:
    if found.settled_by is None:
        raise UsageError(
            f"The effect {found.key[:12]} is {found.state}; there is nothing to settle.",
            hint=f"See: clawdbot show {found.run_id}",
        )
    answer = "not_sent" if found.state == "failed" else (found.receipt or {}).get("settled")
    if (answer, found.settled_by) == (settlement, by):
        return found
    raise UsageError(
        f"The effect {found.key[:12]} was settled as {answer!r} by {found.settled_by!r} before.",
        hint=f"An answer cannot be changed. See: clawdbot show {found.run_id}",
    )
