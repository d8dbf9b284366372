"""Why a file was not loaded when the process that loaded it was lost: one sentence, and what to do."""

from __future__ import annotations

import re
import signal

from clawdbot.errors import LoadFailed
from clawdbot.knowledge.loading.bounds import ProcessBounds

_FOR_WANT_OF_MEMORY = re.compile(r"bad_alloc|MemoryError|[Cc]annot allocate|[Oo]ut of memory|[Aa]llocation failed")
_SPLIT_OR_LEAVE = "Split the file, or leave it out with [knowledge.sources.NAME] exclude."


def too_slow(bounds: ProcessBounds) -> LoadFailed:
    """It was not read in time."""
    return LoadFailed(
        f"Reading it takes longer than {bounds.timeout_s:g} s.",
        hint="Split the file, or raise [knowledge] load_timeout_s.",
    )


def too_much_memory(bounds: ProcessBounds) -> LoadFailed:
    """Memory ran out."""
    return LoadFailed(
        f"Reading it needs more memory than {bounds.memory_bytes / 1e9:.1f} GB.",
        hint="Split the file, or raise [knowledge] load_memory_bytes.",
    )


def too_much_scratch(bounds: ProcessBounds) -> LoadFailed:
    """It unpacks to too much."""
    return LoadFailed(
        f"Reading it unpacks more than {bounds.scratch_bytes / 1e6:,.0f} MB to disk.", hint=_SPLIT_OR_LEAVE
    )


def nonsense() -> LoadFailed:
    """The process answered something that is no answer: it may not be ours any more."""
    return LoadFailed(
        "The process that read it gave an answer that is none; it was ended.",
        hint="The file may be made to attack its reader: find out where it comes from.",
    )


def crashed(status: int, last_words: str, bounds: ProcessBounds) -> LoadFailed:
    """The process ended by itself or by a signal: ``status`` as in ``Popen.returncode``."""
    if status == -signal.SIGXCPU:
        return too_slow(bounds)
    if _FOR_WANT_OF_MEMORY.search(last_words):
        return too_much_memory(bounds)
    if status == -signal.SIGKILL:
        return LoadFailed(
            "The system ended the process that read it, most likely because memory ran out.", hint=_SPLIT_OR_LEAVE
        )
    how = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
    said = f": {last_words}" if last_words else ""
    return LoadFailed(
        f"The process that read it crashed ({how}{said}).", hint="It may be damaged: open it and save it anew."
    )
