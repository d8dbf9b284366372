"""Codes of a ModelError that say why there was no answer."""

from __future__ import annotations

from clawdbot.errors import ModelUnavailable

BUSY = "model_busy"
"""Asking again may cure it: HTTP 429 and 5xx, a model still loading, a stream that broke off."""

UNREACHABLE = "model_unreachable"
"""No connection: nothing listens, the name is unknown, or it took too long."""

STALLED = "model_stalled"
"""The answer began and went silent."""

TIMEOUT = "model_timeout"
"""No answer within the call's time."""

NOT_BEGUN = "model_not_begun"
"""The answer did not begin within its own limit."""

OVERLOADED = "model_overloaded"
"""Not asked: the queue for it is too long."""

LEFT_ALONE = "model_left_alone"
"""Not asked: it failed too often a moment ago."""

REFUSED = "model_refused"
"""A person must mend it: the key, the quota, the model's name, its memory."""

PROMPT_CUT = "prompt_cut"
"""The server shortened the prompt and answered from the rest."""


def late(model: str, timeout_s: float) -> ModelUnavailable:
    """The error of a call that ran out of time."""
    return ModelUnavailable(
        f"{model!r} did not answer within {timeout_s:.0f} s.",
        hint="Raise timeout_s of the model or [planner] deadline_s, or use a smaller model.",
        code=TIMEOUT,
    )


def not_begun(model: str, timeout_s: float) -> ModelUnavailable:
    """The error of a call whose answer did not begin in time."""
    return ModelUnavailable(
        f"{model!r} did not begin to answer within {timeout_s:.0f} s.",
        hint="Raise first_token_timeout_s of the model, or use a smaller model.",
        code=NOT_BEGUN,
    )


def stalled(model: str, timeout_s: float) -> ModelUnavailable:
    """The error of an answer that began and then went silent."""
    return ModelUnavailable(
        f"{model!r} went silent for {timeout_s:.0f} s in the middle of its answer.",
        hint="Ask again, or raise stall_timeout_s of the model.",
        code=STALLED,
    )


def broke_off(model: str) -> ModelUnavailable:
    """The error of an answer whose connection ended too early."""
    return ModelUnavailable(f"The answer of {model!r} broke off.", hint="Ask again in a moment.", code=BUSY)
