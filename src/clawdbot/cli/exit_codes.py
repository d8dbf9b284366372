"""Exit codes, assigned here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clawdbot.errors import (
    ApprovalNeeded,
    BudgetExceeded,
    ClawdbotError,
    ModelUnavailable,
    PolicyRefused,
    UsageError,
)

VERIFIED: Final = 0
OUR_BUG: Final = 1
USAGE: Final = 2
PARTIAL_OR_FAILED: Final = 3
WAITING: Final = 4
REFUSED: Final = 5
OVER_BUDGET: Final = 6
INTERRUPTED: Final = 130
"""128 + SIGINT, as shells have it."""

_OF_ERRORS: tuple[tuple[type[ClawdbotError], int], ...] = (
    (UsageError, USAGE),
    (ModelUnavailable, USAGE),
    (PolicyRefused, REFUSED),
    (ApprovalNeeded, WAITING),
    (BudgetExceeded, OVER_BUDGET),
    (ClawdbotError, PARTIAL_OR_FAILED),
)
_OF_STOPS = {"refused": REFUSED, "budget": OVER_BUDGET}


def of_error(error: Exception) -> int:
    """The code of an error; what is not ours to expect is our bug."""
    return next((code for kind, code in _OF_ERRORS if isinstance(error, kind)), OUR_BUG)


def of_run(result: Mapping[str, Any]) -> int:
    """The code of a run, from the object that ``run --json`` prints."""
    if result["status"] == "waiting":
        return WAITING
    if result["status"] == "interrupted":
        return INTERRUPTED
    if result["verdict"] == "verified":
        return VERIFIED
    return _OF_STOPS.get(result.get("stop_kind", ""), PARTIAL_OR_FAILED)
