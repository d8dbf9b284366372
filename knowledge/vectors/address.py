"""Where the owner of an index folder listens: a Unix domain socket that only its user may open."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from clawdbot.knowledge.vectors.state import replace_durably

LONGEST = 100
"""Bytes of a socket's path that every system takes (108 on Linux, 104 on macOS, with the final zero)."""
_SOCKET = "owner.sock"
_POINTER = "owner.address"


def find_address(folder: Path) -> Path:
    """Where the owner of this folder would listen."""
    try:
        return Path(os.fsdecode((folder / _POINTER).read_bytes()))
    except OSError:
        return folder / _SOCKET


def make_address(folder: Path) -> Path:
    """A free address for the owner, which others find; what a dead owner left is taken away.

    A path that is too long for a socket gives way to one in the user's runtime folder, or in a new private folder.
    """
    release_address(folder)
    direct = folder / _SOCKET
    if len(os.fsencode(direct)) <= LONGEST:
        return direct
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    name = f"clawdbot-{hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]}.sock"
    address = Path(runtime) / name
    if not runtime or not os.access(runtime, os.W_OK) or len(os.fsencode(address)) > LONGEST:
        address = Path(tempfile.mkdtemp(prefix="clawdbot-", dir=_short_temporary())) / _SOCKET
    address.unlink(missing_ok=True)
    replace_durably(folder / _POINTER, os.fsencode(address))
    return address


def release_address(folder: Path) -> None:
    """Take the socket and the pointer to it away; only the owner may."""
    address = find_address(folder)
    with suppress(OSError):
        address.unlink(missing_ok=True)
    if address.parent.name.startswith("clawdbot-") and address.parent != folder:
        with suppress(OSError):
            address.parent.rmdir()
    (folder / _POINTER).unlink(missing_ok=True)


def _short_temporary() -> str | None:
    """The temporary folder, unless its own path is too long for a socket; then /tmp."""
    return None if len(os.fsencode(tempfile.gettempdir())) < LONGEST - 40 else "/tmp"
