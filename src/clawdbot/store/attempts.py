"""Attempts at steps: what was asked of the cost policy, what it decided, and what came of it.

The records are JSON whose form is ``clawdbot.models.routing.attempt.Attempt``; this layer keeps them, and reads of them
only what a sum needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, delete, func, select, update

from clawdbot.errors import StoreError
from clawdbot.store import plain_json
from clawdbot.store.attempt_costs import CostRow, summed
from clawdbot.store.database import Database
from clawdbot.store.routing_tables import attempts

_RUNS = 1000
_PAGE = 100
"""Runs whose records are in memory at once."""


@dataclass(frozen=True, kw_only=True)
class AttemptRow:
    """One attempt as it is stored; ``record`` is the JSON of an ``Attempt``, ``at`` ISO 8601 in UTC."""

    id: str
    run_id: str
    step: int
    attempt: int
    at: str
    record: dict[str, Any]
    has_request: bool
    """What was asked was kept too; :meth:`AttemptStore.request` gives it."""


class AttemptStore:
    """The attempts of all runs.  Every method raises StoreError when the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        *,
        id: str,
        run_id: str,
        step: int,
        attempt: int,
        at: str,
        record: Mapping[str, Any],
        request: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep an attempt, and with ``request`` (messages, schema, max_tokens) what a replay would ask again."""
        row = {
            "id": id, "run_id": run_id, "step": step, "attempt": attempt, "at": at,
            "record": dict(record), "request": None if request is None else dict(request),
        }  # fmt: skip
        with self._database.write() as connection:
            connection.execute(attempts.insert().values(**row))

    def add_validation(self, id: str, name: str, ok: bool, detail: str = "") -> None:
        """Write down what a check by code said of the attempt's answer; none is lost when two come at once.

        Raises StoreError for an attempt that is not there.
        """
        said = {"name": name, "ok": ok, "detail": plain_json.text(detail)}
        mine = attempts.c.id == id
        with self._database.write() as connection:
            record = connection.scalar(select(attempts.c.record).where(mine).with_for_update())
            if record is None:
                raise StoreError(f"There is no attempt {id!r} in the ledger.", hint="Record the attempt first.")
            changed = {**record, "validations": [*record.get("validations", ()), said]}
            connection.execute(update(attempts).where(mine).values(record=changed))

    def of_run(self, run_id: str, step: int | None = None) -> tuple[AttemptRow, ...]:
        """The attempts of a run, or of one of its steps, in order."""
        wanted = select(
            *(attempts.c[name] for name in ("id", "run_id", "step", "attempt", "at", "record")),
            attempts.c.request.is_not(None).label("has_request"),
        ).where(attempts.c.run_id == run_id)
        if step is not None:
            wanted = wanted.where(attempts.c.step == step)
        order = (attempts.c.step, attempts.c.attempt, attempts.c.at, attempts.c.id)
        with self._database.read() as connection:
            return tuple(_row(row) for row in connection.execute(wanted.order_by(*order)).mappings())

    def request(self, id: str) -> dict[str, Any] | None:
        """What was asked at the attempt; None when it was not kept, or there is no such attempt."""
        with self._database.read() as connection:
            found: dict[str, Any] | None = connection.scalar(select(attempts.c.request).where(attempts.c.id == id))
        return found

    def costs(self, since: str = "", *, limit: int = _RUNS) -> tuple[CostRow, ...]:
        """What each run cost at each model, newest run first: at most ``limit`` runs, of attempts from ``since`` on.

        ``since`` is ISO 8601 in UTC, as :func:`clawdbot.store.database.now` writes it; empty is from the beginning.
        """
        newest = (
            select(attempts.c.run_id)
            .where(attempts.c.at >= since)
            .group_by(attempts.c.run_id)
            .order_by(func.max(attempts.c.at).desc(), attempts.c.run_id)
            .limit(limit)
        )
        with self._database.read() as connection:
            runs = list(connection.scalars(newest))
            rows: list[CostRow] = []
            for start in range(0, len(runs), _PAGE):
                page = runs[start : start + _PAGE]
                wanted = (
                    select(attempts.c.run_id, attempts.c.step, attempts.c.at, attempts.c.record)
                    .where(attempts.c.run_id.in_(page), attempts.c.at >= since)
                    .order_by(attempts.c.run_id, attempts.c.step, attempts.c.attempt, attempts.c.at, attempts.c.id)
                )
                rows += summed(connection.execute(wanted), order=page)
        return tuple(rows)

    def prune(self, before: str) -> int:
        """Delete the attempts that began before that moment (ISO 8601 in UTC); returns how many."""
        with self._database.write() as connection:
            return connection.execute(delete(attempts).where(attempts.c.at < before)).rowcount


def _row(values: RowMapping) -> AttemptRow:
    return AttemptRow(**{**values, "has_request": bool(values["has_request"])})
