"""``python -m benchmarks.index_scale.end_to_end``: questions through the whole retriever over 100,000 chunks.

Each question is embedded by the product's own model, as in use; its neighbours are those of a vector that is made on
the library's subjects, since the library's vectors are made too.  Asked is as a user who sees ten of fifty scopes.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.figures import percentile, table
from benchmarks.index_scale.data import ASKER, COLLECTION, DIMENSION, prepare, question_vectors, questions
from benchmarks.machine import as_lines, describe
from clawdbot.config import Config
from clawdbot.knowledge.embedding.e5 import E5Embedder
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.lexical.index import LexicalIndex
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.passage import Query, Retrieval
from clawdbot.knowledge.retrieval import Retriever
from clawdbot.knowledge.vectors.opening import open_dense

_FOLDER = Path(__file__).resolve().parents[2] / ".cache" / "benchmarks" / "index_scale"
_PACKAGES = ("clawdbot", "tantivy", "chromadb", "onnxruntime", "numpy")
_WARM_UP = 10
_MIB = 2**20


class MadeVectors:
    """Spends the time of the real model, and gives vectors from the library's clouds."""

    collection = COLLECTION
    dimension = DIMENSION

    def __init__(self, model: E5Embedder, vectors: Sequence[Vectors]) -> None:
        self._model = model
        self._vectors = vectors
        self._asked = 0

    def passages(self, texts: Sequence[str]) -> Vectors:
        """As the model."""
        return self._model.passages(texts)

    def query(self, text: str) -> Vectors:
        """The next made vector, after the work of a real one."""
        self._model.query(text)
        self._asked += 1
        return self._vectors[self._asked % len(self._vectors)]

    def tokens(self, text: str) -> int:
        """As the model."""
        return self._model.tokens(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make what is missing, ask, print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.index_scale.end_to_end", description=__doc__)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="where the library and the indexes are kept")
    chosen = parser.parse_args(arguments)
    print(as_lines(describe(_PACKAGES)), flush=True)
    config = prepare(chosen.folder, chosen.chunks)
    started = time.perf_counter()
    found, ms = [], list[float]()
    for answer, spent in _asked(config, chosen.questions):
        found.append(answer)
        ms.append(spent)
    print(f"ready, with the first answers, after {time.perf_counter() - started - sum(ms) / 1000:.1f} s\n")
    stages = list(dict.fromkeys(stage for answer in found for stage in answer.ms))
    rows = [("whole", f"{percentile(ms, 0.5):.1f}", f"{percentile(ms, 0.95):.1f}")]
    for stage in stages:
        parts = [answer.ms.get(stage, 0.0) for answer in found]
        rows.append((stage, f"{percentile(parts, 0.5):.1f}", f"{percentile(parts, 0.95):.1f}"))
    print(table(("stage", "p50, ms", "p95, ms"), rows))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{chosen.chunks} chunks, {len(ms)} questions, memory {_resident():.0f} MiB, at most {peak:.0f} MiB")
    for note in dict.fromkeys(note for answer in found for note in answer.notes):
        print(f"note: {note}")
    return 0


def _asked(config: Config, count: int) -> Iterator[tuple[Retrieval, float]]:
    """Answers with their milliseconds, after some that warm the caches."""
    model = E5Embedder(config.app.home.parent)
    embedder = MadeVectors(model, list(question_vectors(count)))
    library = Library.open(config)
    lexical = LexicalIndex(config.app.home / "knowledge" / "lexical", library)
    dense = open_dense(config, library, collection=COLLECTION, dimension=DIMENSION)
    retriever = Retriever(library=library, lexical=lexical, dense=dense, embedder=embedder, config=config)
    built = time.perf_counter()
    retriever.sync()
    print(f"indexes brought up to date in {time.perf_counter() - built:.1f} s", file=sys.stderr, flush=True)
    for number, question in enumerate(questions(_WARM_UP + count)):
        start = time.perf_counter()
        answer = retriever.search(Query(text=question), ASKER)
        if number >= _WARM_UP:
            yield answer, (time.perf_counter() - start) * 1000
    dense.close()
    lexical.close()
    library.close()


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / _MIB


if __name__ == "__main__":
    raise SystemExit(main())
