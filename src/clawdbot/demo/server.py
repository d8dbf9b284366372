"""An SMTP server in a thread of its own: it listens when ``start`` returns, and ``stop`` leaves nothing open."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from typing import Any

from aiosmtpd.smtp import SMTP

from clawdbot.errors import UsageError


class TrackedSmtp(SMTP):
    """aiosmtpd's protocol, known to its server while it is connected so that it can be closed."""

    def __init__(self, handler: object, *, connected: set[TrackedSmtp], **options: Any) -> None:
        super().__init__(handler, **options)
        self._connected = connected

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connected.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._connected.discard(self)
        super().connection_lost(error)


class SmtpThread:
    """Serve mail on a local address with aiosmtpd; ``port`` 0 takes a free one.

    ``handler`` has aiosmtpd's hooks (``handle_DATA`` and so on), ``options`` are those of ``aiosmtpd.smtp.SMTP``;
    ``tls`` wraps the connection from its first byte (for STARTTLS pass ``tls_context`` as an option).
    """

    def __init__(
        self,
        handler: object,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        protocol: type[TrackedSmtp] = TrackedSmtp,
        **options: Any,
    ) -> None:
        self.host = host
        self.port = port
        self._handler = handler
        self._tls = tls
        self._protocol = protocol
        self._options = options
        self._thread: threading.Thread | None = None
        self._wake: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def start(self) -> None:
        """Listen; UsageError when the port is taken."""
        # aiosmtpd warns at each login of a deprecation in itself; its real troubles are logged as errors.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen()
        except OSError as error:
            listener.close()
            raise UsageError(
                f"Cannot listen on {self.host}:{self.port}: {error.strerror}.",
                hint="Stop the program that uses the port, or choose another.",
            ) from error
        self.port = listener.getsockname()[1]
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener, ready)), daemon=True, name=f"smtp-{self.port}"
        )
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """Close all connections and wait for the thread; does nothing when not started."""
        if self._thread is None or self._wake is None:
            return
        loop, stopping = self._wake
        loop.call_soon_threadsafe(stopping.set)
        self._thread.join()
        self._thread = self._wake = None

    async def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        loop = asyncio.get_running_loop()
        stopping = asyncio.Event()
        self._wake = (loop, stopping)
        connected: set[TrackedSmtp] = set()
        server = await loop.create_server(
            lambda: self._protocol(self._handler, connected=connected, loop=loop, **self._options),
            sock=listener,
            ssl=self._tls,
        )
        ready.set()
        await stopping.wait()
        server.close()
        for session in tuple(connected):
            if session.transport is not None:
                session.transport.abort()  # type: ignore[attr-defined]  # a TCP or TLS transport has it
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
