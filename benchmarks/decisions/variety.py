"""Steps, models, rules and budgets in all their variety, from a seed."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import get_args

from clawdbot.config import LABELS, Config, Intent, Label, RouterConfig, RouterRule, RuleWhen, StepKind
from clawdbot.models.routing.policy import Policy
from clawdbot.models.routing.snapshot import Odds, RungState, Scope, Snapshot
from clawdbot.models.routing.step_context import FAILURE_KINDS, Failure, StepContext
from clawdbot.models.spending.price import FREE, Price

_KINDS: tuple[StepKind, ...] = get_args(StepKind)
_INTENTS: tuple[Intent, ...] = get_args(Intent)
_SCOPES: tuple[Scope, ...] = get_args(Scope)
_USERS = tuple(f"user{n}" for n in range(40))
_GROUPS = {"finance": _USERS[:8], "sales": _USERS[5:20]}


class Variety:
    """A source of questions to the policy; the same seed gives the same ones."""

    def __init__(self, *, rungs: int, rules: int, seed: int) -> None:
        self._random = random.Random(seed)
        self._names = tuple(f"model{n}" for n in range(rungs))
        self._rules = rules

    def policy(self) -> Policy:
        """Rules of every form; most of them look at several things."""
        rules = tuple(self._rule(number) for number in range(self._rules))
        return Policy.of(Config(router=RouterConfig(rule=rules, cloud_max_label="internal"), groups=_GROUPS))

    def _rule(self, number: int) -> RouterRule:
        draw = self._random
        when = RuleWhen(
            kind=tuple(draw.sample(_KINDS, draw.randint(0, 3))),
            intent=tuple(draw.sample(_INTENTS, draw.randint(0, 2))),
            user=tuple(draw.sample((*_USERS, "group:finance", "group:sales"), draw.randint(0, 4))),
            label_from=draw.choice((None, "internal", "confidential")),
            tokens_from=draw.choice((None, 500, 4000)),
            attempt_from=draw.choice((None, 2)),
        )
        models = draw.sample(self._names, min(3, len(self._names)))
        form = number % 3
        if form == 0:
            return RouterRule(name=f"rule {number}", when=when, deny=tuple(models[:2]))
        if form == 1:
            return RouterRule(name=f"rule {number}", when=when, start=models[0])
        return RouterRule(when=when, allow=tuple(name for name in self._names if name != models[0]))

    def step(self) -> StepContext:
        """A step of anybody, anywhere in a run."""
        draw = self._random
        failures = tuple(
            Failure(model=draw.choice(self._names), kind=draw.choice(FAILURE_KINDS))
            for _ in range(draw.choice((0, 0, 0, 1, 2)))
        )
        label, masked = self._labels()
        return StepContext(
            run_id="run",
            step=draw.randint(1, 16),
            user=draw.choice(_USERS),
            kind=draw.choice(_KINDS),
            intent=draw.choice(_INTENTS),
            prompt_tokens=draw.randint(200, 9000),
            max_tokens=draw.choice((200, 400, 900)),
            label=label,
            masked_label=masked,
            deadline_s=draw.uniform(1.0, 900.0),
            attempt=1 + len(failures),
            failures=failures,
            previous=draw.choice(("", *self._names)),
            pinned=draw.choice(("",) * 30 + self._names[:1]),
        )

    def _labels(self) -> tuple[Label, Label]:
        rank = self._random.randint(0, len(LABELS) - 1)
        return LABELS[rank], LABELS[self._random.randint(0, rank)]

    def snapshot(self) -> Snapshot:
        """The models in good and bad moments, the first third of them free and local; money that is scarce or not."""
        draw = self._random
        rungs = tuple(self._rung(place, name) for place, name in enumerate(self._names))
        left = {scope: draw.choice((None, Decimal(str(round(draw.random(), 4))))) for scope in _SCOPES}
        return Snapshot(rungs=rungs, budget_left=left)

    def _rung(self, place: int, name: str) -> RungState:
        draw = self._random
        cloud = place >= max(1, len(self._names) // 3)
        usd = Decimal(str(round(draw.uniform(0.05, 5.0), 3)))
        cached = draw.choice((None, usd / 10))
        price = Price(input_usd=usd, output_usd=4 * usd, cached_input_usd=cached, source="configured")
        return RungState(
            name=name,
            cloud=cloud,
            context=draw.choice((8192, 32_768, 128_000)),
            price=price if cloud else FREE,
            available=draw.random() > 0.05,
            breaker=draw.choices(("closed", "half_open", "open"), (90, 5, 5))[0],
            concurrency=draw.choice((1, 2, 8)),
            running=draw.randint(0, 3),
            waiting=draw.randint(0, 2),
            loaded=draw.random() > 0.1,
            load_s=8.0,
            prompt_tokens_s=draw.uniform(50, 3000),
            completion_tokens_s=draw.uniform(10, 150),
            cached_tokens=draw.choice((0, 0, 1500, 4000)),
            expected_tokens=draw.uniform(40, 400),
            odds=Odds(successes=draw.uniform(1, 60), failures=draw.uniform(0.5, 20)),
        )
