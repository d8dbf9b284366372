"""The ledger's tables, the same on SQLite and PostgreSQL.  Times are ISO 8601 text in UTC, so they sort."""

from __future__ import annotations

from sqlalchemy import JSON, CheckConstraint, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text

SCHEMA_VERSION = 4
"""Raised when tables or columns are added: an older ledger gets them when it is opened (``upgrade.py``), one with a
higher version is refused."""

RUN_STATES = "status IN ('queued', 'running', 'waiting', 'interrupted', 'done', 'cancelled')"
DECISIONS = "decision IN ('approved', 'refused', 'expired')"

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
    Column("kind", String(16), nullable=False, server_default="goal"),
    Column("spec", JSON(none_as_null=True)),
    Column("parent", String(64)),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("ready_at", String(40), nullable=False, server_default=""),
    Column("owner", String(80), nullable=False, server_default=""),
    Column("token", Integer, nullable=False, server_default="0"),
    Column("lease_until", Float),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("cancel_by", Text),
    CheckConstraint(RUN_STATES, name="runs_status"),
    Index("runs_created", "created_at"),
    Index("runs_queue", "status", "priority", "ready_at"),
    Index("runs_parent", "parent"),
    Index("runs_changed", "kind", "status", "updated_at"),
)
"""The queue is these rows: see ``queue.py``.  ``lease_until`` is in seconds of the epoch by the database's clock."""

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
    Column("settled_by", Text),
    Column("note", Text, nullable=False, server_default=""),
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
    Column("args", JSON(none_as_null=True)),
    Column("edited", JSON(none_as_null=True)),
    Column("reason", Text, nullable=False, server_default=""),
    Column("expires_at", String(40)),
    CheckConstraint(DECISIONS, name="approvals_decision"),
)
