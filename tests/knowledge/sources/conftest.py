"""Servers that sources read from: a web server and a mailbox, both real, with and without TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from proxyprotocol.noop import ProxyProtocolNoop
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer

from clawdbot.demo.certificates import Authority


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """What a server shows, and the authority to trust for it."""

    authority: Path
    server: Path
    stranger: Path
    """An authority that did not sign."""

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.server)
        return context


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    now = datetime.now(UTC)
    authority, stranger = (Authority.create(name, valid_for=timedelta(days=2)) for name in ("ours", "another"))
    certificate, key = authority.issue(
        "127.0.0.1", "public.example", not_before=now - timedelta(days=1), not_after=now + timedelta(days=1)
    )
    found = Certificates(authority=folder / "ca.pem", server=folder / "server.pem", stranger=folder / "stranger.pem")
    found.authority.write_bytes(authority.pem())
    found.stranger.write_bytes(stranger.pem())
    found.server.write_bytes(certificate + key)
    return found


Answer = tuple[int, Mapping[str, str], bytes]


@dataclass
class Web:
    """A web server that answers as it is told; unknown paths are 404."""

    port: int
    scheme: str = "http"
    answers: dict[str, Answer | Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def says(self, path: str, body: str | bytes, kind: str = "text/html; charset=utf-8", **headers: str) -> str:
        raw = body.encode() if isinstance(body, str) else body
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = (200, {"Content-Type": kind, **more}, raw)
        return self.url(path)

    def redirects(self, path: str, target: str, status: int = 302) -> str:
        self.answers[path] = (status, {"Location": target}, b"")
        return self.url(path)

    def fails(self, path: str, status: int) -> str:
        self.answers[path] = (status, {"Content-Type": "text/html"}, b"<p>An error page</p>")
        return self.url(path)


def _serve(web: Web, context: ssl.SSLContext | None) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.asked.append((self.path, dict(self.headers)))
            answer = web.answers.get(self.path, (404, {"Content-Type": "text/html"}, b"<p>Not here</p>"))
            if callable(answer):
                return answer(self)
            status, headers, body = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):  # who asked has seen enough of it
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    web.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


@pytest.fixture
def web() -> Iterator[Web]:
    found = Web(port=0)
    server = _serve(found, None)
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def secure_web(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    found = Web(port=0, scheme="https")
    server = _serve(found, certificates.context())
    monkeypatch.setattr(server, "handle_error", lambda request, client: None)  # refused handshakes are meant
    yield found
    server.shutdown()
    server.server_close()


USER, PASSWORD = "archive", "correct horse"


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """An IMAP server with one user, in memory: a port with TLS from the start and one for STARTTLS."""

    tls_port: int
    plain_port: int


@pytest.fixture(scope="session")
def mailbox(certificates: Certificates) -> Iterator[Mailbox]:
    ready: threading.Event = threading.Event()
    ports: list[int] = []
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def serve() -> None:
        arguments = Namespace(
            host=["127.0.0.1"], port="0", cert=str(certificates.server), key=str(certificates.server), tls=True,
            proxy_protocol=None, inherited_sockets=None, debug=False, skip_services=[], passlib_cfg=None,
            demo_data=False, demo_user=USER, demo_password=PASSWORD, logging_cfg=None,
        )  # fmt: skip
        backend, config = await DictBackend.init(arguments)
        config.apply_context()
        answer = ProxyProtocolReader(ProxyProtocolNoop()).get_callback(IMAPServer(backend.login, config))
        async with AsyncExitStack() as stack:
            for context in (certificates.context(), None):
                server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
                await stack.enter_async_context(server)
                ports.append(server.sockets[0].getsockname()[1])
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(30)
    yield Mailbox(tls_port=ports[0], plain_port=ports[1])
    loop.call_soon_threadsafe(done.set)
    thread.join(30)
    loop.close()
