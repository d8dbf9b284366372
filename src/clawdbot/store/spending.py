"""Money that models cost: reserved before a call, settled or released after it, in totals that never lag behind."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from threading import Lock
from typing import Any, Literal

from sqlalchemy import Connection, select, text, update

from clawdbot.errors import StoreError
from clawdbot.store import plain_json
from clawdbot.store.database import Database, now
from clawdbot.store.owner import has_ended, this_process
from clawdbot.store.routing_tables import RESERVED, reservations, spending_totals

BudgetScope = Literal["step", "task", "user_day", "day"]
ReservationState = Literal["reserved", "settled", "released"]

_SMALLEST = Decimal("1E-12")
"""US dollars; all sums are whole multiples of it, so that they are exact."""
_FOREIGN_AFTER = timedelta(days=1)
"""After so long a reservation of another host counts as left behind: no call takes a day."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a call is for; ``day`` is an ISO date in the operator's zone."""

    run_id: str
    step: int
    user: str
    day: str

    @property
    def accounts(self) -> dict[BudgetScope, str]:
        """The totals that a call here counts in, narrowest first."""
        return {
            "step": f"step:{self.run_id}/{self.step}",
            "task": f"task:{self.run_id}",
            "user_day": f"user_day:{self.day} {plain_json.text(self.user)}",
            "day": day_account(self.day),
        }


@dataclass(frozen=True, kw_only=True)
class Used:
    """Money of one account, US dollars: reserved by calls under way, and spent."""

    reserved: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        return self.reserved + self.spent


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """Why nothing was reserved: the first account that has not enough left."""

    scope: BudgetScope
    limit: Decimal
    left: Decimal


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """One reservation.  Money in US dollars, times ISO 8601 in UTC."""

    id: str
    run_id: str
    step: int
    user: str
    day: str
    model: str
    reserved_usd: Decimal
    spent_usd: Decimal | None
    state: ReservationState
    reserved_at: str
    ended_at: str | None
    owner: str
    assumed: bool

    @property
    def place(self) -> Place:
        return Place(run_id=self.run_id, step=self.step, user=self.user, day=self.day)


def day_account(day: str) -> str:
    """The total of everybody on a day."""
    return f"day:{day}"


class SpendingLedger:
    """Reservations and their totals, one transaction each; safe between threads and between processes.

    States: reserved -> settled | released.  What :meth:`settle_left` settled is only assumed and may still be
    corrected by the call that it belongs to; everything else stays as it ended.  StoreError as Database raises it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = Lock()

    def used(self, accounts: Iterable[str]) -> dict[str, Used]:
        """Reserved and spent of each account, nothing for one that nobody used."""
        with self._database.read() as connection:
            return _used(connection, tuple(accounts))

    def reserve(
        self, place: Place, *, model: str, usd: Decimal, limits: Mapping[BudgetScope, Decimal]
    ) -> str | Shortage:
        """Reserve ``usd`` and return the reservation's id, or say which limit forbids it and write nothing.

        On the disk when it returns.  ValueError for an amount that is negative or no number.
        """
        amount = _exact(usd)
        with self._write(durable=True) as connection:
            known = _used(connection, tuple(place.accounts.values()))
            for scope, account in place.accounts.items():
                left = limits[scope] - known[account].total if scope in limits else amount
                if amount > left:
                    return Shortage(scope=scope, limit=limits[scope], left=max(Decimal(0), left))
            row = {
                "id": secrets.token_hex(16), "run_id": place.run_id, "step": place.step,
                "user": plain_json.text(place.user), "day": place.day, "model": plain_json.text(model),
                "reserved_usd": _text(amount), "spent_usd": None, "state": "reserved", "reserved_at": now(),
                "ended_at": None, "owner": this_process(), "assumed": False,
            }  # fmt: skip
            connection.execute(reservations.insert().values(**row))
            _add(connection, place, reserved=amount)
        return str(row["id"])

    def settle(self, reservation: str, *, spent: Decimal) -> Reservation:
        """Record what the call cost, even when it is more than was reserved; returns the reservation as it stands.

        ValueError for an amount that is negative or no number, StoreError for an unknown reservation.
        """
        amount = _exact(spent)
        with self._write() as connection:
            return _end(connection, reservation, "settled", spent=amount)

    def release(self, reservation: str) -> Reservation:
        """The call cost nothing; returns the reservation as it stands.  StoreError for an unknown one."""
        with self._write() as connection:
            return _end(connection, reservation, "released", spent=Decimal(0))

    def settle_left(self) -> tuple[Reservation, ...]:
        """Settle at the whole reserved sum what processes left that run no more: the money may have been spent."""
        with self._database.read() as connection:
            held = _select_reserved(connection)
        left = [found.id for found in held if _left_behind(found)]
        if not left:
            return ()
        with self._write(durable=True) as connection:
            still = [found for found in _select_reserved(connection) if found.id in set(left)]
            return tuple(
                _end(connection, found.id, "settled", spent=found.reserved_usd, assumed=True) for found in still
            )

    @contextmanager
    def _write(self, *, durable: bool = False) -> Iterator[Connection]:
        """One transaction at a time: of this process by a fair lock, of all processes by the database's."""
        with self._turn, self._database.write(durable=durable) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(7263003, hashtext(current_schema()))"))
            yield connection


def _end(
    connection: Connection, reservation: str, state: ReservationState, *, spent: Decimal, assumed: bool = False
) -> Reservation:
    chosen = reservations.c.id == reservation
    row = connection.execute(select(reservations).where(chosen)).one_or_none()
    if row is None:
        raise StoreError(f"There is no reservation {reservation!r} in the ledger.", hint="Was [store] url changed?")
    before = _reservation(row._mapping)
    if before.state != "reserved" and not before.assumed:
        return before
    values = {"state": state, "spent_usd": _text(spent), "ended_at": now(), "assumed": assumed}
    connection.execute(update(reservations).where(chosen).values(**values))
    held = before.reserved_usd if before.state == "reserved" else Decimal(0)
    _add(connection, before.place, reserved=-held, spent=spent - (before.spent_usd or Decimal(0)))
    return _reservation({**row._mapping, **values})


def _add(connection: Connection, place: Place, *, reserved: Decimal, spent: Decimal = Decimal(0)) -> None:
    accounts = tuple(place.accounts.values())
    query = select(spending_totals).where(spending_totals.c.account.in_(accounts))
    known = {row.account: row for row in connection.execute(query)}
    for account in accounts:
        row = known.get(account)
        if row is None:
            new = {"account": account, "reserved_usd": _text(reserved), "spent_usd": _text(spent)}
            connection.execute(spending_totals.insert().values(**new))
            continue
        sums = {
            "reserved_usd": _text(Decimal(row.reserved_usd) + reserved),
            "spent_usd": _text(Decimal(row.spent_usd) + spent),
        }
        connection.execute(update(spending_totals).where(spending_totals.c.account == account).values(**sums))


def _used(connection: Connection, accounts: tuple[str, ...]) -> dict[str, Used]:
    query = select(spending_totals).where(spending_totals.c.account.in_(accounts))
    found = dict.fromkeys(accounts, Used())
    for row in connection.execute(query):
        found[row.account] = Used(reserved=Decimal(row.reserved_usd), spent=Decimal(row.spent_usd))
    return found


def _select_reserved(connection: Connection) -> list[Reservation]:
    rows = connection.execute(select(reservations).where(text(RESERVED)).order_by(reservations.c.reserved_at))
    return [_reservation(row._mapping) for row in rows]


def _left_behind(found: Reservation) -> bool:
    age = datetime.now(UTC) - datetime.fromisoformat(found.reserved_at)
    return has_ended(found.owner) or age > _FOREIGN_AFTER


def _reservation(row: Mapping[Any, Any]) -> Reservation:
    spent = row["spent_usd"]
    money = {"reserved_usd": Decimal(row["reserved_usd"]), "spent_usd": None if spent is None else Decimal(spent)}
    return Reservation(**{**row, **money})


def _exact(usd: Decimal) -> Decimal:
    """Rounded up to the smallest sum."""
    if not usd.is_finite() or usd < 0:
        raise ValueError(f"{usd} is no amount of money")
    return usd.quantize(_SMALLEST, rounding=ROUND_CEILING)


def _text(usd: Decimal) -> str:
    return f"{usd:f}"
