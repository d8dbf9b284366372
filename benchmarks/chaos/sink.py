"""The mail server of the office: it remembers every mail that it accepted, and now and then it behaves badly."""

from __future__ import annotations

import email
import email.policy
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiosmtpd.smtp import SMTP, Envelope, Session

from clawdbot.demo.server import SmtpThread


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """One mail that the server took; ``at`` in seconds of the epoch."""

    message_id: str
    to: tuple[str, ...]
    subject: str
    at: float


class Sink:
    """aiosmtpd's handler.  ``rough`` is the share of mails whose reply goes wrong: refused for now, or taken and then
    the connection is cut, so that the sender cannot know."""

    def __init__(self, *, rough: float = 0.0, seed: int = 0) -> None:
        self.port = 0
        self._rough = rough
        self._random = random.Random(seed)
        self._taken: list[Accepted] = []
        self._lock = threading.Lock()

    @property
    def taken(self) -> tuple[Accepted, ...]:
        """Every accepted mail, oldest first."""
        with self._lock:
            return tuple(self._taken)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """aiosmtpd's hook for a whole mail; its return is the reply."""
        chance = self._random.random()
        if chance < self._rough / 2:
            return "451 4.3.0 try again later"
        message = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        mail = Accepted(
            message_id=str(message["Message-ID"] or ""),
            to=tuple(envelope.rcpt_tos),
            subject=str(message["Subject"] or ""),
            at=time.time(),
        )
        with self._lock:
            self._taken.append(mail)
        if chance < self._rough:
            server.transport.abort()  # type: ignore[union-attr]  # a mail came over it, and it is TCP
        return "250 2.0.0 taken"


@contextmanager
def open_sink(*, rough: float = 0.0, seed: int = 0) -> Iterator[Sink]:
    """A sink that listens on ``port`` of this machine while the block runs."""
    sink = Sink(rough=rough, seed=seed)
    server = SmtpThread(sink, hostname="sink.test", enable_SMTPUTF8=True)
    server.start()
    sink.port = server.port
    try:
        yield sink
    finally:
        server.stop()
