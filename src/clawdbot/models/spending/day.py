"""The day that money counts for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clawdbot.errors import ConfigError


def day_in(timezone: str) -> Callable[[], str]:
    """A clock that gives today's ISO date in an IANA zone, or with 'local' in the machine's.

    It asks the real clock, also where ``[app] today`` fixes the date for goals: a budget for a day must end with it.
    ConfigError for a zone that is not known.
    """
    zone: tzinfo | None = None
    if timezone != "local":
        try:
            zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfigError(
                f"[app] timezone = {timezone!r} is not known.", hint="Use an IANA name such as Asia/Shanghai."
            ) from None
    return lambda: datetime.now(zone).date().isoformat()
