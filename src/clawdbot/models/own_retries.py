"""Clients of providers that repeat calls by themselves: they must not, since the calls would not be counted."""

from __future__ import annotations

from clawdbot.config import ModelConfig
from clawdbot.errors import ConfigError

_OPTION = "max_retries"


def refuse_own_retries(name: str, config: ModelConfig) -> None:
    """Raises ConfigError when the options of ``[models.NAME]`` ask the client to repeat calls."""
    if config.options.get(_OPTION):
        raise ConfigError(
            f"[models.{name}] options must not set {_OPTION}: calls are repeated in one place, within one budget.",
            hint="Remove it, and set attempts in [router.retries].",
        )
