"""Any LangChain chat model by import path, ``package.module:Class``."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from langchain_core.language_models.chat_models import BaseChatModel

from clawdbot.config import ModelConfig
from clawdbot.errors import ConfigError
from clawdbot.models.adapted import AdaptedChat, Mode
from clawdbot.models.api_key import api_key
from clawdbot.models.chat import SchemaChat
from clawdbot.models.own_retries import refuse_own_retries

_OURS = "clawdbot."
_EXAMPLE = "for example 'langchain_anthropic:ChatAnthropic'"
_OPENAI_LADDER: tuple[Mode, ...] = ("strict", "json_schema", "json_object", "prompt")


def build(name: str, config: ModelConfig, home: Path) -> SchemaChat:
    """The model of ``[models.NAME]``, made with ``options`` as its arguments (the key as ``api_key``)."""
    kind = load_class(name, config.model)
    options: dict[str, Any] = dict(config.options)
    limits: dict[str, float] = {
        "timeout_s": config.timeout_s,
        "first_token_timeout_s": config.first_token_timeout_s,
        "stall_timeout_s": config.stall_timeout_s,
    }
    if issubclass(kind, SchemaChat):
        return kind(**{"context": config.context, **limits, **options})
    refuse_own_retries(name, config)
    if "max_retries" in kind.model_fields:
        options["max_retries"] = 0
    if key := api_key(name, config):
        options["api_key"] = key
    try:
        inner = kind(**options)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"[models.{name}] options do not suit {config.model!r}: {error}") from error
    return AdaptedChat(
        inner=inner,
        model_name=str(options.get("model") or options.get("model_name") or name),
        context=config.context,
        **limits,
        ladder=_OPENAI_LADDER if hasattr(inner, "extra_body") else ("structured", "prompt"),
        hint=f"Check options and the key in [models.{name}].",
    )


def is_cloud(config: ModelConfig) -> bool:
    """Unknown models count as cloud unless the configuration says otherwise; our own are local."""
    return not config.model.startswith(_OURS)


def load_class(name: str, path: str) -> type[BaseChatModel]:
    """The class at ``path``.  Raises ConfigError that says what to install or to write."""
    module_name, _, attribute = path.partition(":")
    if not module_name or not attribute:
        raise ConfigError(f"[models.{name}] model must be 'package.module:Class', {_EXAMPLE}, not {path!r}.")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        package = (error.name or module_name).split(".")[0]
        raise ConfigError(
            f"[models.{name}] needs the package {package!r}, which is not installed.",
            hint=f"Install it with: pip install {package.replace('_', '-')}",
        ) from error
    found = getattr(module, attribute, None)
    if not isinstance(found, type) or not issubclass(found, BaseChatModel):
        raise ConfigError(f"{path!r} in [models.{name}] is not a LangChain chat model class.", hint=f"Give {_EXAMPLE}.")
    return found
