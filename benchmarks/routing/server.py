"""A hosted model in small: chat completions over HTTP on the loopback interface, streamed, counted, with a key.

Speaks the subset of OpenAI's API that Clawdbot uses (platform.openai.com/docs/api-reference/chat): server-sent events,
``usage`` in the last one, ``response_format`` with a JSON Schema.  What it counts is what a bill would stand on.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from clawdbot.models.chat import Schema

_PATH = "/v1/chat/completions"
_KNOWN = ("messages", "max_tokens", "max_completion_tokens", "temperature", "seed", "stop")
Event = Mapping[str, Any]


class Backend(Protocol):
    """What answers; :class:`clawdbot.models.llamacpp.Engine` is one."""

    def chat(self, body: dict[str, Any], emit: Callable[[Event], bool]) -> None:
        """One streamed completion; stops when ``emit`` returns True."""

    def grammar(self, schema: Schema) -> str:
        """The schema as the backend's grammar."""


@dataclass(frozen=True, kw_only=True)
class Billed:
    """The tokens of one request; ``cached`` are part of ``prompt``."""

    prompt: int
    cached: int
    completion: int


class HostedModel:
    """A running server; ``billed`` are the requests that it answered so far."""

    def __init__(self, backend: Backend) -> None:
        self.key = secrets.token_hex(16)
        self._billed: list[Billed] = []
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), _handler(backend, self.key, self._bill))
        self.base_url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def billed(self) -> Sequence[Billed]:
        """The requests so far, oldest first."""
        with self._lock:
            return tuple(self._billed)

    def serve(self) -> None:
        """Answer until :meth:`stop`."""
        self._http.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """Stop, and free the port."""
        self._http.shutdown()
        self._http.server_close()

    def _bill(self, usage: Event) -> None:
        found = Billed(
            prompt=usage.get("prompt_tokens", 0),
            cached=usage.get("prompt_tokens_details", {}).get("cached_tokens", 0),
            completion=usage.get("completion_tokens", 0),
        )
        with self._lock:
            self._billed.append(found)


@contextmanager
def hosted(backend: Backend) -> Iterator[HostedModel]:
    """A server that runs while the block does."""
    model = HostedModel(backend)
    thread = threading.Thread(target=model.serve, name="hosted-model", daemon=True)
    thread.start()
    try:
        yield model
    finally:
        model.stop()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True


def _handler(backend: Backend, key: str, bill: Callable[[Event], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """One completion."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path != _PATH:
                return self._refuse(404, "unknown path")
            if self.headers.get("Authorization") != f"Bearer {key}":
                return self._refuse(401, "wrong key")
            try:
                asked = _asked(json.loads(body), backend)
            except (ValueError, KeyError, TypeError) as error:
                return self._refuse(400, f"{type(error).__name__}: {error}")
            backend.chat(asked, _Stream(self, bill).emit)

        def _refuse(self, status: int, message: str) -> None:
            data = json.dumps({"error": {"message": message}}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    return Handler


class _Stream:
    """The events of an answer on their way to the client.  Errors before the first one become a status."""

    def __init__(self, handler: BaseHTTPRequestHandler, bill: Callable[[Event], None]) -> None:
        self._handler = handler
        self._bill = bill
        self._begun = False
        self._done = False

    def emit(self, event: Event) -> bool:
        """Send an event; True when nobody listens any more."""
        try:
            self._send(event)
        except (BrokenPipeError, ConnectionResetError):
            self._done = True
        return self._done

    def _send(self, event: Event) -> None:
        error = event.get("error")
        if error is not None and not self._begun:
            self._begin(int(error.get("code", 500)), "application/json")
            self._handler.wfile.write(json.dumps({"error": error}).encode())
            self._done = True
            return
        if not self._begun:
            self._begin(200, "text/event-stream")
        self._write(json.dumps(event))
        if event.get("usage"):
            self._bill(event["usage"])
            self._write("[DONE]")

    def _begin(self, status: int, kind: str) -> None:
        self._begun = True
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", kind)
        self._handler.send_header("Connection", "close")
        self._handler.end_headers()

    def _write(self, data: str) -> None:
        self._handler.wfile.write(f"data: {data}\n\n".encode())
        self._handler.wfile.flush()


def _asked(body: Mapping[str, Any], backend: Backend) -> dict[str, Any]:
    """The request as the backend takes it: always streamed, always counted, the schema as a grammar."""
    asked = {name: body[name] for name in _KNOWN if body.get(name) is not None}
    asked |= {"stream": True, "stream_options": {"include_usage": True}, "cache_prompt": True}
    wanted = body.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        asked["grammar"] = backend.grammar(wanted["json_schema"]["schema"])
    return asked
