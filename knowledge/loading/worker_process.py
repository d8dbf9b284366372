"""The parent's side of the process that loads files: start it, ask it, end it."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from pydantic import BaseModel, ValidationError

from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.extract import Extract
from clawdbot.knowledge.loading.bounds import ProcessBounds
from clawdbot.knowledge.loading.frames import BrokenFrame, FrameReader, OutOfTime, PipeClosed, write_frame
from clawdbot.knowledge.loading.messages import Failed, Order, Ready, Resting, Setup, dump, read_answer
from clawdbot.knowledge.loading.scratch import Scratch

_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_MOST_THREADS = 4
_TAIL_BYTES = 4000
_ROUNDING = 1 << 20
"""A file takes whole blocks; one that is as large as it may be must not count as more."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class TooMuchScratch(Exception):
    """The worker has more on disk than it may."""


class WorkerProcess:
    """A running worker, to be ended once.  ``load`` raises PipeClosed, BrokenFrame, OutOfTime or TooMuchScratch when
    it is of no more use."""

    def __init__(self, bounds: ProcessBounds, *, ocr: bool, models: Path | None, answer_bytes: int) -> None:
        self._bounds = bounds
        self.scratch = Scratch()
        self._answer_bytes = answer_bytes
        self._noise = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed in end()
        lifeline, self._lifeline = os.pipe()
        command = [sys.executable, "-P", "-s", "-m", "clawdbot.knowledge.loading.worker", str(lifeline)]
        self._process = subprocess.Popen(
            command,
            cwd=self.scratch.folder,
            env=_environment(self.scratch.temporary),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            pass_fds=(lifeline,),
            bufsize=0,
            start_new_session=True,
        )
        os.close(lifeline)
        self._ending = Lock()
        self.loaded = 0
        self.kept_bytes = 0
        """Address space that it kept after the last file."""
        self.largest_bytes = 0
        """Address space that it was seen to have, while it was waited for."""
        self.worn = False
        self.confined_by: tuple[str, ...] = ()
        self.last_words = ""
        """The last line that it wrote before it ended."""
        self._setup = Setup(
            memory_bytes=bounds.memory_bytes,
            scratch_bytes=bounds.scratch_bytes,
            open_files=bounds.open_files,
            answer_bytes=answer_bytes,
            answer_blocks=bounds.answer_blocks,
            ocr=ocr,
            scratch=os.fspath(self.scratch.folder),
            models=None if models is None else os.fspath(models),
        )

    def begin(self) -> None:
        """Wait until it is confined; KnowledgeError when it does not start."""
        try:
            self._send(self._setup)
            header, _ = self._reader(self._bounds.start_s).read()
            self.confined_by = tuple(Ready.model_validate_json(header).confined_by)
        except (PipeClosed, BrokenFrame, OutOfTime, ValidationError) as error:
            self.end()
            raise KnowledgeError(
                f"The process that loads files did not start: {self.last_words or 'it gave no reason'}.",
                hint="Check the installation with: clawdbot doctor",
            ) from error

    def load(self, document: Path, order: Order) -> Extract | Failed:
        """The answer for a file in ``scratch.documents``; TooMuchScratch too."""
        self.loaded += 1
        self._send(order, os.fsencode(document))
        reader = self._reader(self._bounds.timeout_s)
        answer = read_answer(reader.read, max_blocks=self._bounds.answer_blocks)
        try:
            rest = Resting.model_validate_json(reader.read()[0])
        except ValidationError as error:
            raise BrokenFrame("an answer that does not end") from error
        self.kept_bytes = rest.address_bytes
        self.worn = (
            self.loaded >= self._bounds.files
            or rest.resident_bytes > self._bounds.resident_bytes
            or rest.address_bytes > 0.75 * self._bounds.memory_bytes
        )
        return answer

    def kill(self) -> None:
        """Kill it with all that it started; another thread may be waiting for its answer."""
        with self._ending:
            if self._process.returncode is None:
                # It has not been waited for, so the number of its group cannot belong to another one.
                try:
                    os.killpg(self._process.pid, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    self._process.kill()

    def end(self) -> int:
        """Kill it and remove what it wrote; its exit status, negative for a signal."""
        self.kill()
        with self._ending:
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        os.close(self._lifeline)
        self.last_words = self._read_noise()
        self._noise.close()
        self.scratch.remove()
        return self._process.returncode

    def _read_noise(self) -> str:
        size = os.fstat(self._noise.fileno()).st_size
        text = os.pread(self._noise.fileno(), _TAIL_BYTES, max(0, size - _TAIL_BYTES)).decode("utf-8", "replace")
        lines = [_CONTROL.sub(" ", line).strip() for line in text.splitlines()]
        return next((line[:300].rstrip(".") for line in reversed(lines) if line), "")

    def _send(self, message: BaseModel, body: bytes = b"") -> None:
        assert self._process.stdin is not None
        try:
            write_frame(self._process.stdin.fileno(), dump(message), body)
        except BrokenPipeError as error:
            raise PipeClosed from error

    def _reader(self, limit_s: float) -> FrameReader:
        assert self._process.stdout is not None
        return FrameReader(
            self._process.stdout.fileno(),
            end=time.monotonic() + limit_s,
            allowance=self._answer_bytes,
            watch=self._watch,
        )

    def _watch(self) -> None:
        if self.scratch.used_bytes() > self._bounds.scratch_bytes + _ROUNDING:
            raise TooMuchScratch
        self.largest_bytes = max(self.largest_bytes, _address_bytes(self._process.pid))


def _address_bytes(process: int) -> int:
    """0 where the system does not say, or the process has ended."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _environment(temporary: Path) -> Mapping[str, str]:
    """No secrets: only what a Python process needs to start, and folders that are its own."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    threads = dict.fromkeys(_THREADS, str(min(cores(), _MOST_THREADS)))
    own = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME"), os.fspath(temporary))
    # Each arena of the C library's allocator takes 64 MiB of address space, which is what is limited.
    return {**kept, **threads, **own, "MALLOC_ARENA_MAX": "2", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
