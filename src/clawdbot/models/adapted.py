"""Any LangChain chat model as a provider: the schema in the best way that the model or its server accepts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import httpx
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import RunnableSequence
from pydantic import PrivateAttr

from clawdbot.errors import ContextOverflow, ModelError, ModelUnavailable
from clawdbot.models.chat import End, FinishReason, Request, Schema, SchemaChat
from clawdbot.models.relay import Relay, TimeIsUp
from clawdbot.models.unavailable import BUSY, late

Mode = Literal["strict", "json_schema", "json_object", "structured", "prompt"]
"""strict, json_schema, json_object: OpenAI's ``response_format``; structured: LangChain's
``with_structured_output``; prompt: the schema as text, the object cut out of the answer."""

_LIMITS = ("max_tokens", "max_output_tokens", "num_predict")
_CUT = {"length", "max_tokens", "MAX_TOKENS"}
_THOUGHT = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_ASK = "Answer with one JSON object under this JSON Schema and nothing else:\n"


class AdaptedChat(SchemaChat):
    """Wraps ``inner``; steps down ``ladder`` when the server refuses a mode, and stays there."""

    inner: BaseChatModel
    ladder: tuple[Mode, ...] = ("structured", "prompt")
    hint: str = "Check the model's settings in [models]."
    limit_field: str = ""
    _position: int = PrivateAttr(default=0)

    @property
    def _llm_type(self) -> str:
        return f"adapted-{self.inner._llm_type}"

    def answer(self, request: Request) -> Iterator[str | End]:
        """Stream the answer where the mode allows it, else give it in one piece."""
        for position in range(self._position, len(self.ladder)):
            mode = self.ladder[position]
            if mode == "strict" and not strict_ready(request.schema):
                continue
            spoken = False
            try:
                for piece in self._timed(mode, request):
                    spoken = True
                    yield piece
                return
            except Exception as error:
                known = self._translate(error, request.timeout_s)
                if known is None and not spoken and position + 1 < len(self.ladder) and _refused(error):
                    # A schema that strict mode refuses may be one schema's fault; the others are the server's.
                    self._position = self._position if mode == "strict" else position + 1
                    continue
                if known is None:
                    raise ModelError(f"{self.model_name!r} failed: {_text(error)}", hint=self.hint) from error
                raise known from error

    def _timed(self, mode: Mode, request: Request) -> Iterator[str | End]:
        def produce(emit: Callable[[str | End], bool]) -> None:
            for piece in self._ask(mode, request):
                if emit(piece):
                    return

        yield from Relay[str | End](produce, timeout_s=request.timeout_s)

    def _ask(self, mode: Mode, request: Request) -> Iterator[str | End]:
        messages = [dict(message) for message in request.messages]
        model = self._limited(request.max_tokens)
        if request.schema is None:
            yield from _told(model, messages, {})
        elif mode == "structured":
            yield from _structured(model, messages, request.schema)
        elif mode in ("strict", "json_schema"):
            wrapped = {"name": "step", "schema": request.schema, "strict": mode == "strict"}
            yield from _told(model, messages, _format(model, {"type": "json_schema", "json_schema": wrapped}))
        else:
            messages[-1]["content"] += "\n\n" + _ASK + json.dumps(request.schema, ensure_ascii=False)
            options = _format(model, {"type": "json_object"}) if mode == "json_object" else {}
            yield from _extracted(_told(model, messages, options))

    def _limited(self, max_tokens: int) -> BaseChatModel:
        if self.limit_field == "extra_body":
            body = {**(getattr(self.inner, "extra_body", None) or {}), "max_tokens": max_tokens}
            return self.inner.model_copy(update={"extra_body": body})
        for field in _LIMITS:
            if field in type(self.inner).model_fields:
                return self.inner.model_copy(update={field: max_tokens})
        return self.inner

    def _translate(self, error: Exception, timeout_s: float) -> ModelError | None:
        """The error in our words; None when it is neither the network, the key, the model's name nor the size."""
        if isinstance(error, ModelError):
            return error
        if isinstance(error, TimeIsUp) or _caused_by(error, (httpx.TimeoutException, TimeoutError)):
            return late(self.model_name, timeout_s)
        status, text = getattr(error, "status_code", None), _text(error)
        if status is None and _caused_by(error, (httpx.TransportError, ConnectionError)):
            return ModelUnavailable(f"The server of {self.model_name!r} does not answer: {text}", hint=self.hint)
        if status in (401, 403):
            return ModelUnavailable(f"The server of {self.model_name!r} refused the key: {text}", hint=self.hint)
        if status == 404:
            return ModelUnavailable(f"The server has no model {self.model_name!r}: {text}", hint=self.hint)
        if status == 429 and "quota" in text.lower():
            return ModelUnavailable(f"The quota for {self.model_name!r} is used up: {text}", hint=self.hint)
        if status == 429 or (isinstance(status, int) and status >= 500):
            return ModelUnavailable(f"The server of {self.model_name!r} is busy: {text}", code=BUSY)
        if "context" in text.lower() and any(word in text.lower() for word in ("length", "size", "exceed", "maximum")):
            return ContextOverflow(f"The prompt does not fit {self.model_name!r}: {text}", hint="Shorten the goal.")
        return None


def strict_ready(schema: Schema | None) -> bool:
    """OpenAI's strict mode takes the schema: an object at the root, all objects closed, all properties required."""
    return schema is not None and schema.get("type") == "object" and _closed(schema)


def _closed(node: Any) -> bool:
    if isinstance(node, list):
        return all(_closed(item) for item in node)
    if not isinstance(node, dict):
        return True
    if node.get("type") == "object":
        properties = node.get("properties", {})
        if node.get("additionalProperties") is not False or set(node.get("required", ())) != set(properties):
            return False
    return all(_closed(value) for key, value in node.items() if key not in ("enum", "const", "default"))


def _format(model: BaseChatModel, response_format: Mapping[str, Any]) -> dict[str, Any]:
    # In ``extra_body`` because the openai client, given the argument itself, raises on a truncated answer.
    if hasattr(model, "extra_body"):
        return {"extra_body": {**(model.extra_body or {}), "response_format": response_format}}
    return {"response_format": response_format}


def _told(model: BaseChatModel, messages: list[dict[str, str]], options: dict[str, Any]) -> Iterator[str | End]:
    last: AIMessageChunk | None = None
    for chunk in model.stream(messages, **options):
        assert isinstance(chunk, AIMessageChunk)
        if chunk.text:
            yield chunk.text
        last = chunk if last is None else last + chunk
    yield _end(last)


def _structured(model: BaseChatModel, messages: list[dict[str, str]], schema: Schema) -> Iterator[str | End]:
    chain = model.with_structured_output({"title": "step", "description": "The next step.", **schema})
    if not isinstance(chain, RunnableSequence):
        raise NotImplementedError("with_structured_output gives no model to ask")
    # Only the model of the chain is asked.  LangChain's parser would complete a cut-off text and say nothing, and
    # ``include_raw`` runs in a thread pool that keeps the process from ending while a server hangs.
    raw = chain.first.invoke(messages)
    assert isinstance(raw, AIMessage)
    yield json.dumps(raw.tool_calls[0]["args"], ensure_ascii=False) if raw.tool_calls else raw.text
    yield _end(raw)


def _extracted(pieces: Iterator[str | End]) -> Iterator[str | End]:
    said: list[str] = []
    for piece in pieces:
        if isinstance(piece, End):
            yield extract_object("".join(said))
            yield piece
        else:
            said.append(piece)


def extract_object(text: str) -> str:
    """The first JSON object in ``text``, without thoughts, fences and prose around it; else ``text`` itself."""
    text = _THOUGHT.sub("", text)
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", text):
        try:
            _, end = decoder.raw_decode(text, match.start())
        except json.JSONDecodeError:
            continue
        return text[match.start() : end]
    return text


def _end(message: AIMessage | None) -> End:
    metadata: dict[str, Any] = {} if message is None else message.response_metadata
    usage = None if message is None else message.usage_metadata
    given = next(
        (metadata[key] for key in ("finish_reason", "stop_reason", "done_reason") if metadata.get(key)), "stop"
    )
    reason: FinishReason = "length" if given in _CUT else "stop"
    if usage is None:
        return End(finish_reason=reason)
    return End(
        finish_reason=reason,
        prompt_tokens=usage["input_tokens"],
        completion_tokens=usage["output_tokens"],
        cached_tokens=usage.get("input_token_details", {}).get("cache_read"),
    )


def _refused(error: Exception) -> bool:
    return getattr(error, "status_code", None) in (400, 422) or isinstance(
        error, TypeError | ValueError | NotImplementedError
    )


def _caused_by(error: BaseException | None, kinds: tuple[type[BaseException], ...]) -> bool:
    while error is not None:
        if isinstance(error, kinds):
            return True
        error = error.__cause__ or error.__context__
    return False


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:400]
