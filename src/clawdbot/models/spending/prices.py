"""Which price counts for a model: the operator's, the catalogue's, none, or free."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from clawdbot.config import ModelConfig
from clawdbot.models.spending.catalogue import catalogue_price
from clawdbot.models.spending.price import FREE, Price

MAX_AGE_DAYS = 180
"""An older price is used, with a warning."""


@dataclass(frozen=True, kw_only=True)
class PriceFound:
    """A price with what the operator should know of it; None when nobody knows what the model costs."""

    price: Price | None
    warning: str = ""


def price_of(name: str, config: ModelConfig, *, cloud: bool, today: date) -> PriceFound:
    """The price of ``[models.NAME]``: its own ``price``, else a cloud model's in the catalogue, else free when local.

    ``today`` is the day that the price must hold on.
    """
    if config.price is not None:
        price = Price(**config.price.model_dump(), source="configured")
        return PriceFound(price=price, warning=_age_warning(name, price, today, f"[models.{name}.price]"))
    if not cloud:
        return PriceFound(price=FREE)
    found = catalogue_price(config, today)
    if found is None:
        return PriceFound(price=None, warning=_unknown(name, config))
    return PriceFound(price=found, warning=_age_warning(name, found, today, "the package genai-prices"))


def _age_warning(name: str, price: Price, today: date, place: str) -> str:
    if not price.as_of:
        return ""
    days = (today - date.fromisoformat(price.as_of)).days
    if days <= MAX_AGE_DAYS:
        return ""
    mend = "and set as_of there" if price.source == "configured" else f"and set [models.{name}.price], or upgrade it"
    return f"The price of {name!r} in {place} is {days} days old ({price.as_of}). Look at the provider's page {mend}."


def _unknown(name: str, config: ModelConfig) -> str:
    where = f" at {config.base_url}" if config.base_url else ""
    return (
        f"Nobody knows what {name!r} ({config.model}{where}) costs, so nothing is sent to it. "
        f"Set input_usd and output_usd in [models.{name}.price], US dollars for a million tokens."
    )
