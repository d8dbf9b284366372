"""What a server asks for in ``Retry-After`` (RFC 9110, section 10.2.3): seconds, or a date."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by the headers of an answer; None when they do not say.

    A date is compared with the server's own ``Date``, so that neither clock needs to be right; this machine's clock
    serves where it is missing.  ``retry-after-ms`` is OpenAI's finer form.
    """
    fine = _seconds(headers.get("retry-after-ms"))
    if fine is not None:
        return fine / 1000
    said = headers.get("retry-after")
    if said is None:
        return None
    plain = _seconds(said)
    if plain is not None:
        return plain
    until = _date(said)
    if until is None:
        return None
    now = _date(headers.get("date")) or time.time()
    return max(0.0, until - now)


def _seconds(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _date(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except (ValueError, OverflowError):
        return None
