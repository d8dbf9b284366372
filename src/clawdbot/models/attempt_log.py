"""What came of each attempt: kept in the ledger, and learned from."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clawdbot.config import StepKind
from clawdbot.models.answer_cache import AnswerCache
from clawdbot.models.routing.attempt import Attempt, Validation
from clawdbot.models.routing.learning import Bucket, Learned, bucket
from clawdbot.store.attempts import AttemptStore

_STEPS = 256
"""Steps whose last attempt is remembered until its checks are reported; of others the ledger is asked."""


@dataclass(frozen=True, kw_only=True)
class _Last:
    """The attempt that gave a step its answer: what it counts for (None: for nothing more), and its name in the
    cache."""

    id: str
    cell: tuple[StepKind, str, Bucket] | None
    key: str = ""


class AttemptLog:
    """Writes attempts and what checks say of them.  Thread-safe."""

    def __init__(self, store: AttemptStore, learned: Learned, cache: AnswerCache) -> None:
        self._store = store
        self._learned = learned
        self._cache = cache
        self._last: OrderedDict[tuple[str, int], _Last] = OrderedDict()
        self._lock = threading.Lock()

    def new_id(self) -> str:
        """The id of an attempt that begins."""
        return secrets.token_hex(8)

    def write(self, attempt: Attempt, request: Mapping[str, Any] | None) -> None:
        """Keep an attempt; ``request`` is what was sent."""
        context = attempt.context
        self._store.add(
            id=attempt.id,
            run_id=context.run_id,
            step=context.step,
            attempt=context.attempt,
            at=attempt.at,
            record=attempt.as_json(),
            request=request,
        )

    def answered(self, attempt: Attempt, model: str, size: Bucket, *, ok: bool, tokens: int, key: str) -> None:
        """The model gave an answer that is valid, or not: so it counts until a later check says otherwise.

        ``key`` names the answer in the cache.
        """
        context = attempt.context
        self._learned.record(context.kind, model, size, ok, tokens=tokens)
        if not ok:
            return
        with self._lock:
            self._last[context.run_id, context.step] = _Last(id=attempt.id, cell=(context.kind, model, size), key=key)
            while len(self._last) > _STEPS:
                self._last.popitem(last=False)

    def validated(self, run_id: str, step: int, validation: Validation) -> None:
        """What a check by code said of the step's answer; one that was refused counts as a failure from now on."""
        with self._lock:
            last = self._last.get((run_id, step)) or self._from_ledger(run_id, step)
        if last is None:
            return
        self._store.add_validation(last.id, validation.name, validation.ok, validation.detail)
        if validation.ok or last.cell is None:
            return
        self._learned.record(*last.cell, False, was=True)
        self._cache.forget(last.key)
        with self._lock:
            self._last[run_id, step] = _Last(id=last.id, cell=None)

    def _from_ledger(self, run_id: str, step: int) -> _Last | None:
        """The step's last attempt, when another process made it."""
        rows = self._store.of_run(run_id, step)
        if not rows:
            return None
        attempt = Attempt.from_json(rows[-1].record)
        if attempt.call is None or attempt.call.error is not None or attempt.call.served_from != "model":
            return _Last(id=attempt.id, cell=None)
        size = bucket(attempt.context.prompt_tokens)
        return _Last(id=attempt.id, cell=(attempt.context.kind, attempt.call.model, size))
