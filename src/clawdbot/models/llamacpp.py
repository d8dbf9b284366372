"""The embedded model: llama.cpp in this process through xllamacpp, decoding under the step's schema.

The schema becomes an LLGuidance grammar (https://github.com/guidance-ai/llguidance) without free white space,
which saves about a quarter of the tokens of a step.  One model is loaded once per process and shared; calls to
it queue up.  The file is memory-mapped, so several processes share its pages.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import secrets
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
from langchain_core.messages import BaseMessage
from pydantic import Field

from clawdbot.config import ModelConfig
from clawdbot.errors import ContextOverflow, MissingExtra, ModelError, ModelUnavailable
from clawdbot.models.catalog import DEFAULT_MODEL, model_file
from clawdbot.models.chat import End, Judgement, Request, Schema, SchemaChat
from clawdbot.models.limits import Limits, TimeIsUp
from clawdbot.models.relay import InThread, Relay
from clawdbot.models.unavailable import REFUSED

_BATCH = 256
"""Prompt tokens between two chances to stop: about four seconds on two slow cores."""
_CACHE_MIB = 512
"""Saved prompts beside the live one (28 KiB a token at 1.5B), so that alternating prefixes stay cached."""
_JUDGED_TOKENS = 10
_JUDGEMENTS = {"yes": "yes", "是": "yes", "no": "no", "否": "no", "不": "no"}
_GUIDANCE = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": ", "lenient": True}
"""Spacing of ``json.dumps``; ``lenient`` ignores keywords without a grammar (we validate the answer anyway)."""


class LlamaCppChat(SchemaChat):
    """A GGUF file as a chat model."""

    path: Path
    threads: int = Field(default=0, ge=0, description="0 is one for each core.")
    temperature: float = 0.0
    seed: int = 7

    @property
    def _llm_type(self) -> str:
        return "llamacpp"

    @property
    def engine(self) -> Engine:
        """The loaded model, shared by all in this process that name the same file and context."""
        return load_engine(self.path, context=self.context, threads=self.threads)

    def get_num_tokens(self, text: str) -> int:
        """Tokens of ``text`` by the model's own tokenizer."""
        return self.engine.count(text)

    def answer(self, request: Request) -> Generator[str | End, None, None]:
        """Stream the answer; a timeout or a closed iterator stops the model within one batch."""
        engine = self.engine
        reason = "stop"
        last: Mapping[str, Any] = {}
        try:
            for event in self._events(engine, self._body(engine, request), request):
                for choice in event.get("choices", ()):
                    reason = choice.get("finish_reason") or reason
                    if text := choice.get("delta", {}).get("content"):
                        yield text
                last = event if "usage" in event else last
        except TimeIsUp as up:
            raise up.explained(self.model_name) from None
        yield _end(reason, last)

    def judge(self, messages: list[BaseMessage], *, timeout_s: float) -> Judgement | None:
        """The share of 'yes' among the first token's 'yes' and 'no', in either language."""
        engine = self.engine
        request = self._request(messages, None, {"max_tokens": 1, "timeout_s": timeout_s})
        body = {**self._body(engine, request), "logprobs": True, "top_logprobs": _JUDGED_TOKENS}
        shares = {"yes": 0.0, "no": 0.0}
        prompt_tokens = 0
        try:
            for event in self._events(engine, body, request):
                prompt_tokens = event.get("usage", {}).get("prompt_tokens", prompt_tokens)
                for choice in event.get("choices", ()):
                    for token in ((choice.get("logprobs") or {}).get("content") or ())[:1]:
                        _add_shares(shares, token["top_logprobs"])
        except TimeIsUp as up:
            raise up.explained(self.model_name) from None
        total = shares["yes"] + shares["no"]
        return Judgement(yes=shares["yes"] / total if total else 0.0, prompt_tokens=prompt_tokens)

    def _events(
        self, engine: Engine, body: dict[str, Any], request: Request
    ) -> Generator[Mapping[str, Any], None, None]:
        """What the engine says, in time.  Its progress through the prompt gives it the first limit anew."""
        limits = Limits(first_s=request.first_s, stall_s=request.stall_s, total_s=request.timeout_s)
        source = InThread[Mapping[str, Any]](lambda emit: engine.chat(body, emit))
        for event in Relay(source, limits=limits, begins=_is_text):
            _raise_error(event, self.model_name)
            yield event

    def _body(self, engine: Engine, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = {
            "messages": [dict(message) for message in request.messages],
            "max_tokens": request.max_tokens,
            "temperature": self.temperature,
            "seed": self.seed,
            "cache_prompt": True,
            "stream": True,
            "return_progress": True,
            "stream_options": {"include_usage": True},
        }
        if request.stop:
            body["stop"] = list(request.stop)
        if request.schema is not None:
            body["grammar"] = engine.grammar(request.schema)
        return body


def _is_text(event: Mapping[str, Any]) -> bool:
    return any(choice.get("delta", {}).get("content") for choice in event.get("choices", ()))


def _add_shares(shares: dict[str, float], tokens: Sequence[Mapping[str, Any]]) -> None:
    for token in tokens:
        word = _JUDGEMENTS.get(token["token"].strip().lower())
        if word:
            shares[word] += math.exp(token["logprob"])


class Engine:
    """One loaded model; thread-safe, one call at a time.

    Its OpenAI-compatible server listens at ``address`` on the loopback interface, for those who have ``key``.
    """

    def __init__(self, path: Path, *, context: int, threads: int) -> None:
        # libgomp reads it when it loads; spinning threads take the cores from each other and cost a factor of ten.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        try:
            # Deferred because it maps 60 MB of native code and must come after the variable above.
            self._native = importlib.import_module("xllamacpp")
        except ImportError as error:
            raise MissingExtra("The embedded model (llamacpp)", extra="embedded") from error
        self._lock = threading.Lock()
        self.key = secrets.token_hex(16)
        self.context = context
        params = self._params(path, context=context, threads=threads)
        try:
            self._server = self._native.Server(params)
        except RuntimeError as error:
            raise ModelUnavailable(
                f"llama.cpp cannot load {str(path)!r}: not a usable GGUF file, or memory is short.",
                hint="Remove it and run: clawdbot models pull",
                code=REFUSED,
            ) from error
        self.address: str = self._server.listening_address
        self._http = httpx.Client(
            base_url=self.address,
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=30.0,
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=False,
        )
        self.count = lru_cache(maxsize=1024)(self._count)

    def _params(self, path: Path, *, context: int, threads: int) -> Any:
        params = self._native.CommonParams()
        params.model.path = str(path)
        params.n_ctx = context
        params.n_parallel = 1
        params.n_batch = params.n_ubatch = _BATCH
        params.cache_prompt = True
        params.cache_ram_mib = _CACHE_MIB
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads or os.cpu_count() or 1
        params.verbosity = -1
        params.warmup = False
        # The library opens a port on the loopback interface; without a key any local page could use it.
        params.hostnames = ["127.0.0.1"]
        params.api_keys = [self.key]
        params.ui = False
        params.endpoint_slots = False
        return params

    def chat(self, body: dict[str, Any], emit: Callable[[Mapping[str, Any]], bool]) -> None:
        """One chat completion, streamed to ``emit`` until it returns True; waits for calls before it."""
        with self._lock:
            self._server.handle_chat_completions(body, emit)

    def grammar(self, schema: Schema) -> str:
        """The schema as an LLGuidance grammar."""
        grammar: str = self._native.json_schema_to_grammar({**schema, "x-guidance": _GUIDANCE})
        return grammar

    def _count(self, text: str) -> int:
        answer = self._http.post("/tokenize", json={"content": text})
        answer.raise_for_status()
        return len(answer.json()["tokens"])


_engines: dict[tuple[Path, int, int], Engine] = {}
_engines_lock = threading.Lock()


def load_engine(path: Path, *, context: int, threads: int = 0) -> Engine:
    """The engine of that file and context, loaded on first use.

    Raises ModelUnavailable when the file is missing or damaged, MissingExtra without xllamacpp.
    """
    if not path.is_file():
        raise ModelUnavailable(
            f"There is no model file {str(path)!r}.", hint="Get it with: clawdbot models pull", code=REFUSED
        )
    key = (path.resolve(), context, threads)
    with _engines_lock:
        if key not in _engines:
            _engines[key] = Engine(key[0], context=context, threads=threads)
        return _engines[key]


def _raise_error(event: Mapping[str, Any], name: str) -> None:
    error = event.get("error")
    if error is None:
        return
    if error.get("type") == "exceed_context_size_error":
        raise ContextOverflow(
            f"The prompt ({error.get('n_prompt_tokens')} tokens) does not fit the {error.get('n_ctx')} of {name!r}.",
            hint=f"Raise context in [models.{name}].",
        )
    raise ModelError(f"llama.cpp refused the request: {error.get('message', json.dumps(error))}.")


def _end(reason: str, last: Mapping[str, Any]) -> End:
    usage, timings = last.get("usage", {}), last.get("timings", {})
    return End(
        finish_reason="length" if reason == "length" else "stop",
        prompt_tokens=usage.get("prompt_tokens"),
        completion_tokens=usage.get("completion_tokens"),
        cached_tokens=usage.get("prompt_tokens_details", {}).get("cached_tokens"),
        timings={key: float(value) for key, value in timings.items() if isinstance(value, int | float)} or None,
    )


def build(name: str, config: ModelConfig, home: Path) -> LlamaCppChat:
    """The model of ``[models.NAME]``: ``path``, else the catalogue's file of that name under ``home``."""
    model = config.model or (config.path.stem if config.path else DEFAULT_MODEL)
    return LlamaCppChat(
        model_name=model,
        path=config.path or model_file(home, model),
        context=config.context,
        timeout_s=config.timeout_s,
        first_token_timeout_s=config.first_token_timeout_s,
        stall_timeout_s=config.stall_timeout_s,
        threads=config.threads,
        temperature=config.temperature,
        **config.options,
    )


def is_cloud(config: ModelConfig) -> bool:
    """It runs in this process."""
    return False
