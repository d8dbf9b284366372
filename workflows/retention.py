"""Ended runs that are older than the operator keeps them are removed, with their folders."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from clawdbot.store.database import Database
from clawdbot.store.removal import RunRemoval

_ASIDE = ".removed"
"""Folder below the runs' one: what lies there belongs to a run that is being removed, or was."""


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """What was removed, or would be: runs (children too), rows of all tables, bytes of their files."""

    runs: tuple[str, ...]
    rows: int
    bytes: int
    kept: tuple[str, ...]
    """Old enough, but something of them is open: an effect that a person must settle, or a step that goes on."""


class Retention:
    """Removes runs from the ledger and from the folder ``runs``; killed at any moment, the next call goes on.

    A run's folder is moved aside in the transaction that removes its rows, and deleted after it.  What lies aside is
    moved back when that transaction did not come to its end.
    """

    def __init__(
        self, database: Database, runs: Path, *, keep_days: int, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._removal = RunRemoval(database)
        self._runs = runs
        self._keep_days = keep_days
        self._now = now

    def tick(self) -> None:
        """Remove what is older than [store] keep_days; nothing when that is 0.  Raises StoreError."""
        if self._keep_days:
            self.prune(older_than_days=self._keep_days)

    def prune(self, *, older_than_days: float, dry_run: bool = False) -> Pruned:
        """Remove the runs that ended longer ago; ``dry_run`` only says which.  Raises StoreError."""
        before = (self._now() - timedelta(days=older_than_days)).astimezone(UTC).isoformat(timespec="microseconds")
        if not dry_run:
            self._clear_aside()
        gone: list[str] = []
        kept: list[str] = []
        rows = size = 0
        for run_id in self._removal.ended_before(before):
            family = self._removal.removable(run_id, before)
            taken = 0 if family is None else sum(_bytes(self._runs / member) for member in family.run_ids)
            if family is not None and not dry_run:
                family = self._removal.remove(run_id, before, files=self._put_aside)
                self._clear_aside()
            if family is None:
                kept.append(run_id)
                continue
            gone += family.run_ids
            rows += family.rows
            size += taken
        if not dry_run:
            rows += self._removal.remove_loose(before)
        return Pruned(runs=tuple(gone), rows=rows, bytes=size, kept=tuple(kept))

    def _put_aside(self, run_ids: Sequence[str]) -> None:
        aside = self._runs / _ASIDE
        for run_id in run_ids:
            if (self._runs / run_id).is_dir():
                aside.mkdir(mode=0o700, exist_ok=True)
                (self._runs / run_id).rename(aside / run_id)

    def _clear_aside(self) -> None:
        aside = self._runs / _ASIDE
        for folder in sorted(aside.iterdir()) if aside.is_dir() else ():
            self._removal.exists_for_sure(
                folder.name,
                then=partial(_moved, folder, self._runs / folder.name),
                otherwise=partial(shutil.rmtree, folder, ignore_errors=True),
            )


def _moved(folder: Path, to: Path) -> None:
    with contextlib.suppress(FileNotFoundError):  # another process was faster
        folder.rename(to)


def _bytes(folder: Path) -> int:
    """What the files of a folder take."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file()) if folder.is_dir() else 0
