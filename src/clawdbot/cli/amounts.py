"""Money, time, odds and places, rounded and put into words as a person would say them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

from clawdbot.cli.wording import Words

_TWO_DIGITS = Context(prec=2, rounding=ROUND_HALF_UP)
_TINY = Decimal("0.0001")
_MINUTE_S = 60
_HOUR_S = 3_600
_DAY_S = 86_400


class Amounts:
    """The amounts of one language."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def price(self, usd: Decimal) -> str:
        """What something costs: an amount of money, or 'free'."""
        return self.money(usd) if usd > 0 else self._words("amount.free")

    def money(self, usd: Decimal | float) -> str:
        """US dollars with the two digits that count, whole cents from ten cents on."""
        amount = Decimal(str(usd))
        if amount <= 0:
            return self._words("amount.nothing")
        if amount < _TINY:
            return self._words("amount.tiny")
        digits = min(max(1 - _TWO_DIGITS.plus(amount).adjusted(), 2), 4)
        rounded = amount.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
        return self._words("amount.money", n=f"{rounded:,}")

    def duration(self, seconds: float) -> str:
        """A time in its natural unit, for example '0.4 s', '12 s', '3 min'."""
        for unit, size in (("days", _DAY_S), ("hours", _HOUR_S), ("minutes", _MINUTE_S)):
            if seconds >= 2 * size:
                return self._words(f"unit.{unit}", n=round(seconds / size))
        if seconds < 0.1:
            return self._words("unit.milliseconds", n=round(max(seconds, 0) * 1000))
        return self._words("unit.seconds", n=f"{seconds:.1f}" if seconds < 10 else round(seconds))

    def chance(self, success: float) -> str:
        """A probability, 0 to 1, as times in ten."""
        if success >= 0.95:
            return self._words("amount.chance_high")
        if success < 0.05:
            return self._words("amount.chance_low")
        return self._words("amount.chance", n=max(1, round(success * 10)))

    def place(self, cloud: bool | None) -> str:
        """Where a model runs; None when that is not known."""
        if cloud is None:
            return self._words("amount.place_unknown")
        return self._words("amount.cloud" if cloud else "amount.local")
