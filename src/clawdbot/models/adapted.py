"""Any LangChain chat model as a provider: the schema in the best way that the model or its server accepts."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Coroutine, Generator, Mapping
from typing import Any, Literal

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import RunnableSequence
from pydantic import PrivateAttr

from clawdbot.errors import ContextOverflow, ModelError, ModelUnavailable
from clawdbot.models.chat import End, FinishReason, Request, Schema, SchemaChat
from clawdbot.models.limits import Limits, TimeIsUp
from clawdbot.models.relay import Emit, InLoop, InThread, Relay
from clawdbot.models.retry_after import retry_after_s
from clawdbot.models.unavailable import BUSY, REFUSED, UNREACHABLE, broke_off, late

Mode = Literal["strict", "json_schema", "json_object", "structured", "prompt"]
"""strict, json_schema, json_object: OpenAI's ``response_format``; structured: LangChain's
``with_structured_output``; prompt: the schema as text, the object cut out of the answer."""

_LIMITS = ("max_tokens", "max_output_tokens", "num_predict")
_CUT = {"length", "max_tokens", "MAX_TOKENS"}
# By name: clients stand on httpx, on httpx2, on others, each with its own classes of the same names.
_NO_CONNECTION = frozenset({"ConnectError", "ConnectTimeout", "ConnectionError"})
_TOO_LATE = frozenset({"TimeoutException", "TimeoutError", "Timeout"})
_LOST = frozenset({"TransportError"})
_ALIVE = ""
"""Something came that is not for the reader yet."""
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

    def answer(self, request: Request) -> Generator[str | End, None, None]:
        """Stream the answer where the mode allows it, else give it in one piece."""
        end = time.monotonic() + request.timeout_s
        for position in range(self._position, len(self.ladder)):
            mode = self.ladder[position]
            if mode == "strict" and not strict_ready(request.schema):
                continue
            spoken = False
            try:
                for piece in self._timed(mode, request, left_s=end - time.monotonic()):
                    spoken = True
                    yield piece
                return
            except TimeIsUp as up:
                raise up.explained(self.model_name) from None
            except Exception as error:
                known = self._translate(error, request.timeout_s)
                if known is None and not spoken and position + 1 < len(self.ladder) and _refused(error):
                    # A schema that strict mode refuses may be one schema's fault; the others are the server's.
                    self._position = self._position if mode == "strict" else position + 1
                    continue
                if known is None:
                    raise ModelError(
                        f"{self.model_name!r} failed: {_text(error)}", hint=self.hint, status=_status(error)
                    ) from error
                raise known from error

    def _timed(self, mode: Mode, request: Request, *, left_s: float) -> Generator[str | End, None, None]:
        async def produce(emit: Emit[str | End]) -> None:
            async for piece in self._ask(mode, request):
                if emit(piece):
                    return

        whole = mode == "structured" and request.schema is not None  # it comes in one piece
        limits = (
            Limits.only(left_s) if whole else Limits(first_s=request.first_s, stall_s=request.stall_s, total_s=left_s)
        )
        kind, method = type(self.inner), "_agenerate" if whole else "_astream"
        source: InLoop[str | End] | InThread[str | End]
        # Only a call that is asynchronous by nature can be cancelled; another blocks a thread of its own.
        if getattr(kind, method) is not getattr(BaseChatModel, method):
            source = InLoop(produce)
        else:
            source = InThread(lambda emit: _finished(produce(emit)))
        for piece in Relay[str | End](source, limits=limits):
            if piece != _ALIVE:
                yield piece

    async def _ask(self, mode: Mode, request: Request) -> AsyncIterator[str | End]:
        messages = [dict(message) for message in request.messages]
        model = self._limited(request.max_tokens)
        if request.schema is None:
            pieces = _told(model, messages, {})
        elif mode == "structured":
            pieces = _structured(model, messages, request.schema)
        elif mode in ("strict", "json_schema"):
            wrapped = {"name": "step", "schema": request.schema, "strict": mode == "strict"}
            pieces = _told(model, messages, _format(model, {"type": "json_schema", "json_schema": wrapped}))
        else:
            messages[-1]["content"] += "\n\n" + _ASK + json.dumps(request.schema, ensure_ascii=False)
            options = _format(model, {"type": "json_object"}) if mode == "json_object" else {}
            pieces = _extracted(_told(model, messages, options))
        async for piece in pieces:
            yield piece

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
        text = _text(error)
        if _caused_by(error, _NO_CONNECTION):
            return ModelUnavailable(
                f"The server of {self.model_name!r} does not answer: {text}", hint=self.hint, code=UNREACHABLE
            )
        if _caused_by(error, _TOO_LATE):
            return late(self.model_name, timeout_s)
        if (status := _status(error)) is not None:
            return self._said_no(error, status, text) or self._too_long(text)
        if _caused_by(error, _LOST) or isinstance(error, json.JSONDecodeError):
            return broke_off(self.model_name)
        if hasattr(error, "body"):  # an error object in the middle of an OpenAI stream, which has no status
            return self._too_long(text) or ModelUnavailable(f"{self.model_name!r} gave up: {text}", code=BUSY)
        return self._too_long(text)

    def _said_no(self, error: Exception, status: int, text: str) -> ModelError | None:
        server = f"The server of {self.model_name!r}"
        if status in (401, 402, 403):
            return ModelUnavailable(f"{server} refused the key: {text}", hint=self.hint, code=REFUSED, status=status)
        if status == 404:
            return ModelUnavailable(
                f"The server has no model {self.model_name!r}: {text}", hint=self.hint, code=REFUSED, status=status
            )
        if status == 429 and "quota" in text.lower():
            return ModelUnavailable(
                f"The quota for {self.model_name!r} is used up: {text}", hint=self.hint, code=REFUSED, status=status
            )
        if status in (408, 429) or status >= 500:
            return ModelUnavailable(
                f"{server} is busy: {text}",
                hint="Try again in a moment.",
                code=BUSY,
                status=status,
                retry_after_s=retry_after_s(getattr(getattr(error, "response", None), "headers", {})),
            )
        return None

    def _too_long(self, text: str) -> ContextOverflow | None:
        low = text.lower()
        if "context" in low and any(word in low for word in ("length", "size", "exceed", "maximum")):
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


async def _told(
    model: BaseChatModel, messages: list[dict[str, str]], options: dict[str, Any]
) -> AsyncIterator[str | End]:
    last: AIMessageChunk | None = None
    async for chunk in _chunks(model, messages, options):
        if chunk.text:
            yield chunk.text
        last = chunk if last is None else last + chunk
    # OpenAI's protocol says why an answer ends; where it does not, the connection may have been lost.
    yield _end(last, unsaid="unknown" if hasattr(model, "extra_body") else "stop")


def _finished(work: Coroutine[None, None, None]) -> None:
    """Run a coroutine that only calls what blocks.  Without an event loop, since such models may start their own."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise RuntimeError("a blocking model has waited asynchronously")


async def _chunks(
    model: BaseChatModel, messages: list[dict[str, str]], options: dict[str, Any]
) -> AsyncIterator[AIMessageChunk]:
    if type(model)._astream is not BaseChatModel._astream:
        async for chunk in model.astream(messages, **options):
            assert isinstance(chunk, AIMessageChunk)
            yield chunk
        return
    # Not ``astream``, which would block a pool of threads that keeps the process from ending while a server hangs.
    for chunk in model.stream(messages, **options):
        assert isinstance(chunk, AIMessageChunk)
        yield chunk


async def _structured(model: BaseChatModel, messages: list[dict[str, str]], schema: Schema) -> AsyncIterator[str | End]:
    chain = model.with_structured_output({"title": "step", "description": "The next step.", **schema})
    if not isinstance(chain, RunnableSequence):
        raise NotImplementedError("with_structured_output gives no model to ask")
    # Only the model of the chain is asked: LangChain's parser would complete a cut-off text and say nothing.
    if type(model)._agenerate is not BaseChatModel._agenerate:
        raw = await chain.first.ainvoke(messages)
    else:
        raw = chain.first.invoke(messages)
    assert isinstance(raw, AIMessage)
    yield json.dumps(raw.tool_calls[0]["args"], ensure_ascii=False) if raw.tool_calls else raw.text
    yield _end(raw)


async def _extracted(pieces: AsyncIterator[str | End]) -> AsyncIterator[str | End]:
    said: list[str] = []
    async for piece in pieces:
        if isinstance(piece, End):
            yield extract_object("".join(said))
            yield piece
        else:
            said.append(piece)
            yield _ALIVE


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


def _end(message: AIMessage | None, *, unsaid: FinishReason = "stop") -> End:
    metadata: dict[str, Any] = {} if message is None else message.response_metadata
    usage = None if message is None else message.usage_metadata
    given = next((metadata[key] for key in ("finish_reason", "stop_reason", "done_reason") if metadata.get(key)), None)
    reason: FinishReason = unsaid if given is None else "length" if given in _CUT else "stop"
    if usage is None:
        return End(finish_reason=reason)
    return End(
        finish_reason=reason,
        prompt_tokens=usage["input_tokens"],
        completion_tokens=usage["output_tokens"],
        cached_tokens=usage.get("input_token_details", {}).get("cache_read"),
    )


def _status(error: Exception) -> int | None:
    """The HTTP status, where clients keep it."""
    for holder, name in ((error, "status_code"), (error, "code"), (getattr(error, "response", None), "status_code")):
        found = getattr(holder, name, None)
        if isinstance(found, int):
            return found
    return None


def _refused(error: Exception) -> bool:
    return _status(error) in (400, 422) or isinstance(error, TypeError | ValueError | NotImplementedError)


def _caused_by(error: BaseException | None, names: frozenset[str]) -> bool:
    while error is not None:
        if not names.isdisjoint(kind.__name__ for kind in type(error).__mro__):
            return True
        error = error.__cause__ or error.__context__
    return False


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:400]
