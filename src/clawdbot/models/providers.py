"""From ``[models.NAME]`` to a rung.  A new provider is a module with ``build`` and one line here."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

from clawdbot.config import ModelConfig
from clawdbot.errors import MissingExtra
from clawdbot.models.interface import Rung


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Where a provider lives, and the extra and package it needs, if any."""

    module: str
    extra: str = ""
    package: str = ""


# Loaded on use: the openai client alone costs a second of start-up, and few people have more than one provider.
PROVIDERS: dict[str, Provider] = {
    "llamacpp": Provider(module="clawdbot.models.llamacpp", extra="embedded", package="xllamacpp"),
    "ollama": Provider(module="clawdbot.models.ollama"),
    "openai": Provider(module="clawdbot.models.openai", extra="openai", package="langchain_openai"),
    "langchain": Provider(module="clawdbot.models.langchain"),
}


def build(name: str, config: ModelConfig, *, home: Path) -> Rung:
    """The rung of ``[models.NAME]``; nothing is loaded or asked yet.

    Raises ConfigError for a wrong setting, MissingExtra when the provider's package is not installed.
    """
    provider = PROVIDERS[config.provider]
    try:
        module = importlib.import_module(provider.module)
    except ModuleNotFoundError as error:
        if error.name != provider.package:
            raise
        raise MissingExtra(f"The provider {config.provider!r}", extra=provider.extra) from error
    chat = module.build(name, config, home)
    return Rung(
        name=name,
        provider=config.provider,
        model=chat.model_name,
        chat=chat,
        context=config.context,
        cloud=module.is_cloud(config) if config.cloud is None else config.cloud,
        price=config.price,
    )
