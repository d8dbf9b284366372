"""One document from its source to chunks: fetched, compared by its hash, loaded and cut."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from clawdbot.errors import ClawdbotError, EmbeddingError, KnowledgeError, LoadFailed, StoreError
from clawdbot.knowledge.chunk import Chunk
from clawdbot.knowledge.extract import Extract
from clawdbot.knowledge.library.records import KnownDocument
from clawdbot.knowledge.library.taking_in import Content, Loaded
from clawdbot.knowledge.sources.source import Item, Source, Unreachable
from clawdbot.store import plain_json

_READ = 1 << 20
_ATTEMPTS = 3
_ON_PURPOSE = (PermissionError, FileNotFoundError, NotADirectoryError, IsADirectoryError)
"""What a person did to the file; any other trouble with reading it may pass."""


@dataclass(frozen=True, kw_only=True)
class Same:
    """The content is what it was, under a new mark."""

    item: Item
    before: KnownDocument


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The document cannot be taken in; see :meth:`Library.fail` for what follows."""

    item: Item
    before: KnownDocument | None
    reason: str
    content: Content | None = None
    transient: bool = False


Prepared = Loaded | Same | Failed


class Preparation:
    """What is done to each document; safe to use from any one thread at a time.

    ``load`` reads a file (LoadFailed), ``cut`` makes its chunks.  ``loader`` names both: when it changes, every
    document is loaded anew.  Files of more than ``max_bytes`` are not even read.
    """

    def __init__(
        self, *, load: Callable[[Path], Extract], cut: Callable[[Extract], tuple[Chunk, ...]], loader: str,
        max_bytes: int | None = None,
    ) -> None:  # fmt: skip
        self._load = load
        self._cut = cut
        self.loader = loader
        self._max_bytes = max_bytes

    def prepare(
        self, source: Source, item: Item, before: KnownDocument | None, *, again: bool = False, stored: Item
    ) -> Prepared:
        """Get one document ready; with ``again`` also one whose content failed before.

        ``stored`` is the item under the name that the library knows.  A document that cannot be read is an answer, not
        an error.  KnowledgeError when the whole source fails, EmbeddingError when the model's tokens cannot be counted.
        """
        if item.problem:
            return Failed(item=stored, before=before, reason=item.problem, transient=item.transient)
        try:
            with source.fetch(item) as path:
                return self._read(source, stored, before, path, again=again)
        except Unreachable as error:
            return Failed(item=stored, before=before, reason=str(error), transient=True)
        except LoadFailed as error:
            return Failed(item=stored, before=before, reason=str(error))
        except OSError as error:
            reason = f"It cannot be read: {error.strerror or error}."
            return Failed(item=stored, before=before, reason=reason, transient=not isinstance(error, _ON_PURPOSE))

    def _read(self, source: Source, item: Item, before: KnownDocument | None, path: Path, *, again: bool) -> Prepared:
        for _ in range(_ATTEMPTS):
            content, state = self._examine(path)
            if before is not None and _is_settled(before, content, again=again):
                return Same(item=item, before=before)
            try:
                extract = storable(self._load(path))
                chunks = self._cut(extract)
            except (StoreError, EmbeddingError, KnowledgeError):
                raise
            except ClawdbotError as error:
                found: Prepared = Failed(item=item, before=before, content=content, reason=str(error))
            except Exception as error:  # a fault of a loader is that document's, the others go on
                reason = f"The loader failed ({type(error).__name__}: {error}). Please report it as a fault of ours."
                found = Failed(item=item, before=before, content=content, reason=reason)
            else:
                if not chunks:
                    extract = replace(extract, notes=(*extract.notes, "No text was found in it."))
                found = Loaded(
                    source=source.name, item=item, before=before, content=content, extract=extract, chunks=chunks
                )
            if _state(path.stat()) == state:
                return found
        raise Unreachable("It changes while it is read.", hint="It is tried again at the next check.")

    def _examine(self, path: Path) -> tuple[Content, tuple[int, ...]]:
        """Hash and size of a regular file, and a mark that shows if it changes meanwhile; LoadFailed, OSError."""
        digest = hashlib.sha256()
        # A pipe would block for ever where it is opened, were it not for O_NONBLOCK.
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb", buffering=0) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise LoadFailed("It is not a file.")
            if self._max_bytes is not None and found.st_size > self._max_bytes:
                raise LoadFailed(
                    f"It has {found.st_size:,} bytes, more than {self._max_bytes:,}.",
                    hint="Raise [knowledge] max_file_bytes to take it in.",
                )
            while block := file.read(_READ):
                digest.update(block)
        return Content(hash=digest.hexdigest(), bytes=found.st_size, loader=self.loader), _state(found)


def storable(extract: Extract) -> Extract:
    """The extract without characters that no database and no tokenizer takes; nothing moves."""
    blocks = tuple(
        replace(block, text=plain_json.text(block.text), part=plain_json.text(block.part)) for block in extract.blocks
    )
    return replace(
        extract, blocks=blocks, title=plain_json.text(extract.title), notes=tuple(map(plain_json.text, extract.notes))
    )


def storable_item(item: Item) -> Item:
    """The item under a name that every database stores: bytes that are no UTF-8 become escapes, so names stay apart."""
    name = plain_json.text(item.name.encode("utf-8", "backslashreplace").decode())
    return item if name == item.name else replace(item, name=name)


def _is_settled(before: KnownDocument, content: Content, *, again: bool) -> bool:
    """The same bytes were read, or could not be read, by the same loader before."""
    if (before.content_hash, before.loader) != (content.hash, content.loader):
        return False
    return before.live if before.status == "ready" else not again


def _state(found: os.stat_result) -> tuple[int, ...]:
    return found.st_ino, found.st_size, found.st_mtime_ns
