"""What the parts of the library share: the database, its write lock, and lists of ids of any length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection, text

from clawdbot.store.database import Database

T = TypeVar("T")

BATCH = 1000
"""Most values in one IN list; SQLite and PostgreSQL take 30,000, and longer statements are slower to prepare."""


class LibraryPart:
    """A face of the library over one database."""

    def __init__(self, database: Database, *, keep_versions: int = 3) -> None:
        self._database = database
        self._keep_versions = keep_versions

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """One durable transaction at a time, over all processes: lines of the log become visible in their order.

        PostgreSQL would let a transaction that took a lower ``seq`` commit after one with a higher, and an index that
        looked between the two would miss it for ever.
        """
        with self._database.write(durable=True) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(7263002, hashtext(current_schema()))"))
            yield connection


def batches(values: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """The values in lists of at most ``size``."""
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch
