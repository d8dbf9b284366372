"""Attachments: artifacts of the run by name, read once and checked against the hash in the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clawdbot.errors import RetryableToolError, TerminalToolError
from clawdbot.tools.mail.cleaning import clean_line
from clawdbot.tools.workspace import Artifact, Workspace

# Fixed here because the system's table differs from machine to machine.
_MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".json": "application/json",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_NOT_FOR_PEOPLE = frozenset({"chart-pdf", "tex", "log"})
"""Kinds that are parts of another artifact (the vector twin of a chart) or traces of making it."""


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file to send: its verified content and media type."""

    name: str
    media_type: str
    data: bytes
    sha256: str


def sendable(workspace: Workspace) -> tuple[Artifact, ...]:
    """The run's artifacts that make sense in a mail, oldest first."""
    return tuple(a for a in workspace.artifacts() if a.kind not in _NOT_FOR_PEOPLE)


def default_attachments(workspace: Workspace) -> tuple[Artifact, ...]:
    """What a mail carries when nothing is chosen: reports and exported files, else the charts."""
    found = sendable(workspace)
    files = tuple(a for a in found if a.kind != "chart")
    return files or found


def choose(workspace: Workspace, names: Sequence[str] | None) -> tuple[Artifact, ...]:
    """The named artifacts without repetition, or the default; RetryableToolError names those that exist."""
    if names is None:
        return default_attachments(workspace)
    known = {a.name: a for a in sendable(workspace)}
    missing = [n for n in names if n not in known]
    if missing:
        listed = ", ".join(known) or "none yet"
        raise RetryableToolError(f"There is no artifact {missing[0]!r}.", hint=f"Artifacts: {listed}.")
    return tuple(known[n] for n in dict.fromkeys(names))


def read(workspace: Workspace, artifact: Artifact) -> Attachment:
    """Read an artifact once; TerminalToolError when it is not the file that was registered."""
    folder = (workspace.root / "artifacts").resolve()
    path = Path(artifact.path).resolve()
    if path.parent != folder or path.name != artifact.name:
        raise TerminalToolError(f"The artifact {artifact.name!r} lies outside the run's folder.", hint="Make it again.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TerminalToolError(
            f"The artifact {artifact.name!r} cannot be read: {error.strerror}.", hint="Make it again."
        ) from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != artifact.sha256:
        raise TerminalToolError(
            f"The artifact {artifact.name!r} was changed after it was made; it is not sent.", hint="Make it again."
        )
    media_type = _MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")
    shown = clean_line(artifact.name, limit=255)
    return Attachment(name=shown, media_type=media_type, data=data, sha256=digest)
