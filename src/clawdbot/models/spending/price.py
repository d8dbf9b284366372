"""What a model's tokens cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, kw_only=True)
class Price:
    """US dollars for a million tokens, and for each request; ``as_of`` is the ISO date from which it is known."""

    input_usd: Decimal = Decimal(0)
    output_usd: Decimal = Decimal(0)
    cached_input_usd: Decimal | None = None
    """For prompt tokens that the provider had cached; None: the same as others."""
    request_usd: Decimal = Decimal(0)
    source: Literal["free", "configured", "catalogue"] = "free"
    as_of: str = ""

    def of(self, *, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> Decimal:
        """US dollars of a call; ``cached_tokens`` are part of ``prompt_tokens``."""
        cached = min(cached_tokens, prompt_tokens)
        cached_price = self.input_usd if self.cached_input_usd is None else self.cached_input_usd
        tokens = self.input_usd * (prompt_tokens - cached) + cached_price * cached + self.output_usd * completion_tokens
        return tokens / _MILLION + self.request_usd


FREE = Price()
