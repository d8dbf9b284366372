"""The demo's mail server, by real SMTP clients."""

from __future__ import annotations

import os
import signal
import smtplib
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography import x509

from clawdbot.demo.certificates import Authority, server_files
from clawdbot.demo.sink import HOST, USERNAME, MailSink
from clawdbot.errors import UsageError


@contextmanager
def client(sink: MailSink, *, password: str | None = None) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(HOST, sink.port) as connection:
        connection.starttls(context=ssl.create_default_context(cafile=sink.ca_file))
        connection.login(USERNAME, password or sink.password_file.read_text())
        yield connection


def a_mail(**attachments: bytes) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "报告/../1"
    message["Message-ID"] = "<1@example.com>"
    message.set_content("您好\n第二行\n")
    for name, data in attachments.items():
        message.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    return message


def test_an_accepted_mail_is_a_file_that_opens(tmp_path: Path) -> None:
    with MailSink(tmp_path) as sink, client(sink) as connection:
        connection.send_message(a_mail(**{"报告.pdf": b"%PDF-1.7"}), to_addrs=["b@example.com", "hidden@example.com"])
        (stored,) = sink.mails()
    assert stored.path.read_bytes().startswith(b"X-Envelope-To: b@example.com, hidden@example.com\r\n")
    assert (stored.message_id, stored.sender, stored.subject) == ("<1@example.com>", "a@example.com", "报告/../1")
    assert stored.to == ("b@example.com", "hidden@example.com")
    assert stored.text == "您好\n第二行"
    assert [(p.name, p.read_bytes()) for p in stored.attachments] == [("报告.pdf", b"%PDF-1.7")]
    assert MailSink(tmp_path).mails() == (stored,)


def test_mails_are_numbered_and_kept_apart(tmp_path: Path) -> None:
    for expected in (2, 4):
        with MailSink(tmp_path) as sink, client(sink) as connection:
            connection.send_message(a_mail())
            connection.send_message(a_mail(x=b"1"))
            assert [m.path.name[:4] for m in sink.mails()] == [f"{n:04d}" for n in range(1, expected + 1)]
            assert sink.mails()[0].attachments == ()


def test_names_of_attachments_stay_in_the_folder(tmp_path: Path) -> None:
    hostile = ["../../escape.pdf", "/etc/passwd", "..\\..\\win.exe", "..", "", "a" * 300 + ".pdf", "x\u202efdp.exe"]
    message = a_mail()
    for name in [*hostile, "same.pdf", "same.pdf"]:
        message.add_attachment(name.encode(), maintype="application", subtype="octet-stream", filename=name)
    box = tmp_path / "home"
    with MailSink(box) as sink, client(sink) as connection:
        before = {p for p in tmp_path.rglob("*") if p.is_file()}
        connection.send_message(message)
        (stored,) = sink.mails()
    made = {p for p in tmp_path.rglob("*") if p.is_file()} - before
    assert made == {stored.path, *stored.attachments}
    assert all(p.parent == stored.path.with_suffix("") for p in stored.attachments)
    assert len(stored.attachments) == len(hostile) + 2
    assert {"same.pdf", "same-2.pdf", "escape.pdf", "win.exe"} <= {p.name for p in stored.attachments}


def test_without_the_password_or_tls_nothing_is_taken(tmp_path: Path) -> None:
    with MailSink(tmp_path) as sink:
        with pytest.raises(smtplib.SMTPAuthenticationError), client(sink, password="wrong"):
            pass
        with smtplib.SMTP(HOST, sink.port) as plain, pytest.raises(smtplib.SMTPResponseException, match="STARTTLS"):
            plain.sendmail("a@example.com", ["b@example.com"], "Subject: x\r\n\r\nx")
        with smtplib.SMTP(HOST, sink.port) as stranger, pytest.raises(ssl.SSLCertVerificationError):
            stranger.starttls(context=ssl.create_default_context())
        assert sink.mails() == ()


def test_secrets_are_for_the_owner_only_and_stay_the_same(tmp_path: Path) -> None:
    first = MailSink(tmp_path)
    secret = first.password_file.read_text()
    for path in (first.password_file, first.ca_file, tmp_path / "tls/server.key", tmp_path / "tls/server.pem"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(secret) >= 24
    assert MailSink(tmp_path).password_file.read_text() == secret
    assert sorted(p.name for p in (tmp_path / "tls").iterdir()) == ["ca.pem", "server.key", "server.pem"]


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with MailSink(tmp_path / "a") as sink, pytest.raises(UsageError, match=str(sink.port)):
        MailSink(tmp_path / "b", port=sink.port).__enter__()


def test_certificates_are_made_anew_before_they_end_or_when_damaged(tmp_path: Path) -> None:
    files = server_files(tmp_path, "127.0.0.1")
    first = files.certificate.read_bytes()
    assert server_files(tmp_path, "127.0.0.1").certificate.read_bytes() == first
    now = datetime.now(UTC)
    authority = Authority.create("x", valid_for=timedelta(days=2))
    short, key = authority.issue("127.0.0.1", not_before=now - timedelta(days=1), not_after=now + timedelta(hours=1))
    for path, data in ((files.certificate, short), (files.key, key), (files.authority, authority.pem())):
        path.write_bytes(data)
    assert server_files(tmp_path, "127.0.0.1").certificate.read_bytes() not in (first, short)
    for damaged in (files.key, files.authority):
        damaged.write_text("damaged")
        renewed = x509.load_pem_x509_certificate(server_files(tmp_path, "127.0.0.1").certificate.read_bytes())
        assert renewed.not_valid_after_utc > now + timedelta(days=300)
    files.key.write_bytes(key)
    server_files(tmp_path, "127.0.0.1")
    assert files.key.read_bytes() != key


def test_it_runs_as_a_program_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "clawdbot.demo.sink", str(tmp_path)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        port = int(line.split(":")[1].split(";")[0])
        sink = MailSink(tmp_path, port=port)
        with client(sink) as connection:
            connection.send_message(a_mail())
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=20) == 0
    assert len(sink.mails()) == 1
