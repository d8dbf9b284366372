"""What a reasoning step asks of the models, and what it gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from langchain_core.messages import BaseMessage

from clawdbot.config import Intent, Label, StepKind
from clawdbot.models.chat import Schema
from clawdbot.models.routing.step_context import Failure
from clawdbot.text.language import Language

Check = Callable[[dict[str, Any]], str | None]
"""Says what is wrong with a valid answer, in words that a model can mend; None when nothing is."""


@dataclass(frozen=True, kw_only=True)
class StepRequest:
    """The step that needs a model.  ``label`` is the highest of the data that its prompt shows; times in seconds."""

    run_id: str
    step: int
    user: str
    kind: StepKind
    intent: Intent
    label: Label
    deadline_s: float
    failures: tuple[Failure, ...] = ()
    """Earlier attempts of the run at the same thing, oldest first, with the models that made them."""
    previous: str = ""
    """The model that served the run's last step."""
    pinned: str = ""
    """The only model that may be asked; empty when the policy may choose."""
    budget_usd: Decimal | None = None
    """The most that the run may cost, where that is less than [budget] task_usd."""
    may_ask: bool = False
    """Somebody can be asked for more money: ApprovalNeeded may be raised."""
    approvals: frozenset[str] = frozenset()
    """Payload hashes that a person approved for the run."""
    language: Language = "en"
    """Of the person who is asked."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of the tools and data that an answer depends on; another version is another answer."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked: one prompt under ``schema``, or without a schema one yes-no question for each prompt."""

    prompts: tuple[tuple[BaseMessage, ...], ...]
    max_tokens: int
    schema: Schema | None = None
    check: Check | None = None

    @classmethod
    def yes_or_no(cls, prompts: Sequence[Sequence[BaseMessage]]) -> Question:
        """A question that is answered with one word."""
        return cls(prompts=tuple(tuple(p) for p in prompts), max_tokens=1)


@dataclass(frozen=True, kw_only=True)
class StepAnswer:
    """A valid answer with what it took, failed attempts before it included.  ``ms`` is of the answer alone."""

    value: dict[str, Any]
    model: str
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    ms: int = 0
    attempts: int = 1
    notes: tuple[str, ...] = ()
    """What happened on the way, for the step's notes: repairs, other models, an answer that was kept."""
    age_s: float | None = None
    """Age of an answer that was kept; None for a new one."""


@dataclass(frozen=True, kw_only=True)
class StepJudgements:
    """The share of 'yes' for each prompt, 0 to 1, by one model."""

    yes: tuple[float, ...]
    model: str
    prompt_tokens: int
    cost_usd: Decimal
    ms: int
    attempts: int = 1
