"""Housekeeping that one worker at a time does: who has which duty, under a lease that is renewed."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.exc import IntegrityError

from clawdbot.errors import StoreError
from clawdbot.store.clock import clock
from clawdbot.store.database import Database
from clawdbot.store.durable_tables import duties


class DutyRoster:
    """The duties by name; safe between threads and processes.  StoreError as Database raises it.

    A lease keeps two workers from doing the same work again and again, it does not fence: each duty is safe on its own
    when a worker stood still past its lease and goes on beside the next one.
    """

    def __init__(self, database: Database, *, lease_s: float) -> None:
        self._database = database
        self.lease_s = lease_s

    def take(self, name: str, owner: str) -> bool:
        """Take the duty or renew it: True when it is ``owner``'s for the next ``lease_s`` seconds."""
        try:
            with self._database.write() as connection:
                return self._taken(connection, name, owner)
        except StoreError as error:
            if isinstance(error.__cause__, IntegrityError):  # somebody else was the first ever (PostgreSQL)
                return False
            raise

    def release(self, owner: str) -> None:
        """Give back every duty of ``owner``, so that others need not wait for the leases to run out."""
        with self._database.write() as connection:
            connection.execute(delete(duties).where(duties.c.owner == owner))

    def holders(self) -> dict[str, str]:
        """Duty -> owner, of those whose lease has not run out."""
        with self._database.read() as connection:
            live = select(duties.c.name, duties.c.owner).where(duties.c.until > clock(connection))
            return {name: owner for name, owner in connection.execute(live.order_by(duties.c.name))}

    def _taken(self, connection: Connection, name: str, owner: str) -> bool:
        moment = clock(connection)
        row = connection.execute(select(duties).where(duties.c.name == name).with_for_update()).one_or_none()
        mine = {"owner": owner, "until": moment + self.lease_s}
        if row is None:
            connection.execute(duties.insert().values(name=name, **mine))
        elif row.owner == owner or row.until <= moment:
            connection.execute(update(duties).where(duties.c.name == name).values(**mine))
        else:
            return False
        return True
