"""multilingual-e5-small, the embedding model that comes with Clawdbot (Chinese, English and some ninety more)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from threading import RLock

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # the wheel has no types

from clawdbot.errors import EmbeddingError
from clawdbot.knowledge.embedding.conversion import RESULT, REVISION, SOURCE
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.embedding.encoder_file import encoder_file
from clawdbot.knowledge.embedding.packed import LONGEST, WIDTH, PackedModel, open_packaged
from clawdbot.knowledge.embedding.vocabulary import Vocabulary

_QUERY, _PASSAGE = "query: ", "passage: "  # the model was trained with these
_WINDOW = LONGEST - 2  # tokens of text that fit between the two special ones
_ERRORS_ONLY = 3


class E5Embedder:
    """The packaged model; vocabulary and encoder are loaded when they are first needed, each 0.2 s.

    A text runs alone, on one thread, and several texts run at a time: so nothing is spent on padding, and a vector
    does not depend on what it was computed together with.  A text of more than 510 tokens is embedded in pieces.
    """

    def __init__(self, home: Path, threads: int | None = None) -> None:
        self._home = home
        self._threads = threads or _usable_cores()
        self._lock = RLock()

    @property
    def collection(self) -> str:
        return f"e5-small-int8-{REVISION}-{WIDTH}"

    @property
    def dimension(self) -> int:
        return WIDTH

    def passages(self, texts: Sequence[str]) -> Vectors:
        found = np.empty((len(texts), WIDTH), np.float32)
        self._ready()
        pool = ThreadPoolExecutor(self._threads)
        try:
            for number, vector in enumerate(pool.map(self._passage, texts)):
                found[number] = vector
        finally:
            pool.shutdown(cancel_futures=True)  # an interrupt does not wait for all the other texts
        return found

    def query(self, text: str) -> Vectors:
        self._ready()
        return self._embed(_QUERY + text)

    def tokens(self, text: str) -> int:
        with self._lock:
            vocabulary = self._vocabulary
        return len(vocabulary.encode(text))

    def _passage(self, text: str) -> Vectors:
        return self._embed(_PASSAGE + text)

    def _ready(self) -> None:
        """Load everything before threads share it."""
        with self._lock:
            _ = self._vocabulary, self._session, self._positions

    @cached_property
    def _packed(self) -> PackedModel:
        return open_packaged()

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self._packed.pieces())

    @cached_property
    def _positions(self) -> Vectors:
        positions: Vectors = self._packed.vector("emb.pos").reshape(LONGEST, WIDTH)
        return positions + self._packed.vector("emb.type")[:WIDTH]

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        path = encoder_file(self._home, self._packed)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        try:
            return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # it raises plain Exception subclasses of many names
            raise EmbeddingError(
                f"ONNX Runtime {onnxruntime.__version__} cannot load the embedding model: {error}",
                hint=f"Delete {str(path)!r} and try again; it is made anew.",
            ) from error

    def _embed(self, text: str) -> Vectors:
        """Mean over all tokens' hidden states, brought to length one."""
        ids = self._vocabulary.encode(text)
        total = np.zeros(WIDTH, np.float32)
        for start in range(0, len(ids), _WINDOW):
            window = [self._vocabulary.begin, *ids[start : start + _WINDOW], self._vocabulary.end]
            source = self._packed.words(window) + self._positions[: len(window)]
            (hidden,) = self._session.run([RESULT], {SOURCE: source[None]})
            total += hidden[0].sum(axis=0)
        return total / np.linalg.norm(total)


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
