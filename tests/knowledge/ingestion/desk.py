"""A source in memory, a loader of plain text, and a place where both are taken into a library."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from clawdbot.config import SourceConfig
from clawdbot.errors import KnowledgeError, LoadFailed
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.ingest_event import IngestEvent
from clawdbot.knowledge.ingestion import Ingestion, IngestReport
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.sources.source import Item

BROKEN = "BROKEN"
"""A text that begins with it cannot be loaded."""


@dataclass
class Shelf:
    """Implements ``Source`` over texts; a text's own hash is its mark unless ``marks`` says another."""

    folder: Path
    name: str = "docs"
    config: SourceConfig = field(default_factory=SourceConfig)
    texts: dict[str, str] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    problems: dict[str, tuple[str, bool]] = field(default_factory=dict)
    unlisted: Exception | None = None
    on_fetch: Callable[[Item], object] = lambda item: None
    file: Path | None = None
    """What every fetch gives, in place of the text."""
    fetched: list[str] = field(default_factory=list)

    def items(self) -> Iterator[Item]:
        if self.unlisted is not None:
            raise self.unlisted
        for name, text in {**self.texts, **dict.fromkeys(self.problems, "")}.items():
            reason, transient = self.problems.get(name, ("", False))
            mark = self.marks.get(name, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())
            yield Item(
                name=name, uri=f"memory:{name.encode('utf-8', 'replace').decode()}", fingerprint=mark,
                problem=reason, transient=transient,
            )  # fmt: skip

    @contextmanager
    def fetch(self, item: Item) -> Iterator[Path]:
        self.fetched.append(item.name)
        self.on_fetch(item)
        if self.file is not None:
            yield self.file
            return
        path = self.folder / f"{hashlib.sha256(os.fsencode(item.name)).hexdigest()[:12]}.txt"
        path.write_text(self.texts[item.name], "utf-8", "surrogatepass")
        yield path


class CountingEmbedder(HashEmbedder):
    """Tells which passages it was asked for."""

    def __init__(self, dimension: int = 16) -> None:
        super().__init__(dimension)
        self.asked: list[str] = []
        self.before: Callable[[], object] = lambda: None

    def passages(self, texts: Sequence[str]) -> Vectors:
        self.before()
        self.asked.extend(texts)
        return super().passages(texts)


def load_text(path: Path) -> Extract:
    """Paragraphs of a text; LoadFailed when it begins with BROKEN, ValueError when with BUG."""
    text = path.read_text("utf-8", "surrogatepass")
    if text.startswith(BROKEN):
        raise LoadFailed("It is damaged.", hint="Save it again.")
    if text.startswith("BUG"):
        raise ValueError("no such page")
    if text.startswith("LOST"):
        raise KnowledgeError("The loading process cannot start.")
    return Extract(blocks=tuple(Block(kind="paragraph", text=part) for part in text.split("\n\n") if part))


def counts(report: IngestReport) -> dict[str, int]:
    """The counts that are not zero."""
    names = ("new", "changed", "unchanged", "removed", "failed", "chunks")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


@dataclass
class Desk:
    """A library, and what ingestion told while it worked."""

    library: Library
    embedder: CountingEmbedder = field(default_factory=CountingEmbedder)
    events: list[IngestEvent] = field(default_factory=list)
    load: Callable[[Path], Extract] = load_text
    loader: str = "text 1"
    max_bytes: int | None = None

    def ingestion(self) -> Ingestion:
        return Ingestion(
            library=self.library, load=self.load, embedder=self.embedder, chunk_tokens=64,
            listener=self.events.append, loader=self.loader, max_bytes=self.max_bytes,
        )  # fmt: skip

    def take(self, shelf: Shelf, *, retry_failed: bool = False) -> IngestReport:
        """Take the source in; events of this pass only are kept."""
        self.events.clear()
        self.embedder.asked.clear()
        shelf.fetched.clear()
        self.library.put_source(shelf.name, shelf.config, "command")
        return self.ingestion().run(shelf, retry_failed=retry_failed)

    def told(self, kind: str) -> list[str]:
        """The documents of all events of this kind."""
        return [event.document for event in self.events if event.kind == kind]

    def reason(self, document: str) -> str:
        """Why it failed, as told in this pass."""
        [reason] = [event.reason for event in self.events if event.kind == "failed" and event.document == document]
        return reason

    def texts(self) -> set[str]:
        """What answers now."""
        ids = [entry.chunk for batch in self.library.live(self.embedder.collection, 100) for entry in batch]
        found = self.library.passages(ids)
        assert self.library.pending(self.embedder.collection) == 0
        return {chunk.text for chunk in found.values()}
