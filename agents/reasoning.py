"""One reasoning step: ask under the live schema, give an intent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage

from clawdbot.agents.offers import Offer, sole_value, step_schema
from clawdbot.agents.steps import Intent
from clawdbot.models.service import ModelService
from clawdbot.models.step_request import StepAnswer, StepRequest
from clawdbot.text.blanks import without_blanks

MAX_TOKENS = 450
"""Most tokens of one step; a thought is short and an answer a few sentences."""

PROSE = frozenset({"title", "summary", "subject", "body", "answer"})
"""Arguments that people read."""

MAX_CALL_TOKENS = 300
"""Most tokens of a step that only calls: longer is a model that repeats itself."""


def reason(
    models: ModelService,
    request: StepRequest,
    messages: Sequence[BaseMessage],
    offers: Sequence[Offer],
    *,
    max_tokens: int,
) -> Intent:
    """The next call.  A step that leaves nothing to decide (one tool, no open argument) needs no model.

    Raises what :meth:`ModelService.complete` raises.
    """
    if len(offers) == 1 and (args := sole_value(offers[0].schema)) is not None:
        return Intent(thought="Only one call is possible.", tool=offers[0].name, args=args, model="")
    answer = models.complete(request, messages, step_schema(offers), max_tokens=max_tokens)
    value = answer.value
    return intent(answer, thought=str(value["thought"]), tool=str(value["tool"]), args=value["args"])


def intent(answer: StepAnswer, *, thought: str, tool: str, args: Mapping[str, Any]) -> Intent:
    """The call that an answer means, with what the answer took."""
    return Intent(
        thought=thought,
        tool=tool,
        args={name: without_blanks(text) if name in PROSE else text for name, text in args.items()},
        model=answer.model,
        prompt_tokens=answer.prompt_tokens,
        cached_tokens=answer.cached_tokens,
        completion_tokens=answer.completion_tokens,
        cost_usd=str(answer.cost_usd),
        attempts=answer.attempts,
        ms=answer.ms,
        notes=answer.notes,
    )
