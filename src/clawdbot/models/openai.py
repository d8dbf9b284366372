"""Any endpoint that speaks OpenAI's chat completions: OpenAI, vLLM, llama-server, LM Studio, DeepSeek, ..."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from clawdbot.config import ModelConfig
from clawdbot.errors import ConfigError
from clawdbot.models.adapted import AdaptedChat
from clawdbot.models.api_key import api_key
from clawdbot.models.own_retries import refuse_own_retries

_OFFICIAL = "api.openai.com"
_DEFAULT_KEY = "OPENAI_API_KEY"
_SEED = 7


def build(name: str, config: ModelConfig, home: Path) -> AdaptedChat:
    """The endpoint of ``[models.NAME]``.  Raises ConfigError when the key is not where the configuration says."""
    official = not config.base_url or urlsplit(config.base_url).hostname == _OFFICIAL
    key = api_key(name, config) or (os.environ.get(_DEFAULT_KEY) if official else None)
    if key is None and official:
        raise ConfigError(
            f"[models.{name}] needs a key.", hint=f"Set api_key_env or api_key_file, or the variable {_DEFAULT_KEY}."
        )
    refuse_own_retries(name, config)
    options = dict(config.options)
    inner = ChatOpenAI(
        model=config.model,
        base_url=config.base_url or None,
        api_key=SecretStr(key or "none"),
        temperature=config.temperature,
        seed=_SEED,
        max_retries=0,
        timeout=httpx.Timeout(config.timeout_s, connect=config.connect_timeout_s),
        stream_chunk_timeout=None,  # the limits are kept in one place, see models/relay.py
        stream_usage=True,
        use_responses_api=False,
        # No idle sockets: a step takes seconds, and servers drop them after a few.
        default_headers={"Connection": "close", **options.pop("default_headers", {})},
        **options,
    )
    return AdaptedChat(
        inner=inner,
        model_name=config.model,
        context=config.context,
        timeout_s=config.timeout_s,
        first_token_timeout_s=config.first_token_timeout_s,
        stall_timeout_s=config.stall_timeout_s,
        ladder=("strict", "json_schema", "json_object", "prompt"),
        # Compatible servers know the old name of the limit only; OpenAI's newer models the new one only.
        limit_field="" if official else "extra_body",
        hint=f"Check base_url, model and the key in [models.{name}].",
    )


def is_cloud(config: ModelConfig) -> bool:
    """The endpoint is not on this machine or a private network."""
    host = urlsplit(config.base_url).hostname or _OFFICIAL
    try:
        return not ipaddress.ip_address(host).is_private
    except ValueError:
        return host != "localhost"
