"""What the planner knows of models: a rung, and one step asked of it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import best_match
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import BaseMessage

from clawdbot.config import PriceConfig
from clawdbot.errors import ContextOverflow, InvalidStep, ModelUnavailable
from clawdbot.models.chat import Schema
from clawdbot.models.unavailable import broke_off

_SHOWN = 120
_CHOICES = 12
_ENOUGH = 32
"""Tokens from which on a speed is more than noise."""
_BEGUN = re.compile(r"\s*(t|tr|tru|f|fa|fal|fals|n|nu|nul|-|[.eE][+-]?|u[0-9a-fA-F]{0,4})?")
"""What may be left of a JSON text at the place where it stopped."""


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
    prompt_tokens_s: float | None = None
    """Uncached prompt tokens read in a second; None when they were too few to tell."""
    completion_tokens_s: float | None = None
    load_s: float = 0.0
    """Seconds that loading the model took, where the server says so."""


def complete_step(
    rung: Rung, messages: Sequence[BaseMessage], schema: Schema, *, max_tokens: int, deadline_s: float
) -> ModelAnswer:
    """Ask once for one JSON object under ``schema``, within ``deadline_s`` seconds, and check it ourselves.

    Who asks again, and when, is :class:`clawdbot.models.calls.caller.Caller`.  Raises ContextOverflow before the call
    when the prompt and ``max_tokens`` do not fit, InvalidStep (with ``raw``) when the answer is cut off, no JSON or not
    valid, ModelUnavailable when there is no answer.
    """
    _refuse_overflow(rung, messages, max_tokens)
    if deadline_s <= 0:
        raise ModelUnavailable("No time is left to ask the model.", hint="Raise [planner] deadline_s.")
    start = time.monotonic()
    message = rung.chat.invoke(list(messages), schema=schema, max_tokens=max_tokens, timeout_s=deadline_s)
    took_s = time.monotonic() - start
    usage = message.usage_metadata
    prompt = usage["input_tokens"] if usage else rung.estimate_prompt(messages)
    completion = usage["output_tokens"] if usage else rung.estimate_tokens(message.text)
    cached = int(message.response_metadata.get("cached_tokens", 0))
    reason = message.response_metadata.get("finish_reason")
    try:
        value = _checked(message.text, schema, cut=reason == "length", max_tokens=max_tokens)
    except _Wrong as wrong:
        if wrong.early and reason == "unknown":
            raise broke_off(rung.model) from wrong
        raise InvalidStep(
            str(wrong),
            raw=message.text,
            prompt_tokens=prompt,
            completion_tokens=completion,
            truncated=wrong.early or reason == "length",
        ) from wrong.__cause__
    return ModelAnswer(
        text=message.text,
        value=value,
        prompt_tokens=prompt,
        cached_tokens=cached,
        completion_tokens=completion,
        ms=round(took_s * 1000),
        truncated=reason == "length",
        **_speeds(message.response_metadata, prompt=prompt - cached, completion=completion, took_s=took_s),
    )


def _refuse_overflow(rung: Rung, messages: Sequence[BaseMessage], max_tokens: int) -> None:
    size = rung.estimate_prompt(messages)
    if size + max_tokens > rung.context:
        raise ContextOverflow(
            f"The prompt (about {size} tokens) and the answer (up to {max_tokens}) do not fit the {rung.context} "
            f"tokens of {rung.name!r}.",
            hint=f"Shorten the goal or the tables' descriptions, or raise context in [models.{rung.name}].",
        )


def _speeds(metadata: Mapping[str, Any], *, prompt: int, completion: int, took_s: float) -> dict[str, Any]:
    """What the server measured, else what the clock says."""
    timings: Mapping[str, float] = metadata.get("timings") or {}
    first_s = float(metadata.get("first_token_s") or 0.0)
    reading = timings.get("prompt_per_second") or (prompt / first_s if first_s > 0 else None)
    writing_s = took_s - first_s
    writing = timings.get("predicted_per_second") or (completion / writing_s if first_s > 0 < writing_s else None)
    return {
        "prompt_tokens_s": reading if prompt >= _ENOUGH else None,
        "completion_tokens_s": writing if completion >= _ENOUGH else None,
        "load_s": timings.get("load_s", 0.0),
    }


class _Wrong(Exception):
    """Why an answer is not a step, in words that a model can mend; ``early``: it ends before it is complete."""

    def __init__(self, text: str, *, early: bool = False) -> None:
        super().__init__(text)
        self.early = early


def _checked(text: str, schema: Schema, *, cut: bool, max_tokens: int) -> dict[str, Any]:
    try:
        return _valid(text, schema)
    except _Wrong as error:
        if cut:
            text = f"The answer was cut off after {max_tokens} tokens. Answer shorter."
            raise _Wrong(text, early=error.early) from error
        raise


def _valid(text: str, schema: Schema) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        early = _ends_early(text, error)
        raise _Wrong(f"The answer is not JSON: {error.msg} at character {error.pos}.", early=early) from error
    if not isinstance(value, dict):
        raise _Wrong("The answer must be one JSON object.")
    found = best_match(Draft202012Validator(schema).iter_errors(value))
    if found is not None:
        raise _Wrong(_sentence(found)) from found
    return value


def _ends_early(text: str, error: json.JSONDecodeError) -> bool:
    """The text is the beginning of a JSON text rather than none."""
    if not text.strip():
        return False
    return error.msg.startswith("Unterminated string") or _BEGUN.fullmatch(text, error.pos) is not None


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
