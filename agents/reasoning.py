"""One reasoning step: ask the model under the live schema, repair once, give an intent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from clawdbot.agents.offers import Offer, sole_value, step_schema
from clawdbot.agents.steps import Intent
from clawdbot.errors import InvalidStep
from clawdbot.models.interface import ModelAnswer, Rung, complete_step

MAX_TOKENS = 450
"""Most tokens of one step; a thought is short and an answer a few sentences."""

MAX_CALL_TOKENS = 300
"""Most tokens of a step that only calls: longer is a model that repeats itself."""

_MILLION = Decimal(1_000_000)


def price_of(rung: Rung, prompt: int, completion: int) -> Decimal:
    """US dollars of a call; free without a price."""
    if rung.price is None:
        return Decimal(0)
    return (rung.price.input_usd * prompt + rung.price.output_usd * completion) / _MILLION


def reason(
    rung: Rung, messages: Sequence[BaseMessage], offers: Sequence[Offer], *, max_tokens: int, deadline_s: float
) -> Intent:
    """The model's next call; InvalidStep when the repair failed too, with the tokens of both answers.

    A step that leaves nothing to decide (one tool, no open argument) needs no model.
    """
    if len(offers) == 1 and (args := sole_value(offers[0].schema)) is not None:
        return Intent(thought="Only one call is possible.", tool=offers[0].name, args=args, model="")
    schema = step_schema(offers)
    try:
        return _intent(rung, complete_step(rung, messages, schema, max_tokens=max_tokens, deadline_s=deadline_s))
    except InvalidStep as first:
        spent = (first.prompt_tokens, first.completion_tokens)
        repair = [*messages, AIMessage(first.raw[:2_000]), HumanMessage(f"Not valid: {first} Answer again, shorter.")]
        try:
            answer = complete_step(rung, repair, schema, max_tokens=max_tokens, deadline_s=deadline_s)
        except InvalidStep as second:
            second.prompt_tokens += spent[0]
            second.completion_tokens += spent[1]
            raise
        return _intent(rung, answer, before=spent, notes=(f"repaired: {first}",))


def _intent(
    rung: Rung, answer: ModelAnswer, *, before: tuple[int, int] = (0, 0), notes: tuple[str, ...] = ()
) -> Intent:
    prompt, completion = answer.prompt_tokens + before[0], answer.completion_tokens + before[1]
    return Intent(
        thought=str(answer.value["thought"]),
        tool=str(answer.value["tool"]),
        args=answer.value["args"],
        model=rung.name,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cost_usd=str(price_of(rung, prompt, completion)),
        ms=answer.ms,
        notes=notes,
    )
