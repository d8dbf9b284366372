"""Checkpoints of runs in the ledger's own database, on SQLite and PostgreSQL alike, as plain JSON.

A checkpoint is written in a transaction that holds the run's lease: whoever lost the run writes none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    PendingWrite,
    get_checkpoint_id,
    get_checkpoint_metadata,
    writes_sort_key,
)
from sqlalchemy import ColumnElement, Connection, Row, delete, literal, select

from clawdbot.failpoints import reach
from clawdbot.store.database import Database, now
from clawdbot.store.durable_tables import checkpoint_writes, checkpoints
from clawdbot.store.leases import Leases
from clawdbot.store.upsert import insert
from clawdbot.workflows.checkpoint_json import decode, encode


class LedgerCheckpoints(BaseCheckpointSaver[int]):
    """langgraph's checkpointer over a :class:`Database`; a thread of langgraph's is a run.  For synchronous graphs.

    Raises LeaseLost where another worker has the run now, StoreError when the database cannot be used, and TypeError
    for a state that is not JSON.
    """

    def __init__(self, database: Database, leases: Leases) -> None:
        super().__init__()
        self._database = database
        self._leases = leases

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The checkpoint that ``config`` names, else the newest of its run."""
        run_id, namespace = _place(config)
        where = [checkpoints.c.run_id == run_id, checkpoints.c.namespace == namespace]
        if wanted := get_checkpoint_id(config):
            where.append(checkpoints.c.id == wanted)
        newest = select(checkpoints).where(*where).order_by(checkpoints.c.id.desc()).limit(1)
        with self._database.read() as connection:
            row = connection.execute(newest).one_or_none()
            return None if row is None else _tuple(connection, row)

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Checkpoints, newest first; ``filter`` compares values of the metadata."""
        statement = select(checkpoints).where(*_wanted(config, before)).order_by(checkpoints.c.id.desc())
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
            found = [row for row in rows if not filter or _matches(decode(row.metadata), filter)][:limit]
            tuples = [_tuple(connection, row) for row in found]
        yield from tuples

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a checkpoint; it is progress, so crashes before it are forgotten."""
        run_id, namespace = _place(config)
        row = {
            "run_id": run_id, "namespace": namespace, "id": checkpoint["id"],
            "parent_id": config["configurable"].get("checkpoint_id"), "at": now(),
            "checkpoint": encode(dict(checkpoint)), "metadata": encode(dict(get_checkpoint_metadata(config, metadata))),
        }  # fmt: skip
        reach("checkpoint.before")
        with self._database.write() as connection:
            self._leases.fence(connection, run_id)
            statement = insert(connection, checkpoints).values(**row)
            keys = ("run_id", "namespace", "id")
            changed = {name: row[name] for name in row if name not in keys}
            connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))
        reach("checkpoint.after")
        return _config(run_id, namespace, checkpoint["id"])

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep what a node wrote before its step ends; ordinary writes that are there already stay as they are."""
        run_id, namespace = _place(config)
        position = {"run_id": run_id, "namespace": namespace, "checkpoint_id": config["configurable"]["checkpoint_id"]}
        rows = [
            {
                **position, "task_id": task_id, "task_path": task_path, "position": WRITES_IDX_MAP.get(channel, at),
                "channel": channel, "value": encode(value),
            }
            for at, (channel, value) in enumerate(writes)
        ]  # fmt: skip
        keys = ("run_id", "namespace", "checkpoint_id", "task_id", "position")
        replace = all(channel in WRITES_IDX_MAP for channel, _ in writes)
        with self._database.write() as connection:
            self._leases.fence(connection, run_id, progress=False)
            for row in rows:
                statement = insert(connection, checkpoint_writes).values(**row)
                changed = {name: row[name] for name in ("channel", "value", "task_path")}
                connection.execute(
                    statement.on_conflict_do_update(index_elements=keys, set_=changed)
                    if replace
                    else statement.on_conflict_do_nothing(index_elements=keys)
                )

    def delete_thread(self, thread_id: str) -> None:
        """Forget all checkpoints of a run."""
        with self._database.write() as connection:
            for table in (checkpoint_writes, checkpoints):
                connection.execute(delete(table).where(table.c.run_id == thread_id))

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Give a run all checkpoints of another, with what was pending at each."""
        with self._database.write() as connection:
            for table in (checkpoints, checkpoint_writes):
                names = [column.name for column in table.columns]
                values = [literal(target_thread_id) if name == "run_id" else table.c[name] for name in names]
                rows = select(*values).where(table.c.run_id == source_thread_id)
                connection.execute(table.insert().from_select(names, rows))


def _place(config: RunnableConfig) -> tuple[str, str]:
    """Run and namespace; the namespace of the graph itself is empty."""
    named = config["configurable"]
    return str(named["thread_id"]), str(named.get("checkpoint_ns", ""))


def _config(run_id: str, namespace: str, checkpoint_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": run_id, "checkpoint_ns": namespace, "checkpoint_id": checkpoint_id}}


def _wanted(config: RunnableConfig | None, before: RunnableConfig | None) -> Sequence[ColumnElement[bool]]:
    named: Mapping[str, Any] = config["configurable"] if config is not None else {}
    keys = (("run_id", "thread_id"), ("namespace", "checkpoint_ns"), ("id", "checkpoint_id"))
    found = [checkpoints.c[column] == named[key] for column, key in keys if named.get(key) is not None]
    if before is not None and (last := get_checkpoint_id(before)):
        found.append(checkpoints.c.id < last)
    return found


def _matches(metadata: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(metadata.get(key) == value for key, value in wanted.items())


def _tuple(connection: Connection, row: Row[Any]) -> CheckpointTuple:
    parent = _config(row.run_id, row.namespace, row.parent_id) if row.parent_id else None
    return CheckpointTuple(
        config=_config(row.run_id, row.namespace, row.id),
        checkpoint=cast(Checkpoint, decode(row.checkpoint)),
        metadata=cast(CheckpointMetadata, decode(row.metadata)),
        parent_config=parent,
        pending_writes=_pending(connection, row),
    )


def _pending(connection: Connection, row: Row[Any]) -> list[PendingWrite]:
    table = checkpoint_writes.c
    of_it = (table.run_id == row.run_id, table.namespace == row.namespace, table.checkpoint_id == row.id)
    # Sorted here: a database's own order of texts depends on its locale.
    found = sorted(
        connection.execute(select(checkpoint_writes).where(*of_it)),
        key=lambda write: writes_sort_key(write.task_path, write.task_id, write.position),
    )
    return [(write.task_id, write.channel, decode(write.value)) for write in found]
