"""A private folder for one worker, and the removal of what a killed process left behind.

The folder is locked while its owner lives (the kernel drops the lock with the process), so a later start can tell an
abandoned one from one in use.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

_PREFIX = "clawdbot-loading-"
_YOUNG_S = 60.0
"""A folder this young may belong to a process that has not locked it yet."""


class Scratch:
    """``documents`` takes what is loaded, ``temporary`` is for the worker to write in; both empty between files."""

    def __init__(self) -> None:
        parent = Path(tempfile.gettempdir())
        _sweep(parent)
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        self._lock = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.documents = self.folder / "documents"
        self.temporary = self.folder / "temporary"
        self.documents.mkdir(mode=0o700)
        self.temporary.mkdir(mode=0o700)

    def clear(self) -> None:
        """Remove what is in both; the folders themselves stay, for the worker's right to write is tied to them."""
        for folder in (self.documents, self.temporary):
            folder.chmod(0o700)
            for entry in os.scandir(folder):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.unlink(entry.path)

    def used_bytes(self) -> int:
        """What the worker has written now, bytes on disk."""
        total, folders = 0, [os.fspath(self.temporary)]
        while folders:
            try:
                with os.scandir(folders.pop()) as entries:
                    for entry in entries:
                        found = entry.stat(follow_symlinks=False)
                        total += found.st_blocks * 512
                        if stat.S_ISDIR(found.st_mode):
                            folders.append(entry.path)
            except OSError:
                continue  # removed by the worker meanwhile
        return total

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)


def _sweep(parent: Path) -> None:
    """Remove folders of ours whose owner was killed."""
    for folder in parent.glob(f"{_PREFIX}*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            found = os.fstat(lock)
            if found.st_uid == os.getuid() and time.time() - found.st_mtime > _YOUNG_S:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # in use
        finally:
            os.close(lock)
