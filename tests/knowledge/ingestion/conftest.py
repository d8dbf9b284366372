"""A desk on both databases, and an empty source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clawdbot.knowledge.library import Library
from clawdbot.store.database import Database
from tests.knowledge.ingestion.desk import Desk, Shelf
from tests.store.conftest import ledger_url, postgres

__all__ = ["ledger_url", "postgres"]


@pytest.fixture
def desk(ledger_url: str) -> Iterator[Desk]:
    library = Library(Database(ledger_url))
    yield Desk(library)
    library.close()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return Shelf(folder)
