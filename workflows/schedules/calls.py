"""Calls from outside that start a run: who may, and what they may say.  Pure."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

from clawdbot.errors import PolicyRefused, UsageError

MOST_BYTES = 256_000
"""Of a call's body."""


def admit(given: str, expected: str | None) -> None:
    """PolicyRefused unless the token is the expected one; it takes as long for a wrong one.

    A caller learns the same of a wrong token, of an unknown schedule and of one whose token is not set.
    """
    known = expected or ""
    fits = hmac.compare_digest(given.encode("utf-8", "replace"), known.encode("utf-8", "replace"))
    if not (fits and known):
        raise PolicyRefused(
            "There is no such schedule, or the token is wrong.", hint="Check the address and the token."
        )


def inputs_of(body: bytes) -> Mapping[str, Any]:
    """The inputs that a call's body gives: a JSON object, or nothing.  UsageError for another."""
    if len(body) > MOST_BYTES:
        raise UsageError(
            f"The body has {len(body)} bytes; the limit is {MOST_BYTES}.", hint="Send a reference instead."
        )
    if not body.strip():
        return {}
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise UsageError("The body is no JSON.", hint='Send inputs as a JSON object: {"name": "value"}.') from None
    if not isinstance(said, dict):
        raise UsageError("The body is no JSON object.", hint='Send inputs as a JSON object: {"name": "value"}.')
    return said
