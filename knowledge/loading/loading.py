"""Files become extracts in another process, which is confined, kept for the next file, and replaced when it is lost."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from clawdbot.errors import ClawdbotError, KnowledgeError, LoadFailed
from clawdbot.knowledge.extract import Extract
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loading import reasons
from clawdbot.knowledge.loading.bounds import ProcessBounds
from clawdbot.knowledge.loading.document_file import copy_document
from clawdbot.knowledge.loading.frames import BrokenFrame, OutOfTime, PipeClosed
from clawdbot.knowledge.loading.messages import Failed, Order
from clawdbot.knowledge.loading.worker_process import TooMuchScratch, WorkerProcess, cores

if TYPE_CHECKING:
    # The worker imports this package too; building the configuration's models would double the time it needs to start.
    from clawdbot.config import Config

_BYTES_A_CHARACTER = 4
_NEARLY, _LITTLE = 0.7, 0.3
"""Parts of the memory that a process may take: it was lost for want of it, or the files before took hardly any."""


class _Lost(Exception):
    """The worker ended while it loaded a file; ``reason`` as an operator should read it."""

    def __init__(self, reason: LoadFailed, *, again: bool) -> None:
        super().__init__(reason.message)
        self.reason = reason
        self.again = again
        """Whether a fresh worker may do better."""


class Loading:
    """Loads files one at a time; threads take turns.  The process is started for the first file.

    A file is judged by a fresh process: when one that has loaded other files before is lost, the file is tried once
    more in a new one.
    """

    def __init__(
        self,
        *,
        limits: LoadLimits | None = None,
        bounds: ProcessBounds | None = None,
        ocr: bool = True,
        models: Path | None = None,
    ) -> None:
        """``ocr``: read scanned pages and pictures.  ``models``: the folder of models, for recordings."""
        self._limits = limits or LoadLimits()
        self._bounds = bounds or ProcessBounds()
        self._ocr = ocr
        self._models = models
        self._worker: WorkerProcess | None = None
        self._turn = Lock()
        self._closed = False
        self.confined_by: tuple[str, ...] = ()
        """The fences that held for the last process: 'memory', 'files', 'network', 'programs', ..."""

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """With the bounds of ``[knowledge]``."""
        knowledge = config.knowledge
        return cls(
            limits=LoadLimits(max_file_bytes=knowledge.max_file_bytes, max_pages=knowledge.max_pages),
            bounds=ProcessBounds(timeout_s=knowledge.load_timeout_s, memory_bytes=knowledge.load_memory_bytes),
            ocr=knowledge.ocr,
            models=config.app.home / "models",
        )

    def load(self, path: Path, *, media: str | None = None) -> Extract:
        """The document in ``path``; ``media`` is its type when the source knows it.

        LoadFailed says why this file cannot be read; KnowledgeError that no file can, because the process does not
        start; StoreError that the disk is full.
        """
        with self._turn:
            while True:
                worker = self._ready()
                fresh = worker.loaded == 0
                try:
                    return self._ask(worker, path, media)
                except _Lost as lost:
                    if self._closed:
                        raise KnowledgeError("Loading was stopped.", hint="Start it again to go on.") from None
                    if fresh or not lost.again:
                        raise lost.reason from None

    def close(self) -> None:
        """End the process, also while another thread waits for it."""
        self._closed = True
        worker = self._worker
        if worker is not None:
            worker.kill()
        with self._turn:
            self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _ready(self) -> WorkerProcess:
        if self._closed:
            raise KnowledgeError("Loading was stopped.", hint="Start it again to go on.")
        if self._worker is None:
            worker = WorkerProcess(self._bounds, ocr=self._ocr, models=self._models, answer_bytes=self._answer_bytes())
            worker.begin()
            self.confined_by = worker.confined_by
            self._worker = worker
        return self._worker

    def _ask(self, worker: WorkerProcess, path: Path, media: str | None) -> Extract:
        try:
            document = copy_document(path, worker.scratch.documents, max_bytes=self._limits.max_file_bytes)
            answer = worker.load(document, self._order(media))
        except (PipeClosed, BrokenFrame, OutOfTime, TooMuchScratch) as error:
            raise self._lost(worker, error) from None
        except ClawdbotError:
            worker.scratch.clear()
            raise
        except BaseException:
            self._drop()
            raise
        if isinstance(answer, Failed) and answer.memory:
            self._drop()
            raise self._out_of_memory(worker)
        if worker.worn:
            self._drop()
        else:
            worker.scratch.clear()
        if isinstance(answer, Failed):
            raise LoadFailed(answer.message, hint=answer.hint)
        return answer

    def _lost(self, worker: WorkerProcess, error: Exception) -> _Lost:
        status = self._drop()
        match error:
            case OutOfTime():
                return _Lost(reasons.too_slow(self._bounds), again=False)
            case TooMuchScratch():
                return _Lost(reasons.too_much_scratch(self._bounds), again=False)
            case BrokenFrame():
                return _Lost(reasons.nonsense(), again=False)
        if status < 0 and worker.largest_bytes > _NEARLY * self._bounds.memory_bytes:
            # Libraries in C++ abort when they get no memory, and mostly do not say so.
            return self._out_of_memory(worker)
        return _Lost(reasons.crashed(status, worker.last_words, self._bounds), again=True)

    def _out_of_memory(self, worker: WorkerProcess) -> _Lost:
        had_to_spare = worker.kept_bytes < _LITTLE * self._bounds.memory_bytes
        return _Lost(reasons.too_much_memory(self._bounds), again=not had_to_spare)

    def _drop(self) -> int:
        """End the process; its exit status."""
        worker, self._worker = self._worker, None
        return 0 if worker is None else worker.end()

    def _order(self, media: str | None) -> Order:
        seconds = math.ceil(self._bounds.timeout_s * cores())
        return Order(media=media, limits=dataclasses.asdict(self._limits), cpu_s=seconds)

    def _answer_bytes(self) -> int:
        return min(self._bounds.answer_bytes, _BYTES_A_CHARACTER * self._limits.max_text_chars)
