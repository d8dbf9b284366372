"""Ollama as a provider: native chat API, ``format`` = the step's schema, ``num_ctx`` always sent.

Ollama shortens a prompt that does not fit and answers 200 all the same, from the rest of it.  Three nets:
the prompt is measured before the call, newer servers are told not to (``truncate``, ``shift``), and the
``prompt_eval_count`` of the answer is compared with what was sent (ollama/ollama#3839, #17427).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field

from clawdbot.config import ModelConfig
from clawdbot.errors import ConfigError, ContextOverflow, ModelError, ModelUnavailable
from clawdbot.models.chat import End, Request, SchemaChat
from clawdbot.models.limits import Limits
from clawdbot.models.ollama_server import OllamaServer
from clawdbot.models.ollama_server import is_cloud as is_cloud  # every provider's module has one
from clawdbot.models.unavailable import BUSY, PROMPT_CUT, broke_off

_SURELY_FEWER = 0.4
"""A count below this share of the (upper) estimate cannot be the whole prompt."""
_LARGE = 512


class OllamaChat(SchemaChat):
    """A model that an Ollama server runs; ``options`` are Ollama's runtime options."""

    base_url: str = ""
    temperature: float = 0.0
    seed: int = 7
    keep_alive: str | int = "15m"
    think: bool | str | None = Field(default=False, description="None leaves it to the model.")
    connect_timeout_s: float = 10.0
    options: dict[str, Any] = Field(default_factory=dict)

    @property
    def _llm_type(self) -> str:
        return "ollama"

    @cached_property
    def server(self) -> OllamaServer:
        """The server that is asked."""
        return OllamaServer(self.base_url)

    def answer(self, request: Request) -> Generator[str | End, None, None]:
        """Stream the answer; closing the iterator closes the connection, which stops the server."""
        sent = sum(self.get_num_tokens(message["content"]) for message in request.messages)
        if sent + request.max_tokens > self.context:
            raise ContextOverflow(
                f"The prompt (about {sent} tokens) and the answer (up to {request.max_tokens}) do not fit the "
                f"{self.context} tokens of {self.model_name!r}.",
                hint="Raise context of the model in [models], or shorten the goal.",
            )
        last: Mapping[str, Any] = {}
        for event in self._events(request):
            # The 'thinking' field of reasoning models is not part of the answer.
            if text := event.get("message", {}).get("content"):
                yield text
            if event.get("done"):
                last = event
        yield self._end(last, sent)

    def _events(self, request: Request) -> Generator[dict[str, Any], None, None]:
        body = self._body(request)
        started = False
        try:
            for event in self._lines(body, request):
                started = True
                yield event
        except ModelError as error:
            # Some models refuse the field even when it is false.
            if started or "think" not in body or "think" not in error.message.lower():
                raise
            del body["think"]
            yield from self._lines(body, request)

    def _lines(self, body: dict[str, Any], request: Request) -> Generator[dict[str, Any], None, None]:
        limits = Limits(first_s=request.first_s, stall_s=request.stall_s, total_s=request.timeout_s)
        return self.server.lines(
            "/api/chat", body, limits=limits, model=self.model_name, connect_s=self.connect_timeout_s
        )

    def _body(self, request: Request) -> dict[str, Any]:
        options = {"temperature": self.temperature, "seed": self.seed, **self.options}
        body: dict[str, Any] = {
            "model": self.model_name,
            "messages": [dict(message) for message in request.messages],
            "stream": True,
            "keep_alive": self.keep_alive,
            "truncate": False,
            "shift": False,
            "options": {**options, "num_ctx": self.context, "num_predict": request.max_tokens},
        }
        if request.stop:
            body["options"]["stop"] = list(request.stop)
        if request.schema is not None:
            body["format"] = request.schema
        if self.think is not None:
            body["think"] = self.think
        return body

    def _end(self, last: Mapping[str, Any], sent: int) -> End:
        if last.get("done_reason") == "load":
            raise ModelUnavailable(f"Ollama loaded {self.model_name!r} but did not answer.", code=BUSY)
        if not last:
            raise broke_off(self.model_name)
        counted = last.get("prompt_eval_count")
        if counted is not None and self._was_cut(int(counted), sent):
            raise ContextOverflow(
                f"Ollama shortened the prompt without saying so: about {sent} tokens were sent, {counted} were read.",
                hint=f"Give {self.model_name!r} a larger context (OLLAMA_CONTEXT_LENGTH, or a model that can).",
                code=PROMPT_CUT,
            )
        return End(
            finish_reason="length" if last.get("done_reason") == "length" else "stop",
            prompt_tokens=counted,
            completion_tokens=last.get("eval_count"),
            timings=_timings(last),
        )

    def _was_cut(self, counted: int, sent: int) -> bool:
        if counted >= self.context:
            return True
        # A shortened prompt is half the window and two: half is kept, and the template's own tokens.
        half = abs(counted - self.context // 2) <= 4 and sent > 0.75 * self.context
        return half or (sent > _LARGE and counted < _SURELY_FEWER * sent)


def build(name: str, config: ModelConfig, home: Path) -> OllamaChat:
    """The model of ``[models.NAME]``; ``think`` and ``keep_alive`` in its options are not runtime options."""
    if not config.model:
        raise ConfigError(f"[models.{name}] needs model, an Ollama tag.", hint="See what you have with: ollama list")
    options = dict(config.options)
    return OllamaChat(
        model_name=config.model,
        base_url=config.base_url,
        context=config.context,
        timeout_s=config.timeout_s,
        connect_timeout_s=config.connect_timeout_s,
        first_token_timeout_s=config.first_token_timeout_s,
        stall_timeout_s=config.stall_timeout_s,
        temperature=config.temperature,
        think=options.pop("think", False),
        keep_alive=options.pop("keep_alive", "15m"),
        options=options,
    )


def _timings(last: Mapping[str, Any]) -> dict[str, float] | None:
    found: dict[str, float] = {}
    for name, count, duration in (
        ("prompt_per_second", "prompt_eval_count", "prompt_eval_duration"),
        ("predicted_per_second", "eval_count", "eval_duration"),
    ):
        if last.get(count) and last.get(duration):
            found[name] = last[count] / (last[duration] / 1e9)
    if last.get("load_duration"):
        found["load_s"] = last["load_duration"] / 1e9
    return found or None
