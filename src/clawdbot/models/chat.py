"""The base of all model providers: a LangChain chat model that answers under a JSON Schema.

A provider implements one method, :meth:`SchemaChat.answer`, which yields pieces of text and, last, an
:class:`End`.  ``invoke``, ``stream``, ``bind`` and callbacks follow from LangChain's ``BaseChatModel``.
Calls take three keyword arguments: ``schema`` (JSON Schema of the answer), ``max_tokens`` and ``timeout_s``.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, UsageMetadata
from langchain_core.messages.ai import InputTokenDetails
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

from clawdbot.models.tokens import estimate_tokens

Schema = dict[str, Any]
FinishReason = Literal["stop", "length", "unknown"]
"""unknown: a server that says why it ends did not say so; the answer may have broken off."""

_ROLES = {"system": "system", "human": "user", "ai": "assistant", "tool": "user", "chat": "user", "function": "user"}
_TOKENS_PER_MESSAGE = 8
_DEFAULT_MAX_TOKENS = 512


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question to a provider; ``messages`` in the role/content form that all wire formats share."""

    messages: tuple[Mapping[str, str], ...]
    schema: Schema | None
    max_tokens: int
    timeout_s: float
    first_s: float = 120.0
    """Limit until the answer begins."""
    stall_s: float = 60.0
    """Limit between two pieces of it."""
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class End:
    """The last thing a provider yields; counts are None where the server does not say."""

    finish_reason: FinishReason
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    timings: Mapping[str, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """An answer to a yes-no question: the share of 'yes', 0 to 1, in what the model would say first."""

    yes: float
    prompt_tokens: int


class SchemaChat(BaseChatModel):
    """A chat model whose answers are JSON text decoded under the call's schema."""

    model_name: str = Field(description="Name as the server knows it.")
    context: int = 8192
    timeout_s: float = 300.0
    first_token_timeout_s: float = 120.0
    stall_timeout_s: float = 60.0

    @abstractmethod
    def answer(self, request: Request) -> Generator[str | End, None, None]:
        """Yield the answer's text in pieces, then one :class:`End`.

        Raises ModelUnavailable, ContextOverflow or another ModelError; closing the iterator stops the model.
        """

    def get_num_tokens(self, text: str) -> int:
        """Tokens of ``text``; an estimate on the safe side unless the provider has the tokenizer."""
        return estimate_tokens(text)

    def judge(self, messages: list[BaseMessage], *, timeout_s: float) -> Judgement | None:
        """How probable 'yes' is as the first word of the answer; None when the provider cannot tell.

        Raises ModelUnavailable, ContextOverflow or another ModelError.
        """
        return None

    def count_prompt(self, messages: list[BaseMessage]) -> int:
        """Tokens of a whole prompt, with the chat template's own."""
        return sum(self.get_num_tokens(m.text) + _TOKENS_PER_MESSAGE for m in messages) + _TOKENS_PER_MESSAGE

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        whole: AIMessageChunk | None = None
        for chunk in self._stream(messages, stop, run_manager, **kwargs):
            message = chunk.message
            assert isinstance(message, AIMessageChunk)
            whole = message if whole is None else whole + message
        assert whole is not None
        answer = AIMessage(
            content=whole.content, usage_metadata=whole.usage_metadata, response_metadata=whole.response_metadata
        )
        return ChatResult(generations=[ChatGeneration(message=answer)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        request = self._request(messages, stop, kwargs)
        said: list[str] = []
        end: End | None = None
        began, first_s = time.monotonic(), 0.0
        # Closed here, not when garbage is collected: whoever leaves the stream stops the model.
        with closing(self.answer(request)) as pieces:
            for piece in pieces:
                if isinstance(piece, End):
                    end = piece
                    continue
                first_s = first_s or time.monotonic() - began
                said.append(piece)
                yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        last = self._last_chunk(messages, "".join(said), end or End(finish_reason="stop"))
        last.response_metadata["first_token_s"] = first_s
        yield ChatGenerationChunk(message=last)

    def _request(self, messages: list[BaseMessage], stop: list[str] | None, options: dict[str, Any]) -> Request:
        schema = options.pop("schema", None)
        max_tokens = options.pop("max_tokens", None) or _DEFAULT_MAX_TOKENS
        timeout_s = options.pop("timeout_s", None) or self.timeout_s
        if options:
            raise TypeError(f"{type(self).__name__} takes schema, max_tokens and timeout_s, not {sorted(options)}")
        return Request(
            messages=tuple({"role": _ROLES.get(m.type, "user"), "content": m.text} for m in messages),
            schema=schema,
            max_tokens=max_tokens,
            timeout_s=min(timeout_s, self.timeout_s),
            first_s=self.first_token_timeout_s,
            stall_s=self.stall_timeout_s,
            stop=tuple(stop or ()),
        )

    def _last_chunk(self, messages: list[BaseMessage], text: str, end: End) -> AIMessageChunk:
        prompt = self.count_prompt(messages) if end.prompt_tokens is None else end.prompt_tokens
        completion = self.get_num_tokens(text) if end.completion_tokens is None else end.completion_tokens
        usage = UsageMetadata(input_tokens=prompt, output_tokens=completion, total_tokens=prompt + completion)
        metadata: dict[str, Any] = {"finish_reason": end.finish_reason, "model": self.model_name}
        if end.cached_tokens is not None:
            usage["input_token_details"] = InputTokenDetails(cache_read=end.cached_tokens)
            metadata["cached_tokens"] = end.cached_tokens
        if end.timings is not None:
            metadata["timings"] = dict(end.timings)
        return AIMessageChunk(content="", usage_metadata=usage, response_metadata=metadata, chunk_position="last")
