"""The ledger's tables for runs that survive: checkpoints, events, outbox, workers, workflows, schedules, notices.

Times are ISO 8601 text in UTC, so they sort; heartbeats are seconds of the epoch by the database's clock.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from clawdbot.store.tables import metadata

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("namespace", String(200), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("parent_id", String(64)),
    Column("at", String(40), nullable=False),
    Column("checkpoint", JSON, nullable=False),
    Column("metadata", JSON, nullable=False),
)
"""One state of a run's graph; ids are UUIDs of version 6, so they sort by time (langgraph's contract)."""

checkpoint_writes = Table(
    "checkpoint_writes",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("namespace", String(200), primary_key=True),
    Column("checkpoint_id", String(64), primary_key=True),
    Column("task_id", String(64), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("channel", Text, nullable=False),
    Column("value", JSON(none_as_null=False)),
    Column("task_path", Text, nullable=False, server_default=""),
)

events = Table(
    "events",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),
    Column("body", JSON, nullable=False),
    Column("token", Integer, nullable=False, server_default="0"),
)
"""What a run told, numbered from 1 without gaps; ``token`` is the fencing token of whoever told it: it never falls."""

outbox = Table(
    "outbox",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("message_id", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("recipients", JSON, nullable=False),
    Column("subject", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
    Column("server_reply", Text, nullable=False, server_default=""),
    Column("receipt", JSON(none_as_null=True)),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("token", Integer, nullable=False, server_default="0"),
    Column("created_at", String(40), nullable=False),
    Column("updated_at", String(40), nullable=False),
    CheckConstraint("state IN ('queued', 'sending', 'sent', 'unknown', 'failed')", name="outbox_state"),
    Index("outbox_state_at", "state", "updated_at"),
)
"""Mails as they leave, by the key of their effect.  ``content`` is the message (RFC 5322), ready to be sent; ``token``
the fencing token of whoever is to send it, 0 without a lease."""

workers = Table(
    "workers",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("label", Text, nullable=False),
    Column("started_at", String(40), nullable=False),
    Column("seen", Float, nullable=False),
    Column("state", String(16), nullable=False),
    Column("slots", Integer, nullable=False),
    Column("version", String(32), nullable=False),
    CheckConstraint("state IN ('active', 'draining', 'ended')", name="workers_state"),
)
"""``name`` is the process as in ``runs.owner`` (``owner.py``), ``label`` what a person calls it."""

duties = Table(
    "duties",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("owner", String(80), nullable=False),
    Column("until", Float, nullable=False),
)
"""Housekeeping that one worker at a time does, under a lease."""

workflow_steps = Table(
    "workflow_steps",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("position", String(200), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("output", JSON(none_as_null=True)),
    Column("error", Text, nullable=False, server_default=""),
    Column("child", String(64)),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("n", Integer, nullable=False, server_default="0"),
    Column("elapsed_s", Float, nullable=False, server_default="0"),
    Column("began_at", String(40), nullable=False),
    Column("ended_at", String(40)),
    CheckConstraint("state IN ('running', 'waiting', 'done', 'failed', 'skipped')", name="workflow_steps_state"),
)
"""``position`` is the step's id, with the number of the item for one of a foreach: 'mails/3'.  ``n`` is the number of
its record in ``steps``; ``tries`` counts attempts that failed; ``elapsed_s`` is how long the run had worked when the
step ended."""

workflows = Table(
    "workflows",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("version", String(40), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("definition", JSON, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("changed_at", String(40), nullable=False),
    Column("changed_by", Text, nullable=False),
)
"""Workflows as they were when a person enabled them; what the file says later counts when it is enabled again."""

schedules = Table(
    "schedules",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("workflow", String(100), nullable=False),
    Column("spec", JSON, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("next_at", String(40)),
    Column("seen", JSON(none_as_null=True)),
    Column("changed_at", String(40), nullable=False),
    Column("changed_by", Text, nullable=False),
    Index("schedules_next", "paused", "next_at"),
)
"""When a workflow starts by itself; ``name`` is WORKFLOW/TRIGGER, ``seen`` what its trigger remembers besides."""

firings = Table(
    "firings",
    metadata,
    Column("schedule", String(200), primary_key=True),
    Column("due_at", String(40), primary_key=True),
    Column("fired_at", String(40), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("run_id", String(64)),
    Column("note", Text, nullable=False, server_default=""),
    Column("cause", Text, nullable=False, server_default=""),
    Column("inputs", JSON(none_as_null=True)),
    Column("ready_at", String(40), nullable=False),
    Column("begun_at", String(40)),
    Column("ended_at", String(40)),
    CheckConstraint(
        "outcome IN ('started', 'late', 'waiting', 'missed', 'overlap', 'paused', 'failed')", name="firings_outcome"
    ),
    Index("firings_at", "fired_at"),
    Index("firings_open", "ended_at", "schedule"),
)
"""Every instant at which a schedule was due, once: what came of it.

``cause`` is the file or the run that made it due; ``begun_at`` and ``ended_at`` are the run's, as far as it was seen,
and ``ended_at`` is set at once where nothing is started; ``ready_at`` is the due instant with its jitter.
"""

notices = Table(
    "notices",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("at", String(40), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("run_id", String(64)),
    Column("schedule", String(200)),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("target", JSON(none_as_null=True)),
    Column("state", String(16), nullable=False),
    CheckConstraint("state IN ('open', 'kept', 'sent', 'unknown', 'failed')", name="notices_state"),
    Index("notices_state_at", "state", "at"),
)
"""What people are told of: written in the transaction of what it tells, delivered afterwards."""

notice_deliveries = Table(
    "notice_deliveries",
    metadata,
    Column("notice_id", ForeignKey("notices.id", ondelete="CASCADE"), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("target", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("error", Text, nullable=False, server_default=""),
    Column("ready_at", String(40), nullable=False),
    CheckConstraint("state IN ('open', 'sending', 'sent', 'unknown', 'failed')", name="notice_deliveries_state"),
    Index("notice_deliveries_ready", "state", "ready_at"),
)
"""A notice's way to people: one row for a mail and for each webhook; ``target`` is the addresses, or the URL."""
