"""Codes of a ModelUnavailable that say why there was no answer."""

from __future__ import annotations

from clawdbot.errors import ModelUnavailable

BUSY = "model_busy"
"""Asking again may cure it: HTTP 429 and 5xx, a model still loading."""

TIMEOUT = "model_timeout"
"""No answer within the call's time."""


def late(model: str, timeout_s: float) -> ModelUnavailable:
    """The error of a call that ran out of time."""
    return ModelUnavailable(
        f"{model!r} did not answer within {timeout_s:.0f} s.",
        hint="Raise timeout_s of the model or [planner] deadline_s, or use a smaller model.",
        code=TIMEOUT,
    )
