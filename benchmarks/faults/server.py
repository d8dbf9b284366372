"""A model server with one fault.

Wire formats from the public documentation: https://github.com/ollama/ollama/blob/main/docs/api.md ("Generate a chat
completion") and https://platform.openai.com/docs/api-reference/chat-streaming ("The chat completion chunk object").
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from benchmarks.faults.fault import Fault, Wire

Brain = Callable[[list[dict[str, str]], dict[str, Any]], str]
"""What a model would write: (messages, schema) to text."""

MODEL = "office-model"
_CHAT = {"ollama": "/api/chat", "openai": "/v1/chat/completions"}
_PIECE = 12
_WRONG_CLOCK_S = 7200.0
_PROSE = "I think that the table which you want is called orders."
_FORBIDDEN = '{"thought": 7, "tool": "drop_everything", "args": {"sure": true}}'


class FaultyServer:
    """Listens on this machine; ``faulty(n)`` says whether the n-th chat, from 1, meets the fault."""

    def __init__(
        self, wire: Wire, brain: Brain, fault: Fault = "none", *, faulty: Callable[[int], bool] = lambda number: True
    ) -> None:
        self.wire = wire
        self.brain = brain
        self.fault = fault
        self.faulty = faulty
        self.asked: list[float] = []
        """When each chat came, on the monotonic clock."""
        self.load_s = 0.001
        """What an Ollama says that loading the model took."""
        self.raw = b""
        """A body that is sent instead of an answer."""
        self.came = threading.Event()
        """A chat has been asked for."""
        self.left = threading.Event()
        """A client closed its connection while it was kept waiting."""
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), type("Bound", (_Handler,), {"model_server": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._stopped = False

    @property
    def url(self) -> str:
        """What ``base_url`` of the model has to be."""
        address = f"http://127.0.0.1:{self._server.server_port}"
        return address if self.wire == "ollama" else f"{address}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Close the port; whoever is kept waiting is let go."""
        if self._stopped:
            return
        self._stopped = True
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next_fault(self) -> Fault:
        """The fault of the chat that has just come."""
        with self._lock:
            self.asked.append(time.monotonic())
            self.came.set()
            return self.fault if self.faulty(len(self.asked)) else "none"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what this is about."""


class _Handler(BaseHTTPRequestHandler):
    model_server: FaultyServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/api/tags":
            return self._whole(200, {"models": [{"name": MODEL, "model": MODEL, "size": 1}]})
        return self._whole(404, {"error": "page not found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        server = self.model_server
        if self.path == "/api/show":
            return self._whole(200, {"capabilities": ["completion"]})
        if self.path != _CHAT[server.wire]:
            return self._whole(404, {"error": "page not found"})
        fault = server.next_fault()
        if fault == "slow_first_token":
            return self._keep_waiting()
        refusal = _REFUSALS.get(fault)
        if refusal is not None:
            status, headers = refusal()
            return self._whole(status, {"error": {"message": "slow down"}}, headers)
        return self._answer(body, fault)

    def _answer(self, body: dict[str, Any], fault: Fault) -> None:
        server = self.model_server
        if server.raw:
            self._begin()
            self._chunk(server.raw.decode())
            self._chunk("")
            return
        said = {"bad_json": _PROSE, "schema_violated": _FORBIDDEN}.get(fault)
        text = server.brain(body["messages"], _schema(body)) if said is None else said
        cut_short = server.wire == "openai" and fault == "silent_truncation"
        pieces = [text[at : at + _PIECE] for at in range(0, len(text) // 2 if cut_short else len(text), _PIECE)]
        write = _ollama_lines if server.wire == "ollama" else _openai_events
        lines = list(write(body, pieces, cut=fault == "silent_truncation", load_s=server.load_s))
        self._begin()
        if fault not in ("stall", "cut"):
            for line in lines:
                self._chunk(line)
            self._chunk("")
            return
        for line in lines[: max(1, len(pieces) // 2)]:
            self._chunk(line)
        if fault == "stall":
            self._keep_waiting()
        elif server.wire == "ollama":
            self._chunk("")  # a proper end of the body, but no line that says "done"

    def _begin(self) -> None:
        self.close_connection = True
        self.send_response(200)
        kind = "application/x-ndjson" if self.model_server.wire == "ollama" else "text/event-stream"
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()

    def _chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _keep_waiting(self) -> None:
        """Until the client leaves or the server stops."""
        self.close_connection = True
        self.connection.settimeout(0.05)
        while not self.model_server.over.is_set():
            try:
                gone = self.connection.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                gone = True
            if gone:
                self.model_server.left.set()
                return

    def _whole(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        text = json.dumps(value).encode()
        self.send_response_only(status)
        given = {"Date": formatdate(usegmt=True), **(headers or {})}
        for name, said in {**given, "Content-Type": "application/json", "Content-Length": str(len(text))}.items():
            self.send_header(name, said)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on standard error."""


def _by_a_wrong_clock() -> tuple[int, dict[str, str]]:
    # Not time.time: the benchmark moves this process's own clock.
    now = time.clock_gettime(time.CLOCK_REALTIME) + _WRONG_CLOCK_S
    return 429, {"Date": formatdate(now, usegmt=True), "Retry-After": formatdate(now + 1, usegmt=True)}


_REFUSALS: dict[str, Callable[[], tuple[int, dict[str, str]]]] = {
    "rate_limited": lambda: (429, {}),
    "rate_limited_after": lambda: (429, {"Retry-After": "1"}),
    "unavailable": lambda: (503, {}),
    "clock_jump": _by_a_wrong_clock,
}


def _schema(body: dict[str, Any]) -> dict[str, Any]:
    shape = body.get("response_format", {})
    found: dict[str, Any] = body.get("format") or shape.get("json_schema", {}).get("schema") or {}
    return found


def _ollama_lines(body: dict[str, Any], pieces: list[str], *, cut: bool, load_s: float) -> Iterator[str]:
    base = {"model": body["model"], "created_at": "2026-10-01T08:00:00.0Z"}
    for piece in pieces:
        yield json.dumps({**base, "message": {"role": "assistant", "content": piece}, "done": False}) + "\n"
    read = sum(len(message["content"]) for message in body["messages"]) // 3
    end = {
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": "stop",
        "total_duration": 2_000_000,
        "load_duration": round(load_s * 1e9),
        "prompt_eval_count": 40 if cut else read,
        "prompt_eval_duration": 1_000_000,
        "eval_count": len(pieces),
        "eval_duration": 1_000_000,
    }
    yield json.dumps({**base, **end}) + "\n"


def _openai_events(body: dict[str, Any], pieces: list[str], *, cut: bool, load_s: float) -> Iterator[str]:
    base = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
    for piece in pieces:
        yield _event({**base, "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]})
    yield _event({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    read = sum(len(message["content"]) for message in body["messages"]) // 3
    usage = {"prompt_tokens": read, "completion_tokens": len(pieces), "total_tokens": read + len(pieces)}
    yield _event({**base, "choices": [], "usage": usage})
    yield "data: [DONE]\n\n"


def _event(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value)}\n\n"
