"""Loading hostile files one after the other with one :class:`Loading`, and finding what went wrong."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hostile_files.corpus import TRACES
from benchmarks.hostile_files.hostile import Hostile
from benchmarks.hostile_files.listener import Listener
from clawdbot.errors import LoadFailed
from clawdbot.knowledge.extract import Extract
from clawdbot.knowledge.loading import Loading, ProcessBounds, reasons

_OUR_BUG = re.compile(r"^It cannot be read \(\w+: ")
_GRACE_S = 20.0
"""Beyond the time limit: for a fresh process, and for a second try after a crash."""

Make = Callable[[int, Path], Path]
"""Makes the file with this number in this folder; in another process where memory is measured."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What became of one file.  ``how`` is "loaded", "refused" by its loader, or the limit that stopped it."""

    hostile: Hostile
    how: str
    reason: str
    seconds: float
    faults: tuple[str, ...]


def run(
    files: Iterable[Hostile], make: Make, loading: Loading, bounds: ProcessBounds, listener: Listener
) -> Iterator[Trial]:
    """Load each file; a fault is a hang, an escape, an error that is none of ours, or a wrong outcome."""
    for number, hostile in enumerate(files):
        folder = Path(tempfile.mkdtemp(prefix="clawdbot-hostile-"))
        try:
            yield _try(hostile, make(number, folder), loading, bounds, listener)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def made_here(files: list[Hostile]) -> Make:
    """Makes files in this process."""

    def make(number: int, folder: Path) -> Path:
        return files[number].make(folder)

    return make


def _try(hostile: Hostile, path: Path, loading: Loading, bounds: ProcessBounds, listener: Listener) -> Trial:
    faults: list[str] = []
    how, reason, begin = "loaded", "", time.monotonic()
    try:
        faults += _in_extract(loading.load(path), hostile)
    except LoadFailed as error:
        reason = str(error)
        how = _how(error, bounds)
        faults += _in_reason(error)
    except Exception as error:
        how, reason = "error", f"{type(error).__name__}: {error}"
        faults.append("ended the parent's work")
    seconds = time.monotonic() - begin
    if seconds > 2 * bounds.timeout_s + _GRACE_S:
        faults.append(f"hung for {seconds:.0f} s")
    if hostile.outcome != "either" and (how == "loaded") != (hostile.outcome == "loaded"):
        faults.append(f"should be {hostile.outcome}")
    faults += [f"left {trace}" for trace in TRACES if os.path.lexists(trace)]
    if listener.asked:
        faults.append(f"fetched {listener.asked}")
        listener.asked.clear()
    return Trial(hostile=hostile, how=how, reason=reason, seconds=seconds, faults=tuple(faults))


def _in_extract(extract: Extract, hostile: Hostile) -> list[str]:
    """What must not be in a loaded document."""
    text = "\n".join((extract.title, *extract.notes, extract.text))
    faults = ["a secret file's text is in it"] if hostile.never and hostile.never in text else []
    try:
        text.encode()
    except UnicodeEncodeError:
        faults.append("text that no store takes")
    if any(ord(character) < 32 and character not in "\n\t" for character in text):
        faults.append("control characters in the text")
    return faults


def _in_reason(error: LoadFailed) -> list[str]:
    """A reason is for a person: a sentence, what to do, one line, no paths of ours."""
    faults = [] if error.message.endswith(".") and error.hint else ["no whole sentence with what to do"]
    if _OUR_BUG.search(error.message):
        faults.append("an error that its loader did not expect")
    if any(ord(character) < 32 for character in str(error)) or len(str(error)) > 600:
        faults.append("a reason that spoils a table")
    if "clawdbot-loading-" in str(error):
        faults.append("a path of the scratch folder in the reason")
    return faults


def _how(error: LoadFailed, bounds: ProcessBounds) -> str:
    stops = {
        reasons.too_slow(bounds).message: "time",
        reasons.too_much_memory(bounds).message: "memory",
        reasons.too_much_scratch(bounds).message: "disk",
        reasons.nonsense().message: "nonsense",
    }
    crashed = error.message.startswith(("The process that read it crashed", "The system ended"))
    return stops.get(error.message, "crash" if crashed else "refused")
