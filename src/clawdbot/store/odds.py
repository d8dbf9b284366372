"""How often each model's answers were usable, by kind of step and size of prompt: counts that fade."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, Row, select, update

from clawdbot.store.database import Database, now
from clawdbot.store.routing_tables import odds
from clawdbot.store.upsert import insert

CAP = 100.0
"""Attempts that count at most.  From there on each new one takes its share from the old ones, so that half of what is
known is from the last 69: a model that got better or worse is noticed within days, and at 90 % success the share is
still known to 3 points."""

HALF_LIFE_DAYS = 30.0
"""Evidence that nothing was added to counts half after so long.  A model that did badly is not asked any more, so no
attempt could ever correct its counts; that they fade is what brings it back."""

Cell = tuple[str, str, str]
"""Kind of step, model, size of prompt."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Faded counts of one cell at ``at`` (ISO 8601 in UTC): usable and unusable answers; tokens of ``answers``."""

    successes: float = 0.0
    failures: float = 0.0
    answers: float = 0.0
    tokens: float = 0.0
    at: str

    def faded(self, at: str) -> Evidence:
        """The same evidence as it counts at a later moment; a clock that went back fades nothing."""
        days = (datetime.fromisoformat(at) - datetime.fromisoformat(self.at)).total_seconds() / 86_400
        if days <= 0:
            return self
        return self._times(0.5 ** (days / HALF_LIFE_DAYS), at)

    def _times(self, share: float, at: str) -> Evidence:
        return Evidence(
            successes=self.successes * share,
            failures=self.failures * share,
            answers=self.answers * share,
            tokens=self.tokens * share,
            at=at,
        )

    def with_attempt(self, ok: bool, *, was: bool | None = None, tokens: int | None = None) -> Evidence:
        """With one more attempt, and its answer's length where there is one.

        ``was`` is the outcome counted for the same attempt before, which is taken back.
        """
        known = self if tokens is None else self._with_answer(tokens)
        yes, no = self.successes, self.failures
        if was is not None:
            yes, no = (max(0.0, yes - 1), no) if was else (yes, max(0.0, no - 1))
        share = min(1.0, (CAP - 1) / (yes + no)) if yes + no else 1.0
        return replace(known, successes=yes * share + ok, failures=no * share + (not ok))

    def _with_answer(self, tokens: int) -> Evidence:
        share = min(1.0, (CAP - 1) / self.answers) if self.answers else 1.0
        return replace(self, answers=self.answers * share + 1, tokens=self.tokens * share + tokens)


class Odds(Protocol):
    """Where the counts are kept."""

    def get_all(self) -> Mapping[Cell, Evidence]:
        """Every cell that has evidence, faded to this moment."""

    def add(self, cell: Cell, *, ok: bool, was: bool | None = None, tokens: int | None = None) -> Evidence:
        """Count an attempt (see :meth:`Evidence.with_attempt`); returns what is known after it."""


class OddsStore:
    """The counts in the ledger; increments are atomic between threads and processes.

    Every method raises StoreError when the database cannot be used.
    """

    def __init__(self, database: Database, *, clock: Callable[[], str] = now) -> None:
        self._database = database
        self._clock = clock

    def get_all(self) -> Mapping[Cell, Evidence]:
        """Every cell that has evidence, faded to this moment."""
        at = self._clock()
        with self._database.read() as connection:
            return {_cell(row): _evidence(row).faded(at) for row in connection.execute(select(odds))}

    def add(self, cell: Cell, *, ok: bool, was: bool | None = None, tokens: int | None = None) -> Evidence:
        """Count an attempt; returns what is known after it."""
        at = self._clock()
        kind, model, bucket = cell
        mine = (odds.c.kind == kind) & (odds.c.model == model) & (odds.c.bucket == bucket)
        with self._database.write() as connection:
            row = connection.execute(select(odds).where(mine).with_for_update()).one_or_none()
            if row is None:
                _begin(connection, cell, at)
                row = connection.execute(select(odds).where(mine).with_for_update()).one()
            known = _evidence(row).faded(at).with_attempt(ok, was=was, tokens=tokens)
            values = {"successes": known.successes, "failures": known.failures, "updated_at": known.at}
            connection.execute(update(odds).where(mine).values(**values, answers=known.answers, tokens=known.tokens))
        return known


class OddsInMemory:
    """The counts of this process alone: for simulations and tests."""

    def __init__(self, *, clock: Callable[[], str] = now) -> None:
        self._clock = clock
        self._known: dict[Cell, Evidence] = {}
        self._lock = threading.Lock()

    def get_all(self) -> Mapping[Cell, Evidence]:
        """Every cell that has evidence, faded to this moment."""
        at = self._clock()
        with self._lock:
            return {cell: known.faded(at) for cell, known in self._known.items()}

    def add(self, cell: Cell, *, ok: bool, was: bool | None = None, tokens: int | None = None) -> Evidence:
        """Count an attempt; returns what is known after it."""
        at = self._clock()
        with self._lock:
            before = self._known.get(cell, Evidence(at=at)).faded(at)
            known = before.with_attempt(ok, was=was, tokens=tokens)
            self._known[cell] = known
        return known


def _begin(connection: Connection, cell: Cell, at: str) -> None:
    """An empty row, unless another process made it meanwhile; that one's row is then waited for and read."""
    kind, model, bucket = cell
    named = {"kind": kind, "model": model, "bucket": bucket, "updated_at": at}
    counts = {"successes": 0.0, "failures": 0.0, "answers": 0.0, "tokens": 0.0}
    connection.execute(insert(connection, odds).values(**named, **counts).on_conflict_do_nothing())


def _cell(row: Row[tuple[object, ...]]) -> Cell:
    return str(row.kind), str(row.model), str(row.bucket)


def _evidence(row: Row[tuple[object, ...]]) -> Evidence:
    return Evidence(
        successes=row.successes, failures=row.failures, answers=row.answers, tokens=row.tokens, at=row.updated_at
    )
