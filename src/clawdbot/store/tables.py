"""The ledger's tables, the same on SQLite and PostgreSQL.  Times are ISO 8601 text in UTC, so they sort."""

from __future__ import annotations

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

SCHEMA_VERSION = 3
"""Raised when tables are added: an older ledger gets them when it is opened, one with a higher version is refused."""

metadata = MetaData()

meta = Table(
    "clawdbot_meta",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("created_at", String(40), nullable=False),
    Column("updated_at", String(40), nullable=False),
    Column("user", Text, nullable=False),
    Column("goal", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("status", String(16), nullable=False),
    Column("verdict", String(16)),
    Column("model", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("result", JSON(none_as_null=True)),
    CheckConstraint("status IN ('running', 'waiting', 'interrupted', 'done')", name="runs_status"),
    Index("runs_created", "created_at"),
)

steps = Table(
    "steps",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("record", JSON, nullable=False),
)

effects = Table(
    "effects",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("tool", String(64), nullable=False),
    Column("effect", String(16), nullable=False),
    Column("payload_hash", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("receipt", JSON(none_as_null=True)),
    Column("begun_at", String(40), nullable=False),
    Column("ended_at", String(40)),
    CheckConstraint("state IN ('intent', 'done', 'unknown', 'failed')", name="effects_state"),
    Index("effects_payload", "run_id", "payload_hash"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("payload_hash", String(64), primary_key=True),
    Column("tool", String(64), nullable=False),
    Column("payload", Text, nullable=False),
    Column("asked_at", String(40), nullable=False),
    Column("decision", String(16)),
    Column("decided_at", String(40)),
    Column("decided_by", Text, nullable=False),
    CheckConstraint("decision IN ('approved', 'refused')", name="approvals_decision"),
)
