"""New and changed files of a folder, by comparing what is there with what was seen.

The comparison is the truth: what came while nobody looked is found afterwards.  Notifications of the operating system
(``alarm.py``) only say when it is worth looking at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from clawdbot.workflows.schedules.trigger import FolderWatch

_LEFT_OUT = (".", "~$")
"""Beginnings of the names of hidden files, and of those that office programs keep beside an open document."""
_REMEMBERED = timedelta(days=30)
"""How long a file that is gone is remembered, so that a share which was away for a while starts nothing anew."""


@dataclass(frozen=True, kw_only=True)
class FileState:
    """What a file looked like; ``sha256`` is empty where it was not read.  ``gone_at`` is set for one that is gone."""

    size: int
    mtime_ns: int
    sha256: str = ""
    gone_at: str = ""

    def looks_like(self, other: FileState) -> bool:
        """Size and time are the same, so the content is taken to be."""
        return (self.size, self.mtime_ns) == (other.size, other.mtime_ns)


@dataclass(frozen=True, kw_only=True)
class FolderSeen:
    """What was seen of a folder, by path below it.  ``revision`` rises with every change; ``lost`` says why the folder
    could not be read the last time."""

    files: Mapping[str, FileState] = field(default_factory=dict)
    revision: int = 0
    lost: str = ""

    def as_json(self) -> dict[str, Any]:
        files = {name: [one.size, one.mtime_ns, one.sha256, one.gone_at] for name, one in self.files.items()}
        return {"files": files, "revision": self.revision, "lost": self.lost}

    @classmethod
    def from_json(cls, body: Mapping[str, Any] | None) -> FolderSeen:
        if body is None:
            return cls()
        files = {
            name: FileState(size=size, mtime_ns=mtime_ns, sha256=sha256, gone_at=gone_at)
            for name, (size, mtime_ns, sha256, gone_at) in body["files"].items()
        }
        return cls(files=files, revision=body["revision"], lost=body["lost"])

    def new_in(self, found: Mapping[str, FileState]) -> tuple[str, ...]:
        """Names of files that were not there or looked different, oldest first."""
        new = [name for name, now in found.items() if name not in self.files or not now.looks_like(self.files[name])]
        return tuple(sorted(new, key=lambda name: (found[name].mtime_ns, name)))

    def after(self, found: Mapping[str, FileState], taken: Mapping[str, FileState], *, now: datetime) -> FolderSeen:
        """What is seen once ``taken`` was dealt with; files that are new but not taken stay unseen."""
        files = dict(self.files)
        for name, known in self.files.items():
            if name in found:
                files[name] = replace(known, gone_at="") if found[name].looks_like(known) else known
            elif not known.gone_at:
                files[name] = replace(known, gone_at=now.isoformat())
            elif now - datetime.fromisoformat(known.gone_at) > _REMEMBERED:
                del files[name]
        files.update(taken)
        if files == self.files and not self.lost:
            return self
        return FolderSeen(files=files, revision=self.revision + 1)


def scan(watch: FolderWatch) -> dict[str, FileState]:
    """The files of the folder that count; OSError when it cannot be read.

    Links that lead out of the folder are not followed, and hidden files are left out.
    """
    root = Path(watch.path).expanduser().resolve(strict=True)
    if not root.is_dir():
        raise NotADirectoryError(20, "it is no folder", str(root))
    next(root.iterdir(), None)  # a glob is silent where it may not look
    found = {}
    for path in root.glob(watch.glob):
        name = path.relative_to(root)
        if any(part.startswith(_LEFT_OUT) or part == ".." for part in name.parts):
            continue
        try:
            if path.is_file() and path.resolve(strict=True).is_relative_to(root):
                state = path.stat()
                found[name.as_posix()] = FileState(size=state.st_size, mtime_ns=state.st_mtime_ns)
        except OSError:  # it went away meanwhile
            continue
    return found


def content_of(path: Path, seen: FileState) -> FileState | None:
    """The file's state with the hash of what is in it; None when it changed or went away while it was read.

    One that may not be read is new all the same, so that its run says so.
    """
    try:
        digest = _digest(path)
        state = path.stat()
    except OSError:
        return None
    now = FileState(size=state.st_size, mtime_ns=state.st_mtime_ns, sha256=digest)
    return now if now.looks_like(seen) else None


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError:
        return ""


class Settling:
    """Which new files stopped changing; it lives in memory, so a restart only waits once more."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[FileState, datetime]] = {}

    def __bool__(self) -> bool:
        return bool(self._since)

    def settled(
        self, new: tuple[str, ...], found: Mapping[str, FileState], *, now: datetime, for_s: float
    ) -> tuple[str, ...]:
        """Those of the new files that looked the same for so long."""
        before, self._since = self._since, {}
        for name in new:
            known = before.get(name)
            self._since[name] = known if known and known[0].looks_like(found[name]) else (found[name], now)
        wait = timedelta(seconds=for_s)
        return tuple(name for name in new if now - self._since[name][1] >= wait)
