"""What the planner knows of models: a rung, and one step asked of it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import stamina
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import best_match
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from clawdbot.config import PriceConfig
from clawdbot.errors import ContextOverflow, InvalidStep, ModelError, ModelUnavailable
from clawdbot.models.chat import Schema
from clawdbot.models.unavailable import BUSY

_ATTEMPTS = 3
_SHOWN = 120
_CHOICES = 12


@dataclass(frozen=True, kw_only=True)
class Rung:
    """A model that can serve steps."""

    name: str
    provider: str
    model: str
    chat: BaseChatModel
    context: int
    cloud: bool = False
    price: PriceConfig | None = None

    def estimate_tokens(self, text: str) -> int:
        """Tokens of ``text``: exact where the tokenizer is at hand, else an estimate on the safe side."""
        return self.chat.get_num_tokens(text)

    def estimate_prompt(self, messages: Sequence[BaseMessage]) -> int:
        """Tokens of a prompt with the chat template's own, on the safe side."""
        return sum(self.estimate_tokens(message.text) + 8 for message in messages) + 8


@dataclass(frozen=True, kw_only=True)
class ModelAnswer:
    """A valid answer: ``value`` is the JSON object, ``text`` what the model wrote; ``ms`` wall-clock milliseconds."""

    text: str
    value: dict[str, Any]
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    ms: int
    truncated: bool = False


def complete_step(
    rung: Rung, messages: Sequence[BaseMessage], schema: Schema, *, max_tokens: int, deadline_s: float
) -> ModelAnswer:
    """Ask for one JSON object under ``schema``, within ``deadline_s`` seconds, and check it ourselves.

    Raises ContextOverflow before the call when the prompt and ``max_tokens`` do not fit, InvalidStep (with
    ``raw``) when the answer is cut off, no JSON or not valid, ModelUnavailable when there is no answer.
    """
    _refuse_overflow(rung, messages, max_tokens)
    if deadline_s <= 0:
        raise ModelUnavailable("No time is left to ask the model.", hint="Raise [planner] deadline_s.")
    start = time.monotonic()
    message = _ask(rung, messages, schema, max_tokens=max_tokens, until=start + deadline_s)
    ms = round((time.monotonic() - start) * 1000)
    usage = message.usage_metadata
    prompt = usage["input_tokens"] if usage else rung.estimate_prompt(messages)
    completion = usage["output_tokens"] if usage else rung.estimate_tokens(message.text)
    cut = message.response_metadata.get("finish_reason") == "length"
    try:
        value = _checked(message.text, schema, cut=cut, max_tokens=max_tokens)
    except _Wrong as wrong:
        raise InvalidStep(
            str(wrong), raw=message.text, prompt_tokens=prompt, completion_tokens=completion
        ) from wrong.__cause__
    return ModelAnswer(
        text=message.text,
        value=value,
        prompt_tokens=prompt,
        cached_tokens=int(message.response_metadata.get("cached_tokens", 0)),
        completion_tokens=completion,
        ms=ms,
        truncated=cut,
    )


def _refuse_overflow(rung: Rung, messages: Sequence[BaseMessage], max_tokens: int) -> None:
    size = rung.estimate_prompt(messages)
    if size + max_tokens > rung.context:
        raise ContextOverflow(
            f"The prompt (about {size} tokens) and the answer (up to {max_tokens}) do not fit the {rung.context} "
            f"tokens of {rung.name!r}.",
            hint=f"Shorten the goal or the tables' descriptions, or raise context in [models.{rung.name}].",
        )


def _worth_asking_again(error: Exception) -> bool:
    return isinstance(error, ModelUnavailable) and error.code == BUSY


def _ask(rung: Rung, messages: Sequence[BaseMessage], schema: Schema, *, max_tokens: int, until: float) -> AIMessage:
    left = until - time.monotonic()
    for attempt in stamina.retry_context(
        on=_worth_asking_again, attempts=_ATTEMPTS, timeout=left, wait_initial=0.5, wait_max=10.0
    ):
        with attempt:
            left = max(0.1, until - time.monotonic())
            return rung.chat.invoke(list(messages), schema=schema, max_tokens=max_tokens, timeout_s=left)
    raise ModelError("The model was not asked.")  # unreachable: the last attempt raises


class _Wrong(Exception):
    """Why an answer is not a step, in words that a model can mend."""


def _checked(text: str, schema: Schema, *, cut: bool, max_tokens: int) -> dict[str, Any]:
    try:
        return _valid(text, schema)
    except _Wrong as error:
        if cut:
            raise _Wrong(f"The answer was cut off after {max_tokens} tokens. Answer shorter.") from error
        raise


def _valid(text: str, schema: Schema) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise _Wrong(f"The answer is not JSON: {error.msg} at character {error.pos}.") from error
    if not isinstance(value, dict):
        raise _Wrong("The answer must be one JSON object.")
    found = best_match(Draft202012Validator(schema).iter_errors(value))
    if found is not None:
        raise _Wrong(_sentence(found)) from found
    return value


def _sentence(error: ValidationError) -> str:
    """A schema violation in one line: where, and what was expected; never the whole enum."""
    where = ".".join(str(part) for part in error.absolute_path) or "the answer"
    got = json.dumps(error.instance, ensure_ascii=False, default=str)
    got = got if len(got) <= _SHOWN else got[:_SHOWN] + "..."
    expected: Any = error.validator_value
    if error.validator == "enum":
        allowed = ", ".join(json.dumps(choice, ensure_ascii=False) for choice in expected[:_CHOICES])
        return f"{where}: {got} is not allowed; choose one of {allowed}."
    if error.validator == "const":
        return f"{where}: must be {json.dumps(expected, ensure_ascii=False)}, not {got}."
    if error.validator == "required":
        return f"{where}: {error.message}."
    return f"{where}: {error.message[: 2 * _SHOWN]} (got {got})."
