"""What ingestion knows of a source: what is there now, and how to get one of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clawdbot.config import SourceConfig
from clawdbot.errors import LoadFailed


class Unreachable(LoadFailed):
    """A document cannot be fetched now and may be later (a server that does not answer): its last version stays."""

    code = "unreachable"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One document of a source.  ``name`` is unique in it and stays the same when the content changes; ``uri`` is
    where a person opens it; equal ``fingerprint`` (size and time, ETag, message id) means: not changed, do not fetch.

    ``problem`` is set when it is there and cannot be taken (a link that leads out of the folder, a page that answers
    404): it becomes a failed document with that reason.
    """

    name: str
    uri: str
    fingerprint: str
    modified_at: str = ""
    """ISO 8601 in UTC; empty when unknown."""
    problem: str = ""
    transient: bool = False
    """The problem may pass: the last good version goes on answering, and the next check tries again."""


class Source(Protocol):
    """A configured source."""

    @property
    def name(self) -> str:
        """As in ``[knowledge.sources.NAME]``."""

    @property
    def config(self) -> SourceConfig:
        """Its settings."""

    def items(self) -> Iterator[Item]:
        """Everything that is there now.

        Raises KnowledgeError when that cannot be found out (a folder that is not mounted, a server that does not
        answer): then nothing is taken for deleted.
        """

    def fetch(self, item: Item) -> AbstractContextManager[Path]:
        """The document as a local file whose name ends in the right suffix.

        LoadFailed with the reason; Unreachable when it may pass.

        The file may be the original: it is only read, and not kept open when the context ends.
        """
