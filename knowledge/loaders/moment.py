"""Times as documents state them, in one form."""

from __future__ import annotations

from datetime import UTC, date, datetime


def in_utc(stated: str | date | None) -> str:
    """ISO 8601 in UTC; empty when it is no time or an impossible one.  Without a zone it is taken for UTC."""
    if isinstance(stated, str):
        try:
            stated = datetime.fromisoformat(stated.strip().replace("/", "-"))
        except ValueError:
            return ""
    if stated is None:
        return ""
    if not isinstance(stated, datetime):
        stated = datetime(stated.year, stated.month, stated.day)
    try:
        moment = stated.replace(tzinfo=UTC) if stated.tzinfo is None else stated.astimezone(UTC)
    except OverflowError:
        return ""
    return moment.isoformat(timespec="seconds") if 1980 <= moment.year <= 2200 else ""
