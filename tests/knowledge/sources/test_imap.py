"""Mailboxes on a real IMAP server."""

from __future__ import annotations

import contextlib
import gc
import socket
import ssl
import threading
import uuid
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from imapclient import DELETED, SEEN, IMAPClient  # type: ignore[import-untyped]  # it ships no types

from clawdbot.config import SourceConfig
from clawdbot.errors import KnowledgeError, LoadFailed
from clawdbot.knowledge.sources.imap import ImapSource
from clawdbot.knowledge.sources.source import Unreachable
from tests.knowledge.sources.conftest import PASSWORD, USER, Certificates, Mailbox


def mail(subject: str, body: str = "正文", date: str = "Mon, 03 Aug 2026 23:30:00 +0800") -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"], message["Date"] = subject, "a@example.com", date
    message.set_content(body)
    return message.as_bytes()


class Person:
    """Who fills the mailbox, over a connection of their own."""

    def __init__(self, mailbox: Mailbox, certificates: Certificates) -> None:
        context = ssl.create_default_context(cafile=certificates.authority)
        self.client = IMAPClient("127.0.0.1", port=mailbox.tls_port, ssl_context=context, timeout=30)
        self.client.login(USER, PASSWORD)
        self.folder = f"归档/{uuid.uuid4().hex}"

    def puts(self, *mails: bytes) -> None:
        if not self.client.folder_exists(self.folder):
            self.client.create_folder(self.folder)
        for each in mails:
            self.client.append(self.folder, each)

    def numbers(self) -> list[int]:
        self.client.select_folder(self.folder)
        return list(self.client.search())


@pytest.fixture
def person(mailbox: Mailbox, certificates: Certificates) -> Iterator[Person]:
    found = Person(mailbox, certificates)
    yield found
    found.client.logout()


@pytest.fixture
def settings(
    mailbox: Mailbox, person: Person, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    monkeypatch.setenv("IMAP_SECRET", PASSWORD)
    return {
        "host": "127.0.0.1", "port": mailbox.tls_port, "username": USER, "password_env": "IMAP_SECRET",
        "folder": person.folder, "ca_file": certificates.authority,
    }  # fmt: skip


def source(settings: dict[str, Any], *, max_bytes: int = 100_000, **more: Any) -> ImapSource:
    return ImapSource("mails", SourceConfig(kind="imap", **settings | more), max_bytes=max_bytes)


def test_mails_are_documents(person: Person, settings: dict[str, Any]) -> None:
    person.puts(mail("采购合同/2026"), mail("Price list", date="nonsense"))
    place = source(settings)
    first, second = place.items()
    assert first.name == "2026-08-03 采购合同 2026 [101].eml" and first.modified_at == "2026-08-03T15:30:00+00:00"
    assert second.name.endswith(" Price list [102].eml") and second.modified_at, "without a date it is the arrival's"
    with place.fetch(first) as path:
        assert path.suffix == ".eml" and path.read_bytes().replace(b"\r\n", b"\n") == mail("采购合同/2026")
    assert not path.exists() and (place.name, place.config.kind) == ("mails", "imap")
    assert list(place.items()) == [first, second]
    place.close()
    assert list(source(settings).items()) == [first, second], "another process finds the same names and marks"


def test_nothing_changes_on_the_server(person: Person, settings: dict[str, Any]) -> None:
    person.puts(mail("a"))
    place = source(settings)
    for item in place.items():
        with place.fetch(item):
            pass
    flags = person.client.get_flags(person.numbers())
    assert all(SEEN not in found for found in flags.values())


def test_deleted_mails_vanish(person: Person, settings: dict[str, Any]) -> None:
    person.puts(mail("a"), mail("b"), mail("c"))
    place = source(settings)
    a, b, c = place.items()
    numbers = person.numbers()
    person.client.set_flags([numbers[0]], [DELETED])
    assert list(place.items()) == [b, c]
    person.client.expunge()
    assert list(place.items()) == [b, c]
    with pytest.raises(LoadFailed, match="not there any more"), place.fetch(a):
        pass


def test_a_folder_made_anew_has_new_mails(person: Person, settings: dict[str, Any]) -> None:
    person.puts(mail("a"))
    place = source(settings)
    (before,) = place.items()
    person.client.delete_folder(person.folder)
    person.puts(mail("another"))
    (after,) = place.items()
    assert before.fingerprint != after.fingerprint
    with pytest.raises(LoadFailed, match="not there any more"), place.fetch(before):
        pass


def test_a_mail_that_is_too_large_has_a_problem(person: Person, settings: dict[str, Any]) -> None:
    person.puts(mail("large", "x" * 3000))
    (item,) = source(settings, max_bytes=2000).items()
    assert "limit is 2000" in item.problem


SUBJECTS = (
    (b"Subject: =?no-such?b?5ZCI5ZCM?=", "=?no-such?b?5ZCI5ZCM?="),
    (b"Subject: a\r\n b", "a b"),
    (b"X: y", "-"),
    ("Subject: 合同".encode(), "合同"),
    ("Subject: 合同".encode("gb18030"), "合同"),
    (b"Subject: caf\xe9", "café"),
    (b"Subject: " + b"long " * 40, ("long " * 16).strip()),
)


def test_subjects_as_they_come(person: Person, settings: dict[str, Any]) -> None:
    person.puts(*(header + b"\r\nDate: Mon, 03 Aug 2026 10:00:00\r\n\r\nbody\r\n" for header, _ in SUBJECTS))
    shown = [item.name for item in source(settings).items()]
    assert shown == [f"2026-08-03 {name} [{number}].eml" for number, (_, name) in enumerate(SUBJECTS, 101)]


def test_starttls(person: Person, mailbox: Mailbox, settings: dict[str, Any]) -> None:
    person.puts(mail("a"))
    assert len(list(source(settings, port=mailbox.plain_port, security="starttls").items())) == 1
    assert len(list(source(settings, port=mailbox.plain_port, security="none").items())) == 1, "on this machine only"


def test_certificates_are_checked(
    person: Person, mailbox: Mailbox, settings: dict[str, Any], certificates: Certificates
) -> None:
    for more in ({"security": "tls"}, {"security": "starttls", "port": mailbox.plain_port}):
        with pytest.raises(KnowledgeError, match="certificate verify failed"):
            list(source(settings, ca_file=certificates.stranger, **more).items())


def test_what_is_wrong_is_said(mailbox: Mailbox, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KnowledgeError, match=r"Check folder in .*'nope'"):
        list(source(settings, folder="nope").items())
    with pytest.raises(KnowledgeError, match="Check host, port"):
        list(source(settings, port=9).items())
    monkeypatch.setenv("IMAP_SECRET", "wrong")
    with pytest.raises(KnowledgeError, match="Check username and password"):
        list(source(settings).items())
    monkeypatch.delenv("IMAP_SECRET")
    with pytest.raises(KnowledgeError, match="export IMAP_SECRET"):
        list(source(settings).items())
    with pytest.raises(KnowledgeError, match="Set password_env"):
        list(source(settings, password_env="").items())
    with pytest.raises(KnowledgeError, match="without encryption"):
        list(source(settings, host="imap.example.com", security="none").items())


def test_a_password_in_a_file(person: Person, settings: dict[str, Any], tmp_path: Path) -> None:
    person.puts(mail("a"))
    (tmp_path / "secret").write_text(PASSWORD + "\n")
    assert len(list(source(settings, password_env="", password_file=tmp_path / "secret").items())) == 1
    (tmp_path / "bad").write_bytes(b"\xff")
    for name, said in (("absent", "No such file"), ("bad", "not UTF-8")):
        with pytest.raises(KnowledgeError, match=said):
            list(source(settings, password_file=tmp_path / name).items())


def test_a_server_that_hung_up_is_called_again(person: Person, settings: dict[str, Any]) -> None:
    person.puts(mail("a"))
    with Wire(settings["port"]) as wire:
        place = source(settings, port=wire.port)
        (item,) = place.items()
        wire.cut()
        with place.fetch(item) as path:
            assert path.stat().st_size
        wire.cut()
        assert list(place.items()) == [item]
        wire.close()
        with pytest.raises(Unreachable), place.fetch(item):
            pass
        with pytest.raises(KnowledgeError, match="cannot be read"):
            list(place.items())


def test_a_password_that_is_gone_meanwhile(
    person: Person, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    person.puts(mail("a"))
    place = source(settings)
    (item,) = place.items()
    place.close()
    monkeypatch.delenv("IMAP_SECRET")
    with pytest.raises(Unreachable, match="export IMAP_SECRET"), place.fetch(item):
        pass


def test_the_connection_ends_with_the_source(person: Person, settings: dict[str, Any]) -> None:
    person.puts(mail("a"))
    place = source(settings)
    assert list(place.items())
    del place
    gc.collect()  # an open socket would be a ResourceWarning, which is an error here


class Wire:
    """A wire to the server that can be cut."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # closed by the test
            self.close()

    def cut(self) -> None:
        for end in self._ends:
            with contextlib.suppress(OSError):  # the other side was quicker
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for a call
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            self._ends += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            return
