"""A Chroma collection in a folder of its own: what we ask of Chroma, and nothing else of it.

Chroma takes nearly two seconds to import, and most knowledge bases are small enough to be searched without it, so it
is imported when a collection is opened.  Every failure of it, a panic of its Rust part too, becomes ChromaFailed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Entry
from clawdbot.knowledge.vectors.unavailable import ChromaFailed

_CONFIGURATION: Any = {"hnsw": {"space": "cosine"}}


def chroma_version() -> str:
    """The installed version, without importing it."""
    return version("chromadb")


class Collection:
    """An open collection.  One process at a time may have its folder open: two corrupt each other silently."""

    def __init__(self, folder: Path, name: str) -> None:
        with chroma_errors("open"):
            import chromadb
            from chromadb.config import Settings

            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # A .env file or a variable of the person's own work must not redirect the index.
            settings = Settings(
                _env_file=None,
                anonymized_telemetry=False,
                chroma_api_impl="chromadb.api.rust.RustBindingsAPI",
                migrations="apply",
            )
            self._client: Any = chromadb.PersistentClient(folder, settings=settings)  # its declared type lacks close()
            self._collection: chromadb.Collection = self._client.get_or_create_collection(
                name, configuration=_CONFIGURATION, embedding_function=None
            )

    def count(self) -> int:
        """How many chunks it says it holds."""
        with chroma_errors("count"):
            return self._collection.count()

    def put(self, entries: Sequence[Entry]) -> None:
        """Add chunks, or replace them; every entry has a vector."""
        if not entries:
            return
        matrix = np.stack([entry.vector for entry in entries if entry.vector is not None]).astype(np.float32)
        with chroma_errors("write"):
            self._collection.upsert(
                ids=[str(entry.chunk) for entry in entries],
                embeddings=matrix,
                metadatas=[{"scope": entry.scope, "day": entry.day} for entry in entries],
            )

    def drop(self, chunks: Sequence[int]) -> None:
        """Take chunks out; those that are not there do not matter."""
        if chunks:
            with chroma_errors("write"):
                self._collection.delete(ids=[str(chunk) for chunk in chunks])

    def nearest(
        self, query: Vectors, count: int, *, scopes: Sequence[int] = (), since_day: int | None = None
    ) -> tuple[Sequence[int], Vectors]:
        """About the ``count`` nearest chunks and their cosines; ``scopes`` empty and no day is all of them."""
        with chroma_errors("search"):
            found = self._collection.query(
                query_embeddings=query[None, :],
                n_results=count,
                where=_filter(scopes, since_day),
                include=["distances"],
            )
        distances = found["distances"] or [[]]
        return [int(chunk) for chunk in found["ids"][0]], 1 - np.array(distances[0], np.float32)

    def vectors(self, chunks: Sequence[int]) -> dict[int, Vectors]:
        """The vectors of those of the chunks that are there."""
        if not chunks:
            return {}
        with chroma_errors("read"):
            found = self._collection.get(ids=[str(chunk) for chunk in chunks], include=["embeddings"])
        matrix = np.asarray(found["embeddings"], np.float32)
        return {int(chunk): row for chunk, row in zip(found["ids"], matrix, strict=True)}

    def chunks(self) -> list[int]:
        """All that it holds, in no order."""
        with chroma_errors("read"):
            return [int(chunk) for chunk in self._collection.get(include=[])["ids"]]

    def close(self) -> None:
        """Release files; the object is of no use afterwards."""
        with chroma_errors("close"):
            self._client.close()


@contextmanager
def chroma_errors(doing: Literal["open", "count", "write", "search", "read", "close"]) -> Iterator[None]:
    """Turn whatever Chroma throws into ChromaFailed."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic of its Rust part is no Exception
        raise ChromaFailed(
            f"Chroma cannot {doing} its index: {type(error).__name__}: {error}",
            hint="It is built again from the library by itself; `clawdbot knowledge rebuild` does it at once.",
        ) from error


def _filter(scopes: Sequence[int], since_day: int | None) -> Any:
    parts: list[dict[str, Any]] = []
    if scopes:
        parts.append({"scope": {"$in": list(scopes)}})
    if since_day is not None:
        parts.append({"day": {"$gte": since_day}})
    if len(parts) > 1:
        return {"$and": parts}
    return parts[0] if parts else None
