"""Notifications of the operating system that something changed in a folder, asked for without waiting."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from watchfiles import watch

_MOMENT_MS = 1


class FolderAlarm:
    """Rings when something changed since it was last asked.  Where the system cannot notify, it never rings."""

    def __init__(self, folder: Path, *, recursive: bool) -> None:
        self._changes: Generator[set[Any], None, None] | None = watch(
            folder, watch_filter=None, recursive=recursive, debounce=_MOMENT_MS, step=_MOMENT_MS,
            rust_timeout=_MOMENT_MS, yield_on_timeout=True, raise_interrupt=False,
        )  # fmt: skip

    def rang(self) -> bool:
        """Ask; a folder that is gone rings no more."""
        if self._changes is None:
            return False
        try:
            return bool(next(self._changes, None))
        except (OSError, RuntimeError):
            self.close()
            return False

    def close(self) -> None:
        """Stop watching."""
        if self._changes is not None:
            self._changes.close()
            self._changes = None
