"""The expected cost of serving a step with a rung: its call, a repair, and what follows when both fail.

The formula, and why it is monotone in every price, stands in docs/adr/0020-cost-policy.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from clawdbot.config import WeightsConfig
from clawdbot.models.routing.policy import Policy
from clawdbot.models.routing.snapshot import RungState
from clawdbot.models.routing.step_context import StepContext
from clawdbot.models.spending.price import FREE

ERROR_TOKENS = 60
"""Length of the error text that a repair or the next rung reads besides the failed answer."""
_EARLIER_STEPS = 2.0
"""As how many earlier steps one failure at this very step weighs: a hard step stays hard."""
_MILLION = 1e6
_SLOWEST = 0.01
"""Tokens a second, so that no measured speed divides by zero."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Worth:
    """What things count for, weighted: US dollars of a step."""

    token: float
    """Of a millionth of a dollar, so that prices for a million tokens can be used as they are."""
    second: float
    wrong: float
    """A wrong answer that no check notices."""
    blind: float
    """Wrong answers that no check notices, for each one that a check does."""

    @classmethod
    def of(cls, policy: Policy, weights: WeightsConfig) -> Worth:
        """What the operator says."""
        return cls(
            token=weights.price / _MILLION,
            second=weights.latency * policy.second_usd,
            wrong=weights.quality * policy.failure_usd,
            blind=policy.unnoticed / (1.0 - policy.unnoticed),
        )

    def unnoticed(self, success: float) -> float:
        """What wrong answers cost that pass the checks, for a model whose answers pass with this share.

        Who is often caught is often wrong without being caught; never more answers than pass.
        """
        return self.wrong * min(self.blind * (1.0 - success), success)


class Estimate:
    """What one rung would take for the step.  Plain attributes, as it is made ten times for each decision.

    ``price`` and ``worst`` are US dollars of the first call; ``seconds`` of the first call; ``success`` is the share
    of usable first answers.  ``call``, ``prompt`` (the part of ``call`` for reading), ``mend`` and ``round`` are
    weighted costs, with what a wrong answer costs that no check notices; ``warm`` what the prompt cache saves of them;
    ``failing`` is the share of steps that neither the call nor the repair solves.
    """

    __slots__ = ("call", "failing", "growth", "mend", "price", "prompt", "round", "seconds", "success", "warm", "worst")

    def __init__(self, context: StepContext, rung: RungState, worth: Worth, *, failed: int, repairs: int) -> None:
        price = FREE if rung.price is None else rung.price
        prompt = context.prompt_tokens
        cached = min(rung.cached_tokens, prompt)
        answer = min(max(1, math.ceil(rung.expected_tokens)), context.max_tokens)
        self.price = price.of(prompt_tokens=prompt, completion_tokens=answer, cached_tokens=cached)
        self.worst = worst_usd(rung, context)
        reading_speed = max(rung.prompt_tokens_s, _SLOWEST)
        reading, writing = (prompt - cached) / reading_speed, answer / max(rung.completion_tokens_s, _SLOWEST)
        waiting = max(0, rung.running + rung.waiting + 1 - rung.concurrency) / max(rung.concurrency, 1)
        loading = 0.0 if rung.loaded else rung.load_s
        self.seconds = loading + waiting * (reading + writing) + reading + writing
        money, time = worth.token, worth.second
        new = float(price.input_usd)
        known = new if price.cached_input_usd is None else float(price.cached_input_usd)
        said, request = answer * float(price.output_usd), _MILLION * float(price.request_usd)
        self.growth = answer + ERROR_TOKENS
        self.prompt = money * (new * (prompt - cached) + known * cached) + time * reading
        self.call = money * (new * (prompt - cached) + known * cached + said + request) + time * self.seconds
        self.warm = cached * (money * max(0.0, new - known) + time / reading_speed)
        mean = rung.odds.mean
        self.success = mean * _EARLIER_STEPS / (_EARLIER_STEPS + failed)
        first = 1.0 - self.success
        self.call += worth.unnoticed(self.success)
        if repairs > 0:
            mended = mean * _EARLIER_STEPS / (_EARLIER_STEPS + failed + 1)
            grown = money * (known * prompt + new * self.growth + said + request)
            self.mend = first * (grown + time * (self.growth / reading_speed + writing) + worth.unnoticed(mended))
            self.failing = first * (1.0 - mended)
        else:
            self.mend = 0.0
            self.failing = first
        self.round = self.call + self.mend


def worst_usd(rung: RungState, context: StepContext) -> Decimal:
    """Most that one call can cost, US dollars: nothing cached, the longest answer."""
    price = FREE if rung.price is None else rung.price
    prompt = context.prompt_tokens
    # A price list may ask more for cached tokens than for others; the worst case must hold then too.
    dear_cache = price.cached_input_usd is not None and price.cached_input_usd > price.input_usd
    return price.of(
        prompt_tokens=prompt, completion_tokens=context.max_tokens, cached_tokens=prompt if dear_cache else 0
    )


def expected_costs(
    estimates: Sequence[Estimate], prompt_tokens: int, *, quality: float, failure_usd: float
) -> list[float]:
    """The expected cost of beginning with each rung, the others being what is left when it fails.

    A quality weight up to 1 scales the whole of what follows a failure.  Above 1 it scales only the loss of a step
    that fails for good: what the next rung costs is money and time, and no more than that.
    """
    counted, loss = min(1.0, quality), failure_usd * max(1.0, quality)
    return [
        one.call + counted * (one.mend + one.failing * _continuation(estimates, i, prompt_tokens, loss))
        for i, one in enumerate(estimates)
    ]


def _continuation(estimates: Sequence[Estimate], failed: int, prompt_tokens: int, loss: float) -> float:
    """The best two further rungs, and the loss when they fail too.

    The failed answer and its error make the prompt of each later call longer, once: of failed attempts only the last
    stays in the context.  The share is bounded so that the policy stays monotone in every price.
    """
    before = estimates[failed]
    growth = before.growth / max(prompt_tokens, 1)
    if before.failing > 0.0:
        growth = min(growth, (1.0 - before.failing) / before.failing)
    rounds = [one.round + growth * one.prompt for one in estimates]
    nearest = second = math.inf
    owner = -1
    for i, one in enumerate(estimates):
        if i == failed:
            continue
        cost = rounds[i] + one.failing * loss
        if cost < nearest:
            nearest, second, owner = cost, nearest, i
        elif cost < second:
            second = cost
    if owner < 0:
        return loss
    if second == math.inf:
        return nearest
    return min(
        rounds[i] + one.failing * (second if i == owner else nearest) for i, one in enumerate(estimates) if i != failed
    )
