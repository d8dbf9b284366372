"""How much the process that loads files may take."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class ProcessBounds:
    """Bounds of the process, apart from those of a document (:class:`clawdbot.knowledge.loaders.limits.LoadLimits`).

    ``timeout_s`` is wall-clock time for one file, seconds.  ``memory_bytes`` is address space.  ``scratch_bytes`` is
    what it may have on disk at a time.  ``answer_bytes`` and ``answer_blocks`` bound what is read back from it.  It is
    replaced after ``files`` files, or when it keeps more than ``resident_bytes`` between two files.
    """

    timeout_s: float = 120.0
    memory_bytes: int = 2_000_000_000
    scratch_bytes: int = 512 * MIB
    answer_bytes: int = 128 * MIB
    answer_blocks: int = 400_000
    open_files: int = 256
    files: int = 200
    resident_bytes: int = 700 * MIB
    start_s: float = 60.0
    """Most time for the process to start, seconds; a machine under load needs some."""
