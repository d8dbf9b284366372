"""The same states through plain LangGraph with its own checkpointer; prints times as JSON.

``python -m benchmarks.durability.plain LEDGER_URL STATES``.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from sqlalchemy import make_url

from benchmarks.durability.replayed import Replayed


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one after the other; the first only warms up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ledger")
    parser.add_argument("states", type=Path)
    parser.add_argument("--runs", type=int, default=20)
    chosen = parser.parse_args(arguments)
    with saver(chosen.ledger) as checkpointer:
        graph = Replayed(chosen.states, checkpointer)
        times = []
        for number in range(chosen.runs + 1):
            began = time.perf_counter()
            nodes = graph.run(f"run-{number}")
            times.append((time.perf_counter() - began) * 1000)
    print(json.dumps({"runs_ms": times[1:], "nodes": nodes}))
    return 0


@contextmanager
def saver(ledger: str) -> Iterator[BaseCheckpointSaver[Any]]:
    """LangGraph's own checkpointer on that database, set up as its documentation says."""
    url = make_url(ledger)
    if url.get_backend_name() == "sqlite":
        assert url.database, "a file"
        with closing(sqlite3.connect(url.database, check_same_thread=False)) as connection:
            # As our ledger is opened: a killed process loses nothing, a power cut at most the last transactions.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            yield SqliteSaver(connection)
        return
    # By name: it is installed beside the environment, for this alone.
    postgres: Any = importlib.import_module("langgraph.checkpoint.postgres")
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with postgres.PostgresSaver.from_conn_string(address) as checkpointer:
        checkpointer.setup()
        yield checkpointer


if __name__ == "__main__":
    raise SystemExit(main())
