"""What a figure was measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")
_GIB = 1024**3


def describe(packages: Sequence[str]) -> dict[str, str]:
    """Processor, memory, system, date and the versions of ``packages`` that are installed."""
    found = {"date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), "cpu": _cpu(), "memory": _memory()}
    found["system"] = f"{platform.system()} {platform.release()}"
    found["python"] = platform.python_version()
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def as_lines(facts: dict[str, str]) -> str:
    """The facts as two lines: the machine, and the versions."""
    machine = ("date", "cpu", "memory", "system")
    first = " · ".join(facts[name] for name in machine)
    return first + "\n" + " · ".join(f"{name} {value}" for name, value in facts.items() if name not in machine)


def _cpu() -> str:
    names = [
        line.split(":", 1)[1].strip()
        for line in (_CPU_INFO.read_text("utf-8").splitlines() if _CPU_INFO.exists() else ())
        if line.startswith("model name")
    ]
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"{usable} cores of {names[0] if names else platform.processor() or platform.machine()}"


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / _GIB:.0f} GiB"
    except (ValueError, OSError):
        return "memory unknown"
