"""``Library``: the truth about documents, in the same database as the runs; the indexes are made from it."""

from __future__ import annotations

from clawdbot.config import Config
from clawdbot.knowledge.library.access import Access
from clawdbot.knowledge.library.collections import Collections
from clawdbot.knowledge.library.feed import LibraryFeed
from clawdbot.knowledge.library.history import History
from clawdbot.knowledge.library.reading import Reading
from clawdbot.knowledge.library.sources import Sources
from clawdbot.knowledge.library.status import Status
from clawdbot.knowledge.library.taking_in import TakingIn
from clawdbot.knowledge.place import library_url
from clawdbot.store.database import Database


class Library(Sources, Access, TakingIn, Reading, History, Collections, LibraryFeed, Status):
    """Sources, documents with their versions, chunks, access and vectors.

    Safe to share between threads, and between processes through its database: writers take turns, readers never wait
    for them.  Every method raises StoreError when the database cannot be used.
    """

    @classmethod
    def open(cls, config: Config) -> Library:
        """The library in the database that the configuration names."""
        return cls(Database(library_url(config)), keep_versions=config.knowledge.keep_versions)

    def close(self) -> None:
        """Give back the connections."""
        self._database.close()
