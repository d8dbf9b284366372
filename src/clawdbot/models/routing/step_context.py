"""What the policy knows of the step that needs a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from clawdbot.config import Intent, Label, StepKind

FailureKind = Literal[
    "transient", "rate_limited", "overloaded", "auth", "context_overflow", "schema_invalid", "truncated", "policy",
    "timeout", "tool_refused", "result_wrong",
]  # fmt: skip
"""Why an attempt gave nothing usable.  The first nine come from the call, ``tool_refused`` from the tool that got the
arguments (SQL that does not plan, a chart that does not render), ``result_wrong`` from a check of what came out."""

FAILURE_KINDS: tuple[FailureKind, ...] = get_args(FailureKind)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An earlier attempt at the same step that gave nothing usable."""

    model: str
    kind: FailureKind
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class StepContext:
    """One reasoning step as the policy sees it.  Tokens as the first rung would count them; times in seconds."""

    run_id: str
    step: int
    user: str
    kind: StepKind
    intent: Intent
    prompt_tokens: int
    max_tokens: int
    """Most tokens of the answer: the worst case that is reserved."""
    label: Label
    """Of everything that the step can see."""
    masked_label: Label
    """What is left of it after masking; equal to ``label`` when nothing is masked."""
    deadline_s: float
    attempt: int = 1
    """Counted over all models for this step."""
    failures: tuple[Failure, ...] = ()
    previous: str = ""
    """The model that served the run's last step; its prompt cache is warm."""
    pinned: str = ""
    """The one model that the person named; empty when the policy may choose."""
