"""Who answers the questions of a run while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clawdbot.store.answers import Answer

Approver = Callable[[Mapping[str, Any]], Answer | bool | None]
"""Answers an approval request {tool, payload, payload_hash, args}; None when nobody is there to answer."""


def nobody(request: Mapping[str, Any]) -> Answer | bool | None:
    """The approver of a run that nobody watches: the run waits."""
    return None
