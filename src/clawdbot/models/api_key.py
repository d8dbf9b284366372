"""Keys of model servers, by reference: an environment variable or a file, never the key itself."""

from __future__ import annotations

import os

from clawdbot.config import ModelConfig
from clawdbot.errors import ConfigError


def api_key(name: str, config: ModelConfig) -> str | None:
    """The key by reference; None when none is configured."""
    if config.api_key_file is not None:
        try:
            return config.api_key_file.read_text("utf-8").strip()
        except OSError as error:
            raise ConfigError(
                f"The key file of [models.{name}] cannot be read: {error}.", hint="Check api_key_file."
            ) from error
    if config.api_key_env:
        key = os.environ.get(config.api_key_env)
        if not key:
            raise ConfigError(
                f"The variable {config.api_key_env!r} of [models.{name}] is not set.",
                hint=f"Run: export {config.api_key_env}=...",
            )
        return key
    return None
