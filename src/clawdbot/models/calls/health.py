"""What is known of a model's endpoint right now."""

from __future__ import annotations

from dataclasses import dataclass

from clawdbot.models.routing.snapshot import BreakerState


@dataclass(frozen=True, kw_only=True)
class Health:
    """One model as its calls left it.  Times in seconds, speeds in tokens a second; None: not measured yet."""

    name: str
    breaker: BreakerState = "closed"
    opens_again_s: float = 0.0
    """Until one call may try; 0 unless the breaker is open."""
    concurrency: int = 1
    running: int = 0
    waiting: int = 0
    loaded: bool = True
    load_s: float = 0.0
    prompt_tokens_s: float | None = None
    completion_tokens_s: float | None = None
    last_failure: str = ""
    """In words; empty when the last call was answered."""
