"""Ollama's native HTTP API, as far as Clawdbot uses it (https://github.com/ollama/ollama/blob/main/docs/api.md).

Spoken with httpx rather than the ``ollama`` client, which cannot send ``truncate`` and ``shift`` with a chat
and hides the status of a broken stream.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx

from clawdbot.config import ModelConfig
from clawdbot.errors import ContextOverflow, ModelError, ModelUnavailable
from clawdbot.models.limits import Limits, TimeIsUp
from clawdbot.models.relay import Emit, InLoop, Relay
from clawdbot.models.retry_after import retry_after_s
from clawdbot.models.tls import certificates
from clawdbot.models.unavailable import BUSY, REFUSED, UNREACHABLE, broke_off, late

_PORT = 11434
_CONNECT_S = 5.0
_READ_S = 30.0
_NO_IDLE = httpx.Limits(max_keepalive_connections=0)  # a step takes seconds; an idle socket is not worth keeping


def ollama_address(configured: str = "") -> str:
    """Base URL from the configuration, else ``OLLAMA_HOST``, else Ollama's usual port on this machine."""
    host = (configured or os.environ.get("OLLAMA_HOST", "")).strip().rstrip("/") or "127.0.0.1"
    scheme, _, rest = host.rpartition("://")
    parts = urlsplit(f"//{rest}")
    port = parts.port or {"http": 80, "https": 443}.get(scheme, _PORT)
    name = parts.hostname or "127.0.0.1"
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)  # what a server binds is no address to call
    name = f"[{name}]" if ":" in name else name
    return f"{scheme or 'http'}://{name}:{port}{parts.path}"


def is_cloud(config: ModelConfig) -> bool:
    """Ollama runs models whose name ends in ``cloud`` on its own machines, and all that ollama.com serves."""
    return cloud_tag(config.model) or (urlsplit(ollama_address(config.base_url)).hostname or "").endswith("ollama.com")


def cloud_tag(model: str) -> bool:
    """The name says that the model runs in Ollama's cloud."""
    return model.lower().endswith("cloud")


class OllamaServer:
    """One server.  All methods raise ModelUnavailable with the command that mends it when it does not answer."""

    def __init__(self, base_url: str = "") -> None:
        self.base_url = ollama_address(base_url)
        # A proxy from the environment must not stand between us and this machine.
        self._local = urlsplit(self.base_url).hostname in ("127.0.0.1", "localhost", "::1")
        timeout = httpx.Timeout(_CONNECT_S, read=_READ_S)
        self._http = httpx.Client(
            base_url=self.base_url, timeout=timeout, trust_env=not self._local, limits=_NO_IDLE, verify=certificates()
        )

    def answers(self, *, within_s: float = 0.5) -> bool:
        """A server listens there."""
        try:
            return self._http.get("/api/version", timeout=within_s).is_success
        except httpx.HTTPError:
            return False

    def models(self) -> list[dict[str, Any]]:
        """Pulled models as ``/api/tags`` lists them, most recently changed first."""
        found: list[dict[str, Any]] = self._json("GET", "/api/tags").get("models", [])
        return found

    def has(self, model: str) -> bool:
        """``model`` is pulled (a missing tag means ``latest``)."""
        names = {str(entry.get("name", "")) for entry in self.models()}
        return model in names or f"{model}:latest" in names

    def can_chat(self, model: str) -> bool:
        """``model`` completes text; embedding models do not.  Older servers list no capabilities: then yes."""
        capabilities = self._json("POST", "/api/show", {"model": model}).get("capabilities")
        return capabilities is None or "completion" in capabilities

    def digest(self, model: str) -> str:
        """What identifies the weights of a pulled model; empty when it is not pulled."""
        wanted = (model, f"{model}:latest")
        return next((str(e.get("digest", "")) for e in self.models() if str(e.get("name", "")) in wanted), "")

    def embed(self, model: str, texts: Sequence[str], *, timeout_s: float, **more: Any) -> list[list[float]]:
        """Vectors of the texts.  ContextOverflow when one is too long: nothing is cut off silently."""
        body = {"model": model, "input": list(texts), "truncate": False, **more}
        found = self._json("POST", "/api/embed", body, timeout_s=timeout_s).get("embeddings")
        if not isinstance(found, list) or len(found) != len(texts):
            raise ModelError(f"{self.base_url} did not send one vector for each of {len(texts)} texts.")
        return found

    def lines(
        self, path: str, body: Mapping[str, Any], *, limits: Limits, model: str, connect_s: float = _CONNECT_S
    ) -> Generator[dict[str, Any], None, None]:
        """The server's JSON objects, line by line, within ``limits``; leaving it closes the connection, which stops
        the server."""

        async def produce(emit: Emit[dict[str, Any]]) -> None:
            await self._read_lines(path, body, connect_s=min(connect_s, limits.total_s), model=model, emit=emit)

        try:
            yield from Relay(InLoop[dict[str, Any]](produce), limits=limits)
        except TimeIsUp as up:
            raise up.explained(model) from None

    async def _read_lines(
        self, path: str, body: Mapping[str, Any], *, connect_s: float, model: str, emit: Emit[dict[str, Any]]
    ) -> None:
        begun = False
        try:
            # A client for each call: one that is kept belongs to an event loop and keeps sockets open.
            async with (
                httpx.AsyncClient(
                    base_url=self.base_url,
                    timeout=httpx.Timeout(None, connect=connect_s),
                    trust_env=not self._local,
                    verify=certificates(),
                ) as http,
                http.stream("POST", path, json=body) as response,
            ):
                if response.is_error:
                    await response.aread()
                    raise self._refusal(response, model)
                async for line in response.aiter_lines():
                    if not line.strip():
                        continue
                    event = json.loads(line)
                    if "error" in event:
                        raise self._said_no(500, str(event["error"]), model)
                    begun = True
                    if emit(event):
                        return
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise self._unreachable() from error
        except httpx.TransportError as error:
            raise broke_off(model) from error
        except (json.JSONDecodeError, AttributeError, TypeError) as error:
            raise (broke_off(model) if begun else self._strange()) from error

    def _json(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, timeout_s: float = _READ_S
    ) -> dict[str, Any]:
        timeout = httpx.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s))
        try:
            response = self._http.request(method, path, json=body, timeout=timeout)
        except httpx.ReadTimeout as error:
            raise late(str((body or {}).get("model", "")) or self.base_url, timeout_s) from error
        except httpx.TransportError as error:
            raise self._unreachable() from error
        if response.is_error:
            raise self._refusal(response, str((body or {}).get("model", "")))
        try:
            found: dict[str, Any] = response.json()
        except json.JSONDecodeError as error:
            raise self._strange() from error
        return found

    def _unreachable(self) -> ModelUnavailable:
        return ModelUnavailable(
            f"No Ollama server answers at {self.base_url}.",
            hint="Start it with: ollama serve (or set OLLAMA_HOST or base_url).",
            code=UNREACHABLE,
        )

    def _strange(self) -> ModelError:
        return ModelError(f"{self.base_url} does not speak Ollama's protocol.", hint="Check base_url.")

    def _refusal(self, response: httpx.Response, model: str) -> ModelError:
        text = _error_text(response.text)
        return self._said_no(response.status_code, text, model, wait_s=retry_after_s(response.headers))

    def _said_no(self, status: int, text: str, model: str, *, wait_s: float | None = None) -> ModelError:
        low = text.lower()
        if status == 404 or ("model" in low and "not found" in low):
            return ModelUnavailable(
                f"Ollama has no model {model!r}.", hint=f"Get it with: ollama pull {model}", code=REFUSED, status=status
            )
        if "manifest" in low:
            return ModelUnavailable(
                f"There is no model {model!r} to pull: {text}.",
                hint="Check its name and tag.",
                code=REFUSED,
                status=404,
            )
        if status in (401, 402, 403):
            return ModelUnavailable(
                f"Ollama refused {model!r}: {text}", hint="Sign in with: ollama signin", code=REFUSED, status=status
            )
        if "exceed" in low and "context" in low:
            return ContextOverflow(f"Ollama: {text}", hint="Raise context of the model in [models].", status=status)
        if "memory" in low:
            return ModelUnavailable(
                f"Ollama cannot load {model!r}: {text}",
                hint="Lower context, or take a smaller one.",
                code=REFUSED,
                status=status,
            )
        if status == 429 or status >= 500:
            return ModelUnavailable(
                f"Ollama is busy: {text}",
                hint="Try again in a moment.",
                code=BUSY,
                status=status,
                retry_after_s=wait_s,
            )
        return ModelError(f"Ollama refused the request ({status}): {text}", status=status)


def _error_text(body: str) -> str:
    try:
        return str(json.loads(body)["error"])
    except (json.JSONDecodeError, KeyError, TypeError):
        return body.strip()[:300] or "no reason given"
