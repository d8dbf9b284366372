"""A witness who reads the ledger while the runs go on, and keeps what was seen to change although it never may."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from sqlalchemy import RowMapping, select

from clawdbot.errors import StoreError
from clawdbot.store.database import Database
from clawdbot.store.tables import runs, steps

_ENDED = ("done", "cancelled")
_TIMES = ("ms", "model_ms")
"""A step whose end was not kept is done again from what is known of it; how long it took is measured again then."""


class Witness:
    """Looks every ``pause_s`` seconds, from a thread of its own, while the block runs.

    Tokens never fall, what has ended stays as it ended, and a step record never changes.
    """

    def __init__(self, database: Database, *, pause_s: float = 0.1) -> None:
        self.changes: list[tuple[str, str]] = []
        self.looks = 0
        self._database = database
        self._pause_s = pause_s
        self._tokens: dict[str, int] = {}
        self._ended: dict[str, str] = {}
        self._steps: dict[tuple[str, int], tuple[str, str]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="witness")

    def __enter__(self) -> Witness:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self.look()

    def look(self) -> None:
        """Look once; called by the thread, and where something must surely be seen."""
        columns = (runs.c.id, runs.c.status, runs.c.token, runs.c.verdict, runs.c.result)
        with self._database.read() as connection:
            # Steps before runs: a run that has ended by then was looked at with all its steps.
            records = connection.execute(select(steps)).all()
            found = connection.execute(select(*columns)).mappings().all()
        self.looks += 1
        for record in records:
            self._step(record.run_id, record.n, record.record)
        for row in found:
            self._run(row)

    def _watch(self) -> None:
        while not self._over.wait(self._pause_s):
            try:
                self.look()
            except StoreError:  # busy: the next look sees it
                continue

    def _run(self, row: RowMapping) -> None:
        before = self._tokens.get(row["id"], 0)
        if row["token"] < before:
            self.changes.append((row["id"], f"its token fell from {before} to {row['token']}"))
        self._tokens[row["id"]] = row["token"]
        ended = f"{row['status']} {row['verdict']} {digest(row['result'] or {})}"
        known = self._ended.get(row["id"])
        if known is not None and known != ended:
            self.changes.append((row["id"], f"it had ended as {known}, now it is {ended}"))
        if known is not None or row["status"] in _ENDED:
            self._ended[row["id"]] = ended

    def _step(self, run_id: str, n: int, record: Mapping[str, Any]) -> None:
        own = without_times(record)
        now = digest(own), json.dumps(own, ensure_ascii=False, sort_keys=True)
        before = self._steps.setdefault((run_id, n), now)
        if before[0] != now[0]:
            self.changes.append((run_id, f"step {n} was {before[1]}, now it is {now[1]}"))
            self._steps[(run_id, n)] = now


def without_times(value: Any) -> Any:
    """JSON values without how long anything took."""
    if isinstance(value, list):
        return [without_times(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {name: without_times(inner) for name, inner in value.items() if name not in _TIMES}


def digest(value: Mapping[str, Any]) -> str:
    """A short hash of JSON values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
