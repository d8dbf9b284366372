"""The converted encoder on disk: made once, checked at each start, made anew when it is damaged."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

from filelock import FileLock

from clawdbot.errors import EmbeddingError
from clawdbot.knowledge.embedding.conversion import REVISION, convert
from clawdbot.knowledge.embedding.packed import SOURCE_SHA256, PackedModel

_KEY = hashlib.sha256(f"{SOURCE_SHA256}:{REVISION}".encode()).hexdigest()[:12]


def encoder_file(home: Path, packed: PackedModel) -> Path:
    """Path of the encoder under ``home``; converted first when it is missing or damaged (half a second, 22 MB).

    Processes that come at the same time wait for the first.  EmbeddingError when the folder cannot be written.
    """
    path = home / "models" / f"e5-small-int8-{_KEY}.onnx"
    try:
        if not _is_whole(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_suffix(".lock")):
                if not _is_whole(path):
                    packed.check()
                    _write(path, convert(packed))
    except OSError as error:
        raise EmbeddingError(
            f"The embedding model cannot be kept in {str(path.parent)!r}: {error.strerror}.",
            hint="Make room there, or choose another folder with [app] home.",
        ) from error
    return path


def _is_whole(path: Path) -> bool:
    """The file is the one that its record describes; hashed only when its time is not the recorded one."""
    try:
        recorded = json.loads(_record(path).read_text("utf-8"))
        found = path.stat()
        if found.st_size != recorded["bytes"]:
            return False
        if found.st_mtime_ns == recorded["mtime_ns"]:
            return True
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if digest != recorded["sha256"]:
        return False
    # Copied or restored: note the new time, so that the next start need not hash.
    _note(path, digest)
    return True


def _write(path: Path, content: bytes) -> None:
    # The record goes first: a kill between the two leaves a file without one, which is made anew.
    _record(path).unlink(missing_ok=True)
    _replace(path, content)
    _note(path, hashlib.sha256(content).hexdigest())


def _note(path: Path, digest: str) -> None:
    found = path.stat()
    record = {"sha256": digest, "bytes": found.st_size, "mtime_ns": found.st_mtime_ns}
    _replace(_record(path), json.dumps(record).encode())


def _replace(path: Path, content: bytes) -> None:
    """Write beside it, then rename: nobody ever sees half a file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _record(path: Path) -> Path:
    return path.with_suffix(".json")
