"""What a worker costs that has nothing to do: processor time of a real ``clawdbot worker`` with all its duties."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos.crew import open_crew
from benchmarks.chaos.processes import has_begun, kill, tail
from clawdbot.errors import UsageError

_UP_S = 60.0
_SETTLE_S = 5.0
"""By then everything is imported that a worker imports late."""
_MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Idle:
    """``cpu_share`` of one core over so many seconds; memory in MiB."""

    seconds: float
    cpu_share: float
    memory_mib: float


def measure(folder: Path, ledger_url: str, *, seconds: float) -> Idle:
    """A worker with the configuration's own times; UsageError when it does not start."""
    with open_crew(folder, ledger_url, manner="exec", as_shipped=True) as crew:
        worker = crew.worker()
        if not has_begun(worker, seconds=_UP_S) or worker.code() is not None:
            raise UsageError(f"The worker did not start: {tail(worker)}")
        time.sleep(_SETTLE_S)
        before, began = _cpu_s(worker.pid), time.monotonic()
        time.sleep(seconds)
        used, took = _cpu_s(worker.pid) - before, time.monotonic() - began
        memory = resident_mib(worker.pid)
        kill(worker)
    return Idle(seconds=took, cpu_share=used / took, memory_mib=memory)


def _cpu_s(process: int) -> float:
    """Processor time of all its threads so far, seconds (proc(5): utime and stime in clock ticks)."""
    fields = Path(f"/proc/{process}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(process: int) -> float:
    """Memory that it holds now."""
    pages = int(Path(f"/proc/{process}/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MIB
