"""``python -m benchmarks.hostile_files``: load every hostile file and print what became of it."""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.hostile_files.corpus import corpus
from benchmarks.hostile_files.hostile import LARGE, SMALL, Setting
from benchmarks.hostile_files.listener import Listener
from benchmarks.hostile_files.maker import made_elsewhere
from benchmarks.hostile_files.trial import Trial, run
from benchmarks.machine import as_lines, describe
from clawdbot.knowledge.loading import Loading, ProcessBounds

_PACKAGES = ("clawdbot", "pypdf", "pypdfium2", "openpyxl", "lxml", "pillow", "selectolax")
_KIB_PER_MIB = 1024
_MAY_GROW_MIB = 256
"""The parent holds one document's text at a time; more than this is a leak or a bomb."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when nothing hung, escaped, ended the parent's work or made it grow."""
    chosen = _arguments(arguments)
    bounds = ProcessBounds(timeout_s=chosen.timeout_s)
    scale = SMALL if chosen.small else LARGE
    print(as_lines(describe(_PACKAGES)))
    with Listener() as listener, Loading(bounds=bounds, ocr=chosen.ocr) as loading:
        setting = Setting(scale=scale, server=listener.address)
        files = [h for h in corpus(setting) if chosen.only in f"{h.group}/{h.title}"]
        with made_elsewhere(setting, files) as make:
            _warm_up(loading)
            before, begin = _peak_mib(resource.RUSAGE_SELF), time.monotonic()
            trials = []
            for trial in run(files, make, loading, bounds, listener):
                trials.append(trial)
                if chosen.verbose or trial.faults:
                    print(_line(trial), flush=True)
            seconds, grown = time.monotonic() - begin, _peak_mib(resource.RUSAGE_SELF) - before
        print(f"fences: {', '.join(loading.confined_by)}")
    print(f"{_table(trials)}\n\n{len(trials)} files in {seconds:.0f} s")
    worker = _peak_mib(resource.RUSAGE_CHILDREN)
    print(f"memory: the parent grew by {grown} MiB at most, a worker took {worker} MiB at most")
    faults = sum(1 for trial in trials if trial.faults)
    print(f"faults: {faults}" if faults else "nothing hung, escaped, or ended the parent's work")
    return 1 if faults or grown > _MAY_GROW_MIB else 0


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile_files", description=__doc__)
    parser.add_argument("--only", default="", help="files whose GROUP/NAME has this in it")
    parser.add_argument("--small", action="store_true", help="smaller bombs, as in the tests")
    parser.add_argument("--ocr", action="store_true", help="read pictures too")
    parser.add_argument("--timeout-s", type=float, default=30.0, help="limit for one file, seconds")
    parser.add_argument("--verbose", action="store_true", help="a line for each file")
    return parser.parse_args(given)


def _warm_up(loading: Loading) -> None:
    """The first file starts the process and takes what stays."""
    loading.load(Path(__file__).with_name("__init__.py"), media="text/plain")


def _peak_mib(of: int) -> int:
    unit = _KIB_PER_MIB if sys.platform != "darwin" else _KIB_PER_MIB**2
    return resource.getrusage(of).ru_maxrss // unit


def _line(trial: Trial) -> str:
    faults = f"  FAULT: {'; '.join(trial.faults)}" if trial.faults else ""
    name = f"{trial.hostile.group}/{trial.hostile.title}"
    return f"{name[:60]!s:60} {trial.how:8} {trial.seconds:6.1f} s  {trial.reason[:160]}{faults}"


def _table(trials: list[Trial]) -> str:
    stops = ("time", "memory", "disk", "crash", "nonsense")
    columns = ("files", "loaded", "refused", *stops, "slowest s", "faults")
    lines = [f"{'':26}" + "".join(f"{name:>10}" for name in columns)]
    for group in dict.fromkeys(trial.hostile.group for trial in trials):
        some = [trial for trial in trials if trial.hostile.group == group]
        counts = [len(some), *(sum(t.how == how for t in some) for how in ("loaded", "refused", *stops))]
        slowest = f"{max(trial.seconds for trial in some):.1f}"
        cells = [*(str(count or "") for count in counts), slowest, str(sum(bool(t.faults) for t in some) or "")]
        lines.append(f"{group:26}" + "".join(f"{cell:>10}" for cell in cells))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main() if os.name == "posix" else "POSIX systems only")
