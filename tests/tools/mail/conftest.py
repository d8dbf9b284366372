"""A real SMTP server that can be told to misbehave, and certificates to misbehave with."""

from __future__ import annotations

import asyncio
import email
import email.policy
import itertools
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import stamina
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from clawdbot.access.envelope import Envelope as RunEnvelope
from clawdbot.config import Config, MailConfig
from clawdbot.demo.certificates import Authority
from clawdbot.demo.server import SmtpThread, TrackedSmtp
from clawdbot.store.database import sqlite_url
from clawdbot.store.ledger import RunLedger
from clawdbot.store.outbox import Outbox
from clawdbot.tools.contract import RunView, ToolContext
from clawdbot.tools.workspace import Workspace
from tests.store.conftest import ledger_url, postgres

__all__ = ["ledger_url", "postgres"]

DROP = "drop"
HANG = "hang"
USER, PASSWORD = "bot", "correct horse"


@dataclass(kw_only=True)
class Behaviour:
    """What the server answers next; an empty queue means: accept.  Also what it has accepted."""

    ehlo: deque[str] = field(default_factory=deque)
    mail: deque[str] = field(default_factory=deque)
    rcpt: dict[str, deque[str]] = field(default_factory=dict)
    data_command: deque[str] = field(default_factory=deque)
    data: deque[str] = field(default_factory=deque)
    accepted: list[Envelope] = field(default_factory=list)
    rcpt_seen: list[str] = field(default_factory=list)
    stored: threading.Event = field(default_factory=threading.Event)

    def message(self, number: int = -1) -> EmailMessage:
        raw = self.accepted[number].original_content
        assert raw is not None
        found = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(found, EmailMessage)
        return found

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if self.ehlo:
            await _misbehave(server, self.ehlo.popleft())
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mail:
            return await _misbehave(server, self.mail.popleft())
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.rcpt_seen.append(address)
        planned = self.rcpt.get(address)
        if planned:
            return await _misbehave(server, planned.popleft())
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.data.popleft() if self.data else "250 2.0.0 queued as 4711"
        if answer.startswith("2") or answer in (DROP, HANG):
            self.accepted.append(envelope)
            self.stored.set()
        return await _misbehave(server, answer)


async def _misbehave(server: SMTP, answer: str) -> str:
    if answer == HANG:
        await asyncio.Event().wait()
    if answer == DROP:
        assert server.transport is not None
        server.transport.abort()  # type: ignore[attr-defined]  # a TCP or TLS transport has it
        await asyncio.Event().wait()
    return answer


class FaultyData(TrackedSmtp):
    """Can lose the connection at the DATA command, before 354."""

    async def smtp_DATA(self, arg: str) -> None:
        behaviour = self.event_handler
        if behaviour.data_command:
            await self.push(await _misbehave(self, behaviour.data_command.popleft()))
        else:
            await super().smtp_DATA(arg)


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server, and the settings that reach it."""

    behaviour: Behaviour
    settings: MailConfig


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Certificates of one test run: good, for another host, and expired."""

    authority: Path
    contexts: dict[str, ssl.SSLContext]


@pytest.fixture(scope="session")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority.create("test authority", valid_for=timedelta(days=2))
    now = datetime.now(UTC)
    wanted = {
        "good": ("127.0.0.1", now - timedelta(days=2), now + timedelta(days=1)),
        "wrong host": ("mail.example.org", now - timedelta(days=2), now + timedelta(days=1)),
        "expired": ("127.0.0.1", now - timedelta(days=2), now - timedelta(days=1)),
    }
    contexts = {}
    for name, (host, start, end) in wanted.items():
        certificate, key = authority.issue(host, not_before=start, not_after=end)
        path = folder / f"{name}.pem"
        path.write_bytes(certificate + key)
        contexts[name] = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        contexts[name].load_cert_chain(path)
    (folder / "ca.pem").write_bytes(authority.pem())
    return Trust(authority=folder / "ca.pem", contexts=contexts)


StartServer = Callable[..., Server]


@pytest.fixture
def start_server(trust: Trust, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartServer]:
    """``start_server(security=..., certificate=..., login=True, **aiosmtpd options)``; stopped after the test."""
    monkeypatch.setenv("TEST_MAIL_PASSWORD", PASSWORD)
    running: list[SmtpThread] = []

    def start(*, security: str = "none", certificate: str = "good", login: bool = False, **options: Any) -> Server:
        behaviour = Behaviour()
        context = trust.contexts[certificate]
        if security == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        if login:
            options |= {"auth_required": True, "authenticator": _authenticate, "auth_require_tls": security != "tls"}
        thread = SmtpThread(
            behaviour,
            tls=context if security == "tls" else None,
            protocol=FaultyData,
            **{"hostname": "mx.test", "enable_SMTPUTF8": True, **options},
        )
        thread.start()
        running.append(thread)
        settings = MailConfig(
            host="127.0.0.1",
            port=thread.port,
            security=security,
            ca_file=None if security == "none" else trust.authority,
            from_="Clawdbot 助手 <bot@example.com>",
            username=USER if login else "",
            password_env="TEST_MAIL_PASSWORD" if login else "",
            timeout_s=10,
            contacts={"财务": "finance@example.com"},
        )
        return Server(behaviour=behaviour, settings=settings)

    yield start
    for thread in running:
        thread.stop()


@pytest.fixture
def no_pauses() -> Iterator[None]:
    """Retries happen at once, up to four attempts."""
    with stamina.set_testing(True, attempts=4):
        yield


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A run's folder that holds a report, a chart with its vector twin, and an exported table."""
    space = Workspace(tmp_path / "run")
    for name, kind, data in (
        ("销售报告.pdf", "report", b"%PDF-1.7 report"),
        ("chart.png", "chart", b"\x89PNG chart"),
        ("chart.pdf", "chart-pdf", b"%PDF-1.7 chart"),
        ("sales.csv", "export", b"region,revenue\nNorth,1200\n"),
    ):
        path = space.root / "artifacts" / name
        path.write_bytes(data)
        space.add_artifact(path, kind=kind)
    return space


MakeContext = Callable[..., ToolContext]


@pytest.fixture
def mail_ledger(tmp_path: Path) -> Iterator[RunLedger]:
    """A ledger with the run 'run-1'."""
    opened = RunLedger(sqlite_url(tmp_path / "ledger.db"))
    opened.create_run(goal="g", language="zh", run_id="run-1")
    yield opened
    opened.close()


@pytest.fixture
def make_context(workspace: Workspace, mail_ledger: RunLedger) -> MakeContext:
    """``make_context(settings, recipients=..., seconds=...)``: what the executor gives to a tool, for a call that was
    not made before."""
    numbers = itertools.count(1)

    def make(
        settings: MailConfig,
        *,
        recipients: tuple[str, ...] = ("finance@example.com",),
        language: Any = "zh",
        seconds: float = 60.0,
        goal: str = "把 2026 年第三季度的销售报告发给财务",
        allow: tuple[str, ...] = (),
        key: str = "",
    ) -> ToolContext:
        return ToolContext(
            run_id="run-1",
            goal=goal,
            language=language,
            workspace=workspace,
            config=Config(mail=settings),
            envelope=RunEnvelope(recipients=frozenset(recipients), allow_recipients=allow),
            effect_key=key or f"key-{next(numbers)}",
            deadline=time.monotonic() + seconds,
            services={Outbox: mail_ledger.outbox},
        )

    return make


@pytest.fixture
def make_view(workspace: Workspace) -> Callable[..., RunView]:
    """``make_view(settings, deliverables, ...)``: what a tool sees when it narrows its schema."""

    def make(
        settings: MailConfig,
        deliverables: set[Any],
        *,
        recipients: tuple[str, ...] = ("finance@example.com",),
        hints: dict[str, Any] | None = None,
        done: tuple[dict[str, Any], ...] = (),
        space: Workspace | None = None,
    ) -> RunView:
        return RunView(
            goal="",
            language="en",
            deliverables=frozenset(deliverables),
            workspace=space or workspace,
            envelope=RunEnvelope(recipients=frozenset(recipients)),
            config=Config(mail=settings),
            hints=hints or {},
            done=done,
        )

    return make
