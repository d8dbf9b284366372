"""A mail server that keeps what it is given: STARTTLS, a login, every accepted mail as a file that can be opened.

Runs in a thread of the demo, or on its own beside ``clawdbot run --config``:
``python -m clawdbot.demo.sink FOLDER --port N``.  It listens on this machine only and delivers nothing.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import hmac
import itertools
import os
import secrets
import signal
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from clawdbot.demo.certificates import server_files, write_private
from clawdbot.demo.server import SmtpThread
from clawdbot.tools.workspace import safe_name

HOST = "127.0.0.1"
USERNAME = "clawdbot"
_MOST_BYTES = 30_000_000


@dataclass(frozen=True, kw_only=True)
class StoredMail:
    """A mail that the sink accepted: the file, and its attachments as files of their own."""

    path: Path
    message_id: str
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    attachments: tuple[Path, ...]


class MailSink:
    """The demo's mail server; a context manager.  ``folder`` holds its certificate, password and mails."""

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        self.folder = folder
        self.mailbox = folder / "mails"
        self.mailbox.mkdir(parents=True, exist_ok=True)
        self._files = server_files(folder / "tls", HOST, "localhost")
        self.ca_file = self._files.authority
        self.password_file = folder / "password"
        if not self.password_file.exists():
            write_private(self.password_file, secrets.token_urlsafe(24).encode())
        self._password = self.password_file.read_bytes()
        self._wanted_port = port
        self._server: SmtpThread | None = None

    @property
    def port(self) -> int:
        """The port that it listens on, or will when it was given one."""
        return self._wanted_port if self._server is None else self._server.port

    def __enter__(self) -> MailSink:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._files.certificate, self._files.key)
        server = SmtpThread(
            self, host=HOST, port=self._wanted_port, hostname="mail.demo.invalid", enable_SMTPUTF8=True,
            tls_context=context, require_starttls=True, auth_required=True, authenticator=self._authenticate,
            data_size_limit=_MOST_BYTES,
        )  # fmt: skip
        server.start()
        self._server = server
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def mails(self) -> tuple[StoredMail, ...]:
        """Everything accepted so far, oldest first."""
        return tuple(_read(path) for path in sorted(self.mailbox.glob("*.eml")))

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """aiosmtpd's hook: the mail is on disk before it is accepted."""
        raw = envelope.original_content or b""
        name = self._store(raw, tuple(envelope.rcpt_tos))
        return f"250 2.0.0 stored as {name}"

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        good = (
            isinstance(data, LoginPassword)
            and hmac.compare_digest(data.login, USERNAME.encode())
            and hmac.compare_digest(data.password, self._password)
        )
        return AuthResult(success=good, handled=False)

    def _store(self, raw: bytes, recipients: tuple[str, ...]) -> str:
        message = _parse(raw)
        subject = safe_name(str(message["Subject"] or ""), fallback="mail", limit=40)
        taken = [int(p.name[:4]) for p in self.mailbox.glob("[0-9][0-9][0-9][0-9]-*.eml")]
        name = f"{max(taken, default=0) + 1:04d}-{subject}"
        # The envelope says who really gets it, whatever the headers say.
        head = f"X-Envelope-To: {', '.join(recipients)}\r\n".encode()
        folder = self.mailbox / name
        for file_name, data in _attached(message):
            folder.mkdir(exist_ok=True)
            _write_durably(folder / file_name, data)
        _write_durably(self.mailbox / f"{name}.eml", head + raw)
        return name


def _parse(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage), "the default policy makes EmailMessage"
    return message


def _attached(message: EmailMessage) -> list[tuple[str, bytes]]:
    """Attachments under names that cannot leave a folder, each name once."""
    found: dict[str, bytes] = {}
    for part in message.walk():
        if part.is_multipart() or part.get_content_disposition() != "attachment":
            continue
        given = Path((part.get_filename() or "attachment").replace("\\", "/"))
        stem, suffix = safe_name(given.stem, fallback="attachment"), safe_name(given.suffix, fallback="bin", limit=8)
        for number in itertools.count(1):
            name = f"{stem}.{suffix}" if number == 1 else f"{stem}-{number}.{suffix}"
            if name not in found:
                break
        data = part.get_payload(decode=True)
        found[name] = data if isinstance(data, bytes) else b""
    return list(found.items())


def _write_durably(path: Path, data: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> StoredMail:
    message = _parse(path.read_bytes())
    body = message.get_body(("plain",))
    folder = path.with_suffix("")
    return StoredMail(
        path=path,
        message_id=str(message["Message-ID"] or ""),
        sender=str(message["From"] or ""),
        to=tuple(a.strip() for a in str(message["X-Envelope-To"]).split(",")),
        subject=str(message["Subject"] or ""),
        text="" if body is None else "\n".join(body.get_content().splitlines()),
        attachments=tuple(sorted(folder.iterdir())) if folder.is_dir() else (),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server until it is interrupted or terminated."""
    parser = argparse.ArgumentParser(prog="python -m clawdbot.demo.sink", description="The demo's mail server.")
    parser.add_argument("folder", type=Path, help="folder of the mail server, for example ~/.clawdbot/demo/mail")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    chosen = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with MailSink(chosen.folder, port=chosen.port) as sink:
        print(f"Listening on {HOST}:{sink.port}; mails are kept in {sink.mailbox}", flush=True)
        stop.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
