"""Amounts of money as people read them."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

_CENT = Decimal("0.01")
_SMALL = Decimal("0.0001")


def amount(usd: Decimal) -> str:
    """US dollars with two digits after the point from one dollar on, four below it; never nothing for something."""
    if usd >= 1 or usd == 0:
        return f"{usd.quantize(_CENT, rounding=ROUND_HALF_EVEN):,f}"
    rounding = ROUND_CEILING if usd < _SMALL else ROUND_HALF_EVEN
    return f"{usd.quantize(_SMALL, rounding=rounding):f}"


def dollars(usd: Decimal) -> str:
    """The amount with its currency."""
    return f"{amount(usd)} USD"
