"""Taking a copy of a file that nobody vouches for: only of regular files, only of so many bytes, never waiting.

The copy is what gets parsed.  The original may be cut while it is read, which kills a process that has it mapped, and
the process that parses may then be kept from all files but this one.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from clawdbot.errors import LoadFailed, StoreError

_PIECE = 1 << 20
_KINDS = (
    (stat.S_ISLNK, "a link", "Add the file that it leads to."),
    (stat.S_ISDIR, "a folder", "Add the files in it."),
    (stat.S_ISFIFO, "a pipe", "Only files can be loaded."),
    (stat.S_ISSOCK, "a socket", "Only files can be loaded."),
    (stat.S_ISCHR, "a device", "Only files can be loaded."),
    (stat.S_ISBLK, "a device", "Only files can be loaded."),
)
_REASONS = {
    errno.ENOENT: ("It is not there any more.", "It is taken out of the index at the next check."),
    errno.ENOTDIR: ("It is not there any more.", "It is taken out of the index at the next check."),
    errno.EACCES: ("It may not be read.", "Give the account that runs clawdbot the right to read it."),
    errno.EPERM: ("It may not be read.", "Give the account that runs clawdbot the right to read it."),
    errno.ELOOP: ("It is a link.", "Add the file that it leads to."),
    errno.ENAMETOOLONG: ("Its name is too long for this system.", "Give it a shorter name."),
}


def copy_document(path: Path, folder: Path, *, max_bytes: int) -> Path:
    """Copy ``path`` into ``folder`` under its own name; the copy's path.

    LoadFailed says why it cannot be read (a device, a pipe, no right to, more than ``max_bytes``); StoreError that
    the disk is full.
    """
    try:
        source = _open(path, max_bytes)
    except (OSError, ValueError) as error:
        raise _unreadable(error) from error
    copy = folder / path.name
    try:
        _copy(source, copy, max_bytes)
    finally:
        os.close(source)
    return copy


def _open(path: Path, max_bytes: int) -> int:
    """Looks before it opens: opening some devices and pipes has effects, or waits."""
    _require_regular(os.lstat(path))
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        found = os.fstat(fd)
        _require_regular(found)
        if found.st_size > max_bytes:
            raise _too_large(max_bytes)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _require_regular(found: os.stat_result) -> None:
    for is_kind, name, hint in _KINDS:
        if is_kind(found.st_mode):
            raise LoadFailed(f"It is {name}, not a file.", hint=hint)


def _copy(source: int, copy: Path, max_bytes: int) -> None:
    """In pieces, and counted: a file may grow while it is read."""
    left = max_bytes
    try:
        with copy.open("xb") as target:
            while piece := _piece(source):
                left -= len(piece)
                if left < 0:
                    raise _too_large(max_bytes)
                target.write(piece)
    except OSError as error:
        raise StoreError(
            f"A copy of the file cannot be written to {copy.parent}: {error.strerror}.",
            hint="Make room there, or set TMPDIR to a folder on another disk.",
        ) from error


def _piece(source: int) -> bytes:
    try:
        return os.read(source, _PIECE)
    except OSError as error:
        raise _unreadable(error) from error


def _unreadable(error: OSError | ValueError) -> LoadFailed:
    number = error.errno if isinstance(error, OSError) else None
    known = _REASONS.get(number or 0)
    if known:
        return LoadFailed(known[0], hint=known[1])
    detail = error.strerror if isinstance(error, OSError) else error
    return LoadFailed(f"It cannot be read: {detail}.", hint="Check the disk or the network share that it is on.")


def _too_large(max_bytes: int) -> LoadFailed:
    return LoadFailed(
        f"It is larger than {max_bytes / 1e6:,.0f} MB.", hint="Raise [knowledge] max_file_bytes, or split the file."
    )
