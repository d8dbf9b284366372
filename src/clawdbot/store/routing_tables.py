"""The ledger's tables for the cost policy: reservations, attempts, odds of success, and cached answers.

Money is text (a decimal number of US dollars), so that no digit is lost; times are ISO 8601 text in UTC.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, CheckConstraint, Column, Float, Index, Integer, String, Table, Text, text

from clawdbot.store.tables import metadata

RESERVED = "state = 'reserved'"
"""Written out, not bound: SQLite uses a partial index only for the very words it was made with."""

reservations = Table(
    "reservations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("run_id", String(64), nullable=False),
    Column("step", Integer, nullable=False),
    Column("user", Text, nullable=False),
    Column("day", String(10), nullable=False),
    Column("model", Text, nullable=False),
    Column("reserved_usd", Text, nullable=False),
    Column("spent_usd", Text),
    Column("state", String(16), nullable=False),
    Column("reserved_at", String(40), nullable=False),
    Column("ended_at", String(40)),
    Column("owner", String(64), nullable=False),
    Column("assumed", Boolean, nullable=False),
    CheckConstraint("state IN ('reserved', 'settled', 'released')", name="reservations_state"),
    Index("reservations_open", "owner", sqlite_where=text(RESERVED), postgresql_where=text(RESERVED)),
    Index("reservations_run", "run_id", "step"),
)
"""``owner`` names the process (host, process id, its start), so that what a killed one left can be settled; then
``assumed`` says that ``spent_usd`` is the most it can have been."""

spending_totals = Table(
    "spending_totals",
    metadata,
    Column("account", Text, primary_key=True),
    Column("reserved_usd", Text, nullable=False),
    Column("spent_usd", Text, nullable=False),
)
"""Sums over ``reservations``, changed in the transaction that changes them: for each step, run, user's day and day."""

attempts = Table(
    "attempts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("run_id", String(64), nullable=False),
    Column("step", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("at", String(40), nullable=False),
    Column("record", JSON, nullable=False),
    Column("request", JSON(none_as_null=True)),
    Index("attempts_run", "run_id", "step", "attempt"),
    Index("attempts_at", "at"),
)
"""One decision and what came of it; ``request`` is what was asked (messages and schema), for a replay."""

odds = Table(
    "model_odds",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("bucket", String(16), primary_key=True),
    Column("successes", Float, nullable=False),
    Column("failures", Float, nullable=False),
    Column("answers", Float, nullable=False),
    Column("tokens", Float, nullable=False),
    Column("updated_at", String(40), nullable=False),
)
"""Counts that fade: how often an answer was usable, and the tokens of ``answers`` answers together."""

cached_answers = Table(
    "cached_answers",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("user", Text, nullable=False),
    Column("label", String(16), nullable=False),
    Column("model", Text, nullable=False),
    Column("answer", JSON, nullable=False),
    Column("made_at", String(40), nullable=False),
    Index("cached_answers_made", "made_at"),
)
