"""A library on both of its databases, and documents made of plain words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clawdbot.config import SourceConfig
from clawdbot.knowledge.library import Library
from clawdbot.store.database import Database, sqlite_url
from tests.knowledge.library.writing import COLLECTION, DIMENSION
from tests.store.conftest import ledger_url, postgres

__all__ = ["ledger_url", "postgres"]


@pytest.fixture
def library(ledger_url: str) -> Iterator[Library]:
    """An empty library that keeps two versions of a document."""
    opened = Library(Database(ledger_url), keep_versions=2)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_library(tmp_path: Path) -> Iterator[Library]:
    """One in a file, for tests that try many examples on it; it keeps one version."""
    opened = Library(Database(sqlite_url(tmp_path / "own.db")), keep_versions=1)
    opened.collection(COLLECTION, DIMENSION)
    yield opened
    opened.close()


@pytest.fixture
def shelf(library: Library) -> Library:
    """A library with the source 'docs', which everyone may see, and an active collection."""
    library.put_source("docs", SourceConfig(paths=("/docs",)), "command")
    library.collection(COLLECTION, DIMENSION)
    return library
