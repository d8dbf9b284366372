"""Prices of cloud models as the package genai-prices knows them; nothing is asked of a network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from clawdbot.config import ModelConfig
from clawdbot.models.spending.price import Price

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice

_CHECKED = re.compile(r"\b(?:verified|checked)\b[^.;]{0,30}?\b(20\d\d-[01]\d-[0-3]\d)\b")
"""How the data's notes tell on which day somebody compared a rate with the provider's page."""
_HALF_HOURS = tuple(timedelta(minutes=30 * n) for n in range(48))
_THOUSAND = Decimal(1000)


def catalogue_price(config: ModelConfig, today: date) -> Price | None:
    """The dearest that the model's tokens can cost today, None when the provider or the model is not known.

    A provider may charge more at some hours, or for prompts above a length that the model's ``context`` allows:
    what is reserved must cover that.  Caches are taken as read, never as written (nothing here asks for that).
    """
    data = _data()
    try:
        provider_id, address = _provider(config)
        _, model = data.find_provider_model(_reference(config), None, provider_id, address)
    except LookupError:
        return None
    tier = config.options.get("service_tier")
    chosen = {"service_tier": tier} if isinstance(tier, str) else None
    midnight = datetime(today.year, today.month, today.day, tzinfo=UTC)
    prices = [model.get_prices(midnight + after, chosen) for after in _HALF_HOURS]
    prompt = _dearest(prices, "input_mtok", config.context)
    answer = _dearest(prices, "output_mtok", config.context)
    if prompt is None or answer is None:
        return None
    reasoning = _dearest(prices, "output_reasoning_mtok", config.context)
    request = _dearest(prices, "requests_kcount", config.context)
    return Price(
        input_usd=prompt,
        output_usd=max(answer, reasoning or answer),
        cached_input_usd=_dearest(prices, "cache_read_mtok", config.context),
        request_usd=(request or Decimal(0)) / _THOUSAND,
        source="catalogue",
        as_of=_as_of(),
    )


def _provider(config: ModelConfig) -> tuple[str | None, str | None]:
    """Who asks the money, by id or by address.  LookupError when it cannot be told.

    A model's name alone says nothing of the price: a reseller has its own.
    """
    address = config.base_url or str(config.options.get("base_url") or "")
    if address:
        return None, address
    if config.provider == "openai":
        return "openai", None
    package = config.model.partition(":")[0].partition(".")[0]
    if config.provider == "langchain" and package.startswith("langchain_"):
        return package.removeprefix("langchain_").replace("_", "-"), None
    raise LookupError(config.provider)


def _reference(config: ModelConfig) -> str:
    if config.provider == "langchain":
        return str(config.options.get("model") or config.options.get("model_name") or "")
    return config.model


def _dearest(prices: list[ModelPrice], key: str, context: int) -> Decimal | None:
    found = [price for each in prices for price in _reachable(each, key, context)]
    return max(found, default=None)


def _reachable(price: ModelPrice, key: str, context: int) -> Iterator[Decimal]:
    value = getattr(price, key)
    if value is None:
        return
    if isinstance(value, Decimal):
        yield value
        return
    yield value.base
    yield from (tier.price for tier in value.tiers if tier.start < context)


@cache
def _data() -> DataSnapshot:
    # Deferred: half a second and 40 MB, which a run of local models must not pay.
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot()


@cache
def _as_of() -> str:
    """The last day on which a rate was checked, by the data's own notes; the package carries no other date."""
    notes = [note for provider in _data().providers for note in (provider.price_comments, *_notes(provider.models))]
    return max((day for note in notes if note for day in _CHECKED.findall(note)), default="")


def _notes(models: list[ModelInfo]) -> Iterator[str | None]:
    return (model.price_comments for model in models)
