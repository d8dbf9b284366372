"""Where the library and its indexes lie."""

from __future__ import annotations

from pathlib import Path

from clawdbot.config import Config
from clawdbot.store.database import ledger_url, sqlite_url


def knowledge_folder(config: Config) -> Path:
    """The folder of the indexes: ``[knowledge] folder``, else ``knowledge`` in ``[app] home``."""
    return config.knowledge.folder or config.app.home / "knowledge"


def library_url(config: Config) -> str:
    """The library's database: SQLite in ``[knowledge] folder`` when that is set, else the run ledger's."""
    own = config.knowledge.folder
    return ledger_url(config) if own is None else sqlite_url(own / "library.db")
