"""The effect ledger: each effect on the world is written down before it happens, and never happens twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from clawdbot.errors import StoreError
from clawdbot.failpoints import reach
from clawdbot.store.database import Database, now
from clawdbot.store.leases import Leases
from clawdbot.store.tables import effects, runs

EffectState = Literal["intent", "done", "unknown", "failed"]
"""intent: written down, perhaps under way; unknown: a person must look; failed: certainly not happened."""


@dataclass(frozen=True, kw_only=True)
class EffectRecord:
    """One effect.  ``receipt`` is there when it is done; times are ISO 8601 in UTC."""

    key: str
    run_id: str
    step: int
    tool: str
    effect: str
    payload_hash: str
    state: EffectState
    receipt: dict[str, Any] | None
    begun_at: str
    ended_at: str | None
    settled_by: str | None = None
    """Who said what became of one that was unknown (``settling.py``)."""
    note: str = ""
    """What they said besides."""


class EffectLedger:
    """States and their order: (nothing or failed) -> intent -> done | failed | unknown; unknown -> done | failed."""

    def __init__(self, database: Database, leases: Leases | None = None) -> None:
        self._database = database
        self._leases = leases or Leases()

    def begin(
        self, *, key: str, run_id: str, step: int, tool: str, effect: str, payload_hash: str = ""
    ) -> EffectRecord | None:
        """Claim the effect.  None: it is yours, go ahead.  A record: it was begun before; do not repeat it.

        Atomic between threads and processes, and on the disk when it returns.  StoreError for an unknown run, LeaseLost
        when another worker has it now.
        """
        claim = {
            "run_id": run_id, "step": step, "tool": tool, "effect": effect, "payload_hash": payload_hash,
            "state": "intent", "receipt": None, "begun_at": now(), "ended_at": None, "settled_by": None, "note": "",
        }  # fmt: skip
        try:
            with self._database.write(durable=True) as connection:
                self._leases.fence(connection, run_id, progress=False)
                known = self._claim(connection, key, claim)
            reach("effect.intent")
            return known
        except StoreError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
        # Another process was first (PostgreSQL), or there is no such run.
        found = self.get(key)
        if found is None:
            raise StoreError(f"There is no run {run_id!r} in the ledger.", hint="An effect belongs to a recorded run.")
        return found

    def done(self, key: str, receipt: Mapping[str, Any]) -> None:
        """It happened, with this receipt; also for one that was unknown and came out well.

        Not fenced: what happened is written down, whoever has the run now.
        """
        with self._database.write(durable=True) as connection:
            self._end(connection, _known(connection, key), "done", dict(receipt))
        reach("effect.done")

    def failed(self, key: str) -> None:
        """It certainly did not happen, so that the same key may begin again.

        LeaseLost when another worker has the run now: it may be doing the very same effect.
        """
        with self._database.write(durable=True) as connection:
            found = _known(connection, key)
            self._leases.fence(connection, found.run_id)
            self._end(connection, found, "failed", None)

    def unknown(self, key: str) -> EffectRecord:
        """Nobody can say if it happened; only a person can.  One that ended meanwhile stays as it is.

        LeaseLost when another worker has the run now.
        """
        statement = update(effects).where(effects.c.key == key, effects.c.state == "intent")
        with self._database.write(durable=True) as connection:
            self._leases.fence(connection, _known(connection, key).run_id)
            connection.execute(statement.values(state="unknown", ended_at=now()))
            return _known(connection, key)

    def get(self, key: str) -> EffectRecord | None:
        """The effect of that key, if it was ever begun."""
        with self._database.read() as connection:
            return _select(connection, key)

    def of_run(self, run_id: str) -> tuple[EffectRecord, ...]:
        """All effects of a run by step."""
        return self._read(effects.c.run_id == run_id)

    def of_family(self, run_id: str) -> tuple[EffectRecord, ...]:
        """All effects of a run and of the runs that are steps of it."""
        family = select(runs.c.id).where(or_(runs.c.id == run_id, runs.c.parent == run_id))
        return self._read(effects.c.run_id.in_(family))

    def unsettled(self) -> tuple[EffectRecord, ...]:
        """Effects of all runs of which a person must say what became of them, oldest first."""
        return self._read(effects.c.state == "unknown", by=effects.c.begun_at)

    def times_spent(self, *, run_id: str, payload_hash: str, but_key: str) -> int:
        """How many other effects of the run with this payload happened, or may have."""
        with self._database.read() as connection:
            count = connection.scalar(
                select(func.count())
                .select_from(effects)
                .where(
                    effects.c.run_id == run_id,
                    effects.c.payload_hash == payload_hash,
                    effects.c.key != but_key,
                    effects.c.state != "failed",
                )
            )
        return int(count or 0)

    def _read(self, which: ColumnElement[bool], *, by: ColumnElement[Any] = effects.c.step) -> tuple[EffectRecord, ...]:
        statement = select(effects).where(which).order_by(by, effects.c.begun_at, effects.c.key)
        with self._database.read() as connection:
            return tuple(EffectRecord(**row._mapping) for row in connection.execute(statement))

    def _claim(self, connection: Connection, key: str, claim: dict[str, Any]) -> EffectRecord | None:
        again = update(effects).where(effects.c.key == key, effects.c.state == "failed").values(**claim)
        if connection.execute(again).rowcount == 1:
            return None
        found = _select(connection, key)
        if found is None:
            connection.execute(effects.insert().values(key=key, **claim))
        return found

    def _end(
        self, connection: Connection, found: EffectRecord, state: EffectState, receipt: dict[str, Any] | None
    ) -> None:
        ended = (
            update(effects)
            .where(effects.c.key == found.key, effects.c.state.in_(("intent", "unknown")))
            .values(state=state, receipt=receipt, ended_at=now())
        )
        if connection.execute(ended).rowcount == 1:
            return
        standing = _known(connection, found.key)
        if standing.state != state:
            raise StoreError(f"The effect {found.key!r} cannot become {state!r}: it is {standing.state}.")


def _known(connection: Connection, key: str) -> EffectRecord:
    found = _select(connection, key)
    if found is None:
        raise StoreError(f"The effect {key!r} was never begun.")
    return found


def _select(connection: Connection, key: str) -> EffectRecord | None:
    row = connection.execute(select(effects).where(effects.c.key == key)).one_or_none()
    return None if row is None else EffectRecord(**row._mapping)
