"""How long to wait before a call is repeated, and whether it is worth it."""

from __future__ import annotations

import random

from clawdbot.config import RetriesConfig
from clawdbot.errors import ModelError
from clawdbot.models.calls.failures import worth_asking_again

_FIRST_S = 0.5
"""Upper end of the first wait; it doubles with each try."""
_LEAST_LEFT_S = 0.05
"""A call with less time than this cannot succeed."""


def pause_s(
    error: BaseException, *, tried: int, left_s: float, config: RetriesConfig, patience_s: float | None = None
) -> float | None:
    """Seconds before try number ``tried`` + 1; None when another try of the same call is no use, or would have to wait
    longer than ``patience_s`` while another model stands by (None: none does).

    Full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), so that runs that failed
    together do not come back together.  What the server asks for in ``Retry-After`` is obeyed while the call's time
    lasts, with up to a tenth more for the same reason.
    """
    if tried >= config.attempts or not worth_asking_again(error, tried=tried, alone=patience_s is None):
        return None
    asked = error.retry_after_s if isinstance(error, ModelError) else None
    if asked is not None:
        wait = asked * random.uniform(1.0, 1.1)
    else:
        wait = random.uniform(0.0, min(config.wait_max_s, _FIRST_S * 2 ** (tried - 1)))
    most = left_s - _LEAST_LEFT_S if patience_s is None else min(left_s - _LEAST_LEFT_S, patience_s)
    return wait if wait < most else None
