"""The process that loads files: ``python -m clawdbot.knowledge.loading.worker FD``, started by ``worker_process``.

Orders come on standard input, answers go to standard output, both as frames.  FD is the lifeline.
"""

from __future__ import annotations

import gc
import importlib
import os
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL.Image import Image

from clawdbot.errors import ClawdbotError
from clawdbot.knowledge.extract import Extract
from clawdbot.knowledge.loaders import registry
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loaders.page_reader import PageReader, ReadPage
from clawdbot.knowledge.loading import confinement
from clawdbot.knowledge.loading.frames import PipeClosed, read_frame_blocking, write_frame
from clawdbot.knowledge.loading.messages import Failed, Order, Ready, Resting, Setup, dump, frames_of

_OCR = ("clawdbot.knowledge.ocr.reader", "OcrReader")
"""Loaded by name when the first picture comes: its models take a second and half a gigabyte."""

_MEMORY_RAN_OUT = "Reading it needs more memory than a file may take."

Load = Callable[[Path, Order], Extract]


class LazyReader:
    """Reads pictures; the models are loaded for the first one."""

    def __init__(self) -> None:
        self._reader: PageReader | None = None

    def read(self, image: Image) -> ReadPage:
        """As PageReader says."""
        if self._reader is None:
            module, name = _OCR
            self._reader = getattr(importlib.import_module(module), name)()
        return self._reader.read(image)


def main(arguments: Sequence[str]) -> int:
    """Serve until the orders end."""
    confinement.die_with(int(arguments[0]))
    orders, answers = os.dup(0), os.dup(1)
    # Libraries print: what they say goes where the crash reports go, and they cannot read orders.
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    setup = Setup.model_validate_json(read_frame_blocking(orders)[0])
    confinement.prefer_for_the_out_of_memory_killer()
    held = confinement.confine(
        scratch=Path(setup.scratch),
        readable=() if setup.models is None else (setup.models,),
        memory_bytes=setup.memory_bytes,
        file_bytes=setup.scratch_bytes,
        open_files=setup.open_files,
    )
    write_frame(answers, dump(Ready(confined_by=held)))
    reader = LazyReader() if setup.ocr else None
    models = None if setup.models is None else Path(setup.models)

    def load(path: Path, order: Order) -> Extract:
        confinement.limit_processor_time(order.cpu_s)
        return registry.load(path, media=order.media, limits=LoadLimits(**order.limits), reader=reader, models=models)

    gc.freeze()
    serve(orders, answers, setup, load)
    return 0


def serve(orders: int, answers: int, setup: Setup, load: Load) -> None:
    """Answer orders until the pipe closes."""
    while True:
        try:
            header, path = read_frame_blocking(orders)
        except PipeClosed:
            return
        for frame in _answer(Path(os.fsdecode(path)), Order.model_validate_json(header), setup, load):
            write_frame(answers, *frame)
        gc.collect()
        write_frame(answers, dump(_resting()))


def _answer(path: Path, order: Order, setup: Setup, load: Load) -> list[tuple[bytes, bytes]]:
    try:
        extract = load(path, order)
        return list(frames_of(extract, answer_bytes=setup.answer_bytes, answer_blocks=setup.answer_blocks))
    except ClawdbotError as error:
        failed = Failed(message=error.message, hint=error.hint, memory=_for_want_of_memory(error))
    except MemoryError:
        failed = Failed(message=_MEMORY_RAN_OUT, memory=True)
    except Exception as error:  # one of ours, in code that every file passes: the next file may still be read
        what = f"{type(error).__name__}: {error}"[:300]
        failed = Failed(message=f"It cannot be read ({what}).", hint="It may be damaged: open it and save it anew.")
    folder = f"{path.parent}{os.sep}"
    clean = failed.message.replace(folder, "").encode("utf-8", "replace").decode()
    return [(dump(failed.model_copy(update={"message": clean})), b"")]


def _for_want_of_memory(error: BaseException | None) -> bool:
    """Whether memory ran out somewhere below, for a loader may have taken that for a damaged file."""
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _resting() -> Resting:
    statm = Path("/proc/self/statm")
    if statm.exists():
        address, resident = (int(pages) * resource.getpagesize() for pages in statm.read_text().split()[:2])
        return Resting(resident_bytes=resident, address_bytes=address)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Resting(resident_bytes=most, address_bytes=most)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
