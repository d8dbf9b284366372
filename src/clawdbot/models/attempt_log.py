"""What came of each attempt: kept in the ledger, and learned from."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from clawdbot.config import StepKind
from clawdbot.models.answer_cache import AnswerCache
from clawdbot.models.routing.attempt import Attempt, Validation
from clawdbot.models.routing.learning import Bucket, Learned, bucket
from clawdbot.store.attempts import AttemptStore
from clawdbot.store.database import Database

_STEPS = 256
"""Steps whose last attempt is remembered until its checks are reported; of others the ledger is asked."""


@dataclass(frozen=True, kw_only=True)
class _Last:
    """A step's last attempt: what its answer counts for (None: nothing), and its name in the cache."""

    id: str
    cell: tuple[StepKind, str, Bucket] | None = None
    tokens: int | None = None
    counted: bool = False
    key: str = ""


class AttemptLog:
    """Writes attempts and what checks say of them.  Thread-safe.

    An attempt is in the ledger when :meth:`write` returns.  What checks said of it, and what is learned from it, goes
    there with the next one or at :meth:`flush`, in one transaction, so that a step costs one write.
    """

    def __init__(self, database: Database, learned: Learned, cache: AnswerCache) -> None:
        self._database = database
        self._store = AttemptStore(database)
        self._learned = learned
        self._cache = cache
        self._last: OrderedDict[tuple[str, int], _Last] = OrderedDict()
        self._waiting: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    def new_id(self) -> str:
        """The id of an attempt that begins."""
        return secrets.token_hex(8)

    def write(
        self, attempt: Attempt, request: Mapping[str, Any] | None, *, key: str = "", learns: bool = False
    ) -> None:
        """Keep an attempt; ``request`` is what was sent, ``key`` the answer's name in the cache.

        With ``learns`` a valid answer counts for the model, until a check says otherwise, and an invalid one against
        it.
        """
        context, call = attempt.context, attempt.call
        with self._database.together():
            self._write_waiting()
            self._store.add(
                id=attempt.id,
                run_id=context.run_id,
                step=context.step,
                attempt=context.attempt,
                at=attempt.at,
                record=attempt.as_json(),
                request=request,
            )
        last = _Last(id=attempt.id, key=key)
        if learns and call is not None:
            cell = (context.kind, call.model, bucket(context.prompt_tokens))
            last = replace(last, cell=cell, tokens=call.completion_tokens)
            if call.error is not None:
                last = self._counted(last, ok=False)
        self._remember((context.run_id, context.step), last)

    def validated(self, run_id: str, step: int, validation: Validation) -> None:
        """What a check by code said of the step's answer; one that was refused counts against its model."""
        with self._lock:
            last = self._last.get((run_id, step))
        last = last or self._from_ledger(run_id, step)
        if last is None:
            return
        id = last.id
        self._wait(lambda: self._store.add_validation(id, validation.name, validation.ok, validation.detail))
        if not validation.ok:
            self._cache.forget(last.key)
        self._remember((run_id, step), self._counted(last, ok=validation.ok))

    def flush(self) -> None:
        """Write what waits: a run has ended, or the process does."""
        with self._lock:
            steps = [(place, last) for place, last in self._last.items() if last.cell is not None and not last.counted]
        for place, last in steps:
            self._remember(place, self._counted(last, ok=True))
        with self._lock:
            idle = not self._waiting
        if not idle:
            with self._database.together():
                self._write_waiting()

    def _counted(self, last: _Last, *, ok: bool) -> _Last:
        """Counted once; a later check that refuses the answer takes back that it was good."""
        cell, tokens = last.cell, last.tokens
        if cell is None or (last.counted and ok):
            return last
        if last.counted:
            self._wait(lambda: self._learned.record(*cell, False, was=True))
        else:
            self._wait(lambda: self._learned.record(*cell, ok, tokens=tokens))
        return replace(last, counted=True) if ok else replace(last, cell=None)

    def _wait(self, work: Callable[[], object]) -> None:
        with self._lock:
            self._waiting.append(work)

    def _write_waiting(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for work in waiting:
            work()

    def _remember(self, place: tuple[str, int], last: _Last) -> None:
        with self._lock:
            self._last.pop(place, None)
            self._last[place] = last
            overflowing = len(self._last) > _STEPS
        if overflowing:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        with self._lock:
            _, oldest = self._last.popitem(last=False)
        self._counted(oldest, ok=True)

    def _from_ledger(self, run_id: str, step: int) -> _Last | None:
        """The step's last attempt, when another process made it: its answer was counted then or is lost."""
        rows = self._store.of_run(run_id, step)
        if not rows:
            return None
        attempt = Attempt.from_json(rows[-1].record)
        call = attempt.call
        if call is None or call.error is not None or call.served_from != "model":
            return _Last(id=attempt.id)
        cell = (attempt.context.kind, call.model, bucket(attempt.context.prompt_tokens))
        return _Last(id=attempt.id, cell=cell, tokens=call.completion_tokens)
