"""The simulated office as its file says it: models, kinds of steps, suites."""

from __future__ import annotations

import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from clawdbot.config import PriceConfig, StepKind
from clawdbot.models.routing.step_context import FailureKind
from clawdbot.models.spending.price import FREE, Price

WORLDS = Path(__file__).with_name("worlds.toml")


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StepSizes(_Row):
    """Tokens: what a step's result adds to later prompts, and of its answer (mean)."""

    adds: int
    answer: int


class SimModel(_Row):
    """A model as the simulator plays it; ``success`` by kind, one share for each difficulty."""

    cloud: bool
    context: int
    prompt_tokens_s: float
    completion_tokens_s: float
    success: dict[StepKind, tuple[float, ...]]
    first_token_s: float = 0.0
    load_s: float = 0.0
    cache_from: int = 0
    """The provider caches no prompt that is shorter, tokens."""
    cache_hit: float = 1.0
    """Share of calls in which a cached prompt is found again."""
    price: PriceConfig | None = None

    @cached_property
    def tariff(self) -> Price:
        """What its tokens cost."""
        if self.price is None:
            return FREE
        return Price(
            input_usd=self.price.input_usd,
            output_usd=self.price.output_usd,
            cached_input_usd=self.price.cached_input_usd,
            source="configured",
        )

    def with_odds(self, factor: float) -> SimModel:
        """The model whose odds of success (p to 1 - p) are ``factor`` times as high."""

        def changed(share: float) -> float:
            odds = factor * share / (1 - share)
            return odds / (1 + odds)

        rates = {kind: tuple(changed(p) for p in shares) for kind, shares in self.success.items()}
        return self.model_copy(update={"success": rates})


class Goal(_Row):
    """The steps of a task, and how often such a task comes."""

    steps: tuple[StepKind, ...]
    share: float


class Suite(_Row):
    """A kind of office; the file's comments explain each key."""

    about: str
    extreme: bool = False
    models: tuple[str, ...] = Field(min_length=2)
    difficulty: tuple[float, ...]
    goals: tuple[Goal, ...]
    base: int = 1500
    stretch: float = 1.0
    answers: float = 1.0
    resident: int = 9
    burst: tuple[float, int, int] = (0.0, 0, 0)
    becomes: dict[str, str] = {}


class World(_Row):
    """Everything that the file says."""

    difficulties: tuple[str, ...]
    same_difficulty: float
    repair: float
    false_alarm: float
    shared_luck: tuple[float, float]
    replan: float
    failed_tokens: int
    changing_tail: int
    shared_prefix: int
    queued_call_s: float
    estimate_off: float
    max_attempts: int
    failures: dict[FailureKind, float]
    detected: dict[StepKind, float]
    steps: dict[StepKind, StepSizes]
    models: dict[str, SimModel]
    suites: dict[str, Suite]

    @classmethod
    def load(cls, path: Path = WORLDS) -> World:
        """The world of a file; a model that is ``like`` another takes its values unless it has its own."""
        body = tomllib.loads(path.read_text("utf-8"))
        models = {name: _model(name, body["models"]) for name in body["models"]}
        return cls.model_validate({**body, "models": models})

    def with_unnoticed(self, share: float) -> World:
        """The world in which only this share (0 to 1) of the mistakes that no check notices is left unnoticed."""
        detected: dict[StepKind, float] = {kind: 1 - share * (1 - seen) for kind, seen in self.detected.items()}
        return self.model_copy(update={"detected": detected})


def _model(name: str, bodies: dict[str, dict[str, Any]]) -> SimModel:
    own = dict(bodies[name])
    odds = own.pop("odds", 1.0)
    like = own.pop("like", None)
    found = SimModel.model_validate({**bodies[like], **own} if like else own)
    return found.with_odds(odds)
