"""``python -m benchmarks.index_scale.systems NAME build|ask HOME``: one index over the library in HOME.

In a process of its own, so that memory and the first answer are its own.  Prints one JSON object.
"""

from __future__ import annotations

import importlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from benchmarks.index_scale.data import ASKER, AUDITOR, COLLECTION, DIMENSION, question_vectors
from clawdbot.access.identity import Identity
from clawdbot.config import AppConfig, Config
from clawdbot.errors import UsageError
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Index, Where
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.vectors import generation
from clawdbot.knowledge.vectors.exact import ExactIndex
from clawdbot.knowledge.vectors.opening import chroma_folder
from clawdbot.knowledge.vectors.shared import SharedIndex

QUESTIONS = 200
LIMIT = 100
PACKAGES = Path(__file__).resolve().parents[2] / ".cache" / "benchmarks" / "index-packages"
REQUIREMENTS = Path(__file__).resolve().with_name("requirements.txt")

Ask = Callable[[Vectors], Sequence[int]]
"""The chunks that answer a question's vector, best first."""


class System(Protocol):
    """An index that is measured."""

    def build(self) -> None:
        """Take in the whole library."""

    def ask(self, who: Identity) -> Ask:
        """How this user's questions are answered."""

    def disk(self) -> Path | None:
        """The folder that it fills."""


class Ours:
    """One of our indexes."""

    def __init__(self, library: Library, index: Index[Vectors], folder: Path | None) -> None:
        self._library, self._index, self._folder = library, index, folder

    def build(self) -> None:
        """From the library, as after a loss."""
        self._index.rebuild()
        self._index.close()

    def ask(self, who: Identity) -> Ask:
        """With the scopes that the library says this user may see."""
        where = Where(scopes=self._library.visible(who))
        return lambda query: [hit.chunk for hit in self._index.search(query, where, LIMIT)]

    def disk(self) -> Path | None:
        """Chroma's folder; exact search has none."""
        return self._folder


class LangChain:
    """LangChain's Chroma store, with the group of each chunk in its metadata and ``$in`` over the asker's groups."""

    def __init__(self, library: Library, home: Path) -> None:
        self._library, self._folder = library, home / "langchain"
        install()
        # Installed aside by `install`, so there is nothing to import above.
        sys.path.append(str(PACKAGES))
        self._given: list[Vectors] = []
        self._store = importlib.import_module("langchain_chroma").Chroma(
            collection_name="scale", persist_directory=str(self._folder), embedding_function=self,
            collection_configuration={"hnsw": {"space": "cosine"}},
        )  # fmt: skip

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """The vectors of the batch that is being added, which the library has already."""
        return [vector.tolist() for vector in self._given]

    def build(self) -> None:
        """Texts, vectors and groups, in batches."""
        self._store.reset_collection()
        groups = {scope.id: scope.access[0].removeprefix("group:") for scope in self._library.scopes()}
        for entries in self._library.live(COLLECTION, 1000):
            self._given = [entry.vector for entry in entries if entry.vector is not None]
            self._store.add_texts(
                [entry.passage for entry in entries],
                metadatas=[{"group": groups[entry.scope], "day": entry.day} for entry in entries],
                ids=[str(entry.chunk) for entry in entries],
            )

    def ask(self, who: Identity) -> Ask:
        """Filtered by the groups; the auditor, who sees all, without a filter."""
        groups = None if who is AUDITOR else {"group": {"$in": sorted(who.groups)}}

        def found(query: Vectors) -> list[int]:
            documents = self._store.similarity_search_by_vector(query.tolist(), k=LIMIT, filter=groups)
            return [int(document.id) for document in documents]

        return found

    def disk(self) -> Path | None:
        """Chroma's folder."""
        return self._folder


def open_system(name: str, library: Library, home: Path) -> System:
    """One of 'exact', 'chroma' (as shipped), 'graph' (the same collection, never exact), 'langchain'."""
    if name == "langchain":
        return LangChain(library, home)
    if name == "exact":
        return Ours(library, ExactIndex(library, collection=COLLECTION, dimension=DIMENSION), None)
    if name == "graph":
        generation.NARROW = generation.FEW = 0
    folder = chroma_folder(config_at(home))
    shared = SharedIndex(folder, library, collection=COLLECTION, dimension=DIMENSION, exact_up_to=0)
    return Ours(library, shared, folder)


def config_at(home: Path) -> Config:
    """The configuration of a prepared library."""
    return Config(app=AppConfig(home=home))


def install() -> None:
    """Put the other retriever beside the environment, once; UsageError."""
    if (PACKAGES / "langchain_chroma").is_dir():
        return
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", PACKAGES, "-r", REQUIREMENTS]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(f"langchain-chroma cannot be installed: {done.stderr.strip()[-300:]}", hint="Use --only.")


def build(name: str, home: Path) -> dict[str, Any]:
    """Seconds, and what lies on the disk after."""
    library = Library.open(config_at(home))
    system = open_system(name, library, home)
    began = time.perf_counter()
    system.build()
    seconds, folder = time.perf_counter() - began, system.disk()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder else 0
    return {"build_s": seconds, "disk_mib": size / 2**20}


def ask(name: str, home: Path) -> dict[str, Any]:
    """Seconds to the first answer, milliseconds of each by the clock and of processor time, chunks found, memory."""
    asked = question_vectors(QUESTIONS)
    library = Library.open(config_at(home))
    library.head()
    base = _rss_mib()
    began = time.perf_counter()
    system = open_system(name, library, home)
    system.ask(ASKER)(asked[0])
    first_s = time.perf_counter() - began
    some, everything = _timed(system.ask(ASKER), asked), _timed(system.ask(AUDITOR), asked)
    return {"first_s": first_s, "some": some, "all": everything, "base_mib": base, "rss_mib": _rss_mib()}


def _timed(found: Ask, asked: Vectors) -> dict[str, Any]:
    spent, worked, chunks = [], [], []
    for query in asked:
        began, work = time.perf_counter(), time.process_time()
        chunks.append(list(found(query)))
        spent.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - work) * 1000)
    return {"ms": spent, "cpu_ms": worked, "chunks": chunks}


def _rss_mib() -> float:
    """What this process holds in memory now, MiB."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize() / 2**20


if __name__ == "__main__":
    _name, _what, _home = sys.argv[1:]
    print(json.dumps((build if _what == "build" else ask)(_name, Path(_home))))
