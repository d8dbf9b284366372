"""The office in which a task is played: a copy of the database, a mail server, a folder for the player's files."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from benchmarks.office_tasks.end_state import Mail, read_mail
from benchmarks.office_tasks.task import Task
from clawdbot.demo.server import SmtpThread

TODAY = "1998-05-06"
"""The day of the last order in Northwind."""
ABOUT = "Northwind, a trading company: orders of 1996 to 1998"
SENDER = "Office <office@example.com>"
CONTACTS: Mapping[str, str] = {"finance": "finance@example.com", "财务": "finance@example.com"}


@dataclass(kw_only=True)
class Postbox:
    """What the mail server accepted; ``replies`` are its first answers to whole mails, then it accepts."""

    replies: deque[str] = field(default_factory=deque)
    accepted: list[Mail] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """aiosmtpd's hook."""
        reply = self.replies.popleft() if self.replies else "250 2.0.0 queued"
        if reply.startswith("2"):
            self.accepted.append(read_mail(envelope.rcpt_tos, envelope.original_content or b""))
        return reply


@dataclass(frozen=True, kw_only=True)
class Office:
    """What a player may use.  ``limit_s`` seconds and ``max_steps`` calls of tools are the same for all."""

    folder: Path
    database: Path
    mail_port: int
    limit_s: float
    max_steps: int
    mails: Sequence[Mail]


@contextmanager
def open_office(task: Task, database: Path, *, limit_s: float, max_steps: int) -> Iterator[Office]:
    """An office of its own for one task; everything in it is removed afterwards."""
    postbox = Postbox(replies=deque(task.smtp))
    server = SmtpThread(postbox, hostname="mail.office.invalid", enable_SMTPUTF8=True)
    server.start()
    try:
        with tempfile.TemporaryDirectory(prefix="office-") as name:
            folder = Path(name)
            copy = Path(shutil.copyfile(database, folder / "office.sqlite"))
            yield Office(
                folder=folder,
                database=copy,
                mail_port=server.port,
                limit_s=limit_s,
                max_steps=max_steps,
                mails=postbox.accepted,
            )
    finally:
        server.stop()


def fingerprint(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
