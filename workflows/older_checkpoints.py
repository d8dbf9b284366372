"""Checkpoints of runs that an older version left in a file of their own, brought into the ledger when a run goes on."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from clawdbot.errors import StoreError
from clawdbot.workflows.checkpoints import LedgerCheckpoints

_CHECKPOINT = (
    "SELECT checkpoint_id, type, checkpoint, metadata FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = '' "
    "ORDER BY checkpoint_id DESC LIMIT 1"
)
_WRITES = (
    "SELECT task_id, channel, type, value FROM writes WHERE thread_id = ? AND checkpoint_ns = '' "
    "AND checkpoint_id = ? ORDER BY task_id, idx"
)


def bring_in(file: Path, run_id: str, into: LedgerCheckpoints) -> bool:
    """The newest checkpoint of the run, with what was pending at it; False when the file has none.

    StoreError when the file cannot be read.
    """
    if not file.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute(_CHECKPOINT, (run_id,)).fetchone()
            if row is None:
                return False
            writes = connection.execute(_WRITES, (run_id, row[0])).fetchall()
    except sqlite3.Error as error:
        raise StoreError(
            f"The run waits in {str(file)!r}, which an older version wrote and which cannot be read: {error}.",
            hint="Mend the file, or start the goal again.",
        ) from error
    _keep(run_id, row, writes, into)
    return True


def _keep(run_id: str, row: tuple[Any, ...], writes: list[tuple[Any, ...]], into: LedgerCheckpoints) -> None:
    reader = JsonPlusSerializer(allowed_msgpack_modules=None)  # langgraph's own types and no other
    checkpoint_id, kind, blob, metadata = row
    checkpoint = reader.loads_typed((kind, blob))
    checkpoint["channel_versions"] = _numbered(checkpoint["channel_versions"])
    checkpoint["versions_seen"] = {node: _numbered(seen) for node, seen in checkpoint["versions_seen"].items()}
    place: RunnableConfig = {"configurable": {"thread_id": run_id, "checkpoint_ns": ""}}
    into.put(place, checkpoint, json.loads(metadata), {})
    place["configurable"]["checkpoint_id"] = checkpoint_id
    tasks: dict[str, list[tuple[str, Any]]] = {}
    for task_id, channel, type_, value in writes:
        tasks.setdefault(task_id, []).append((channel, reader.loads_typed((type_, value))))
    for task_id, written in tasks.items():
        into.put_writes(place, written, task_id)


def _numbered(versions: dict[str, Any]) -> dict[str, int]:
    """Versions as the ledger counts them: '00000000000000000000000000000003.0.478' was the third."""
    return {channel: int(str(version).partition(".")[0]) for channel, version in versions.items()}
