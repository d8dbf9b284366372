"""What time it is for leases and heartbeats: one clock for all workers of a ledger."""

from __future__ import annotations

import time

from sqlalchemy import Connection, text


def clock(connection: Connection) -> float:
    """Seconds of the epoch: PostgreSQL's own clock, so that workers on several machines agree."""
    if connection.dialect.name == "postgresql":
        return float(connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0.0)
    return time.time()
