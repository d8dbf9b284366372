"""Times of the ledger (ISO 8601 in UTC) as a clock on this machine shows them."""

from __future__ import annotations

from datetime import datetime


def local_time(moment: str) -> str:
    """Local date and time to the minute."""
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")
