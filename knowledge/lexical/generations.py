"""Where the index lies: a folder for each time that it was built, and a file that names the one in use."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from clawdbot.knowledge.lexical.tokens import TOKENS_VERSION

_CURRENT = "current"
_NAME = re.compile(r"v(\d+)-(\d{6,})")


class Generations:
    """``folder/current`` holds the name of a sibling folder; it changes by rename, so readers see the old or the new
    one, whole.  A name carries the version of the terms: an index of other terms counts as none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def current(self) -> Path | None:
        """The folder in use; None while there is none."""
        try:
            name = (self._folder / _CURRENT).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        match = _NAME.fullmatch(name)
        return self._folder / name if match and int(match[1]) == TOKENS_VERSION else None

    def new(self) -> Path:
        """An empty folder for the next one; what earlier attempts left behind is removed."""
        self.sweep()
        numbers = [int(match[2]) for path in self._folder.iterdir() if (match := _NAME.fullmatch(path.name))]
        made = self._folder / f"v{TOKENS_VERSION}-{max(numbers, default=0) + 1:06d}"
        made.mkdir()
        return made

    def switch(self, to: Path) -> None:
        """Make it the one in use, durably, and remove the others; readers that have one open keep it."""
        pending = self._folder / f"{_CURRENT}.new"
        with pending.open("w", encoding="ascii") as file:
            file.write(to.name)
            file.flush()
            os.fsync(file.fileno())
        pending.replace(self._folder / _CURRENT)
        self._fsync_folder()
        self.sweep()

    def sweep(self) -> None:
        """Remove every folder that is not in use."""
        keep = self.current()
        for path in self._folder.iterdir():
            if path != keep and _NAME.fullmatch(path.name):
                shutil.rmtree(path, ignore_errors=True)

    def _fsync_folder(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
