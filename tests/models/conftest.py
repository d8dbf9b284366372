"""Model servers that really listen: Ollama's and OpenAI's wire formats as their public documentation gives them.

In place of weights stands :func:`obedient`, which writes the smallest answer that the schema allows.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

Reply = Callable[["Handler", dict[str, Any]], None]


def obedient(schema: dict[str, Any] | None, prompt: str) -> str:
    """The smallest JSON text under ``schema``; free strings repeat the end of the prompt."""
    return prompt if schema is None else json.dumps(_smallest(schema, prompt), ensure_ascii=False)


def _smallest(schema: dict[str, Any], prompt: str) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return next((choice for choice in schema["enum"] if str(choice) in prompt), schema["enum"][0])
    if "anyOf" in schema:
        return _smallest(schema["anyOf"][0], prompt)
    kind = schema.get("type")
    if kind == "object":
        return {name: _smallest(part, prompt) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [_smallest(schema["items"], prompt)] * schema.get("minItems", 0)
    return {"integer": 1, "number": 1.5, "boolean": True}.get(str(kind), prompt[-schema.get("maxLength", 80) :])


def tokens(text: str) -> list[str]:
    """What the servers below call tokens: three characters each."""
    return [text[start : start + 3] for start in range(0, len(text), 3)]


@dataclass
class Listening:
    """A running server: its address, what it was asked, and how it replies to each path."""

    url: str
    replies: dict[str, Reply]
    requests: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)

    def bodies(self, path: str) -> list[dict[str, Any]]:
        """The JSON bodies that were posted to ``path``."""
        return [body for asked, body, _ in self.requests if asked == path]


class Handler(BaseHTTPRequestHandler):
    """Dispatches to the server's replies; quiet."""

    listening: Listening
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._dispatch({})

    def do_POST(self) -> None:
        self._dispatch(json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}"))

    def _dispatch(self, body: dict[str, Any]) -> None:
        self.listening.requests.append((self.path, body, {name.lower(): value for name, value in self.headers.items()}))
        reply = self.listening.replies.get(self.path)
        if reply is None:
            self.json(404, {"error": "page not found"})
        else:
            reply(self, body)

    def json(self, status: int, value: Any) -> None:
        """A whole answer."""
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def lines(self, content_type: str, lines: Iterator[str]) -> None:
        """A streamed answer that ends with the connection."""
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for line in lines:
            self.wfile.write(line.encode())
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on standard error."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what the timeout tests are about."""


def listen(replies: dict[str, Reply]) -> Iterator[Listening]:
    """Serve ``replies`` on a free port of this machine."""
    server = _Server(("127.0.0.1", 0), Handler)
    listening = Listening(url=f"http://127.0.0.1:{server.server_port}", replies=replies)
    server.RequestHandlerClass = type("Bound", (Handler,), {"listening": listening})
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield listening
    finally:
        listening.gone.set()
        server.shutdown()
        server.server_close()
        thread.join()


def ollama_chat(handler: Handler, body: dict[str, Any]) -> None:
    """``/api/chat``: NDJSON, counts and ``done_reason`` in the last line."""
    if body["model"] == "absent":
        return handler.json(404, {"error": 'model "absent" not found, try pulling it first'})
    prompt = "".join(message["content"] for message in body["messages"])
    wanted = tokens(obedient(body.get("format"), body["messages"][-1]["content"]))
    given = wanted[: body["options"]["num_predict"]]
    base = {"model": body["model"], "created_at": "2026-10-01T08:00:00.0Z"}
    lines: list[dict[str, Any]] = [
        {**base, "message": {"role": "assistant", "content": "", "thinking": "hm"}, "done": False}
    ]
    lines += [{**base, "message": {"role": "assistant", "content": text}, "done": False} for text in given]
    last = {
        **base,
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": "stop" if given == wanted else "length",
        "total_duration": 5_000_000_000,
        "load_duration": 1_000_000,
        "prompt_eval_count": len(tokens(prompt)) + 9,
        "prompt_eval_duration": 1_000_000_000,
        "eval_count": len(given),
        "eval_duration": 2_000_000_000,
    }
    return handler.lines("application/x-ndjson", (json.dumps(line) + "\n" for line in [*lines, last]))


def ollama_tags(handler: Handler, body: dict[str, Any]) -> None:
    """``/api/tags``: an embedding model, a cloud model and a local chat model, latest first."""
    names = ("nomic-embed-text:latest", "gpt-oss:120b-cloud", "qwen2.5:3b")
    handler.json(200, {"models": [{"name": name, "model": name, "size": 1} for name in names]})


def ollama_show(handler: Handler, body: dict[str, Any]) -> None:
    """``/api/show``: what a model can do."""
    can = ["embedding"] if "embed" in body["model"] else ["completion", "tools"]
    handler.json(200, {"capabilities": can, "details": {"family": "qwen2"}})


def ollama_pull(handler: Handler, body: dict[str, Any]) -> None:
    """``/api/pull``: NDJSON with the progress of each layer."""
    if body["model"] == "absent":
        lines: list[dict[str, object]] = [
            {"status": "pulling manifest"},
            {"error": "pull model manifest: file does not exist"},
        ]
    else:
        layer: dict[str, object] = {"status": "pulling aabb", "digest": "sha256:aabb", "total": 100}
        lines = [{"status": "pulling manifest"}, layer, {**layer, "completed": 60}, {**layer, "completed": 100}]
        lines.append({"status": "success"})
    handler.lines("application/x-ndjson", (json.dumps(line) + "\n" for line in lines))


@pytest.fixture
def ollama() -> Iterator[Listening]:
    """An Ollama server."""
    yield from listen(
        {
            "/api/version": lambda handler, body: handler.json(200, {"version": "0.33.2"}),
            "/api/tags": ollama_tags,
            "/api/show": ollama_show,
            "/api/chat": ollama_chat,
            "/api/pull": ollama_pull,
        }
    )


def openai_chat(handler: Handler, body: dict[str, Any]) -> None:
    """``/v1/chat/completions``: server-sent events, usage in the last one when it is asked for."""
    shape = body.get("response_format", {})
    asked = body["messages"][-1]["content"]
    wanted = tokens(obedient(shape.get("json_schema", {}).get("schema"), asked))
    given = wanted[: body.get("max_tokens", 10_000)]
    base = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
    reason = "stop" if given == wanted else "length"
    lines = [{**base, "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]} for text in given]
    lines.append({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    usage = {"prompt_tokens": 20, "completion_tokens": len(given), "total_tokens": 20 + len(given)}
    lines.append({**base, "choices": [], "usage": {**usage, "prompt_tokens_details": {"cached_tokens": 7}}})
    events = [f"data: {json.dumps(line)}\n\n" for line in lines]
    handler.lines("text/event-stream", iter([*events, "data: [DONE]\n\n"]))


@pytest.fixture
def openai() -> Iterator[Listening]:
    """An OpenAI-compatible server."""
    yield from listen({"/v1/chat/completions": openai_chat})


@pytest.fixture
def hangs() -> Iterator[Listening]:
    """A server that accepts a chat and never answers."""

    def silent(handler: Handler, body: dict[str, Any]) -> None:
        handler.listening.gone.wait()
        handler.close_connection = True

    yield from listen({"/api/chat": silent, "/v1/chat/completions": silent})


@pytest.fixture(scope="session")
def gguf() -> Path:
    """A pulled embedded model, the smallest that is here (``make test`` pulls one)."""
    home = Path(os.environ.get("CLAWDBOT_APP__HOME") or Path("~/.clawdbot").expanduser())
    for name in ("qwen2.5-0.5b", "qwen2.5-coder-1.5b"):
        path = home / "models" / f"{name}.gguf"
        if path.is_file():
            return path
    if os.environ.get("CI"):
        pytest.fail(f"no embedded model in {home / 'models'}: run clawdbot models pull")
    pytest.skip(f"no embedded model in {home / 'models'}: run clawdbot models pull")
