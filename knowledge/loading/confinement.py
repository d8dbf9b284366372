"""What a process gives up before it opens a file that nobody vouches for.

Limits of resources hold everywhere; memory is not limited on macOS, whose kernel ignores RLIMIT_AS.  The fences around
files (Landlock) and system calls (seccomp) are Linux's; :func:`confine` says which of them hold, nothing pretends.
"""

from __future__ import annotations

import fcntl
import os
import resource
import select
import signal
import site
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import clawdbot
from clawdbot.knowledge.loading.landlock import DISCARD, READ, WRITE, Grant, keep_only
from clawdbot.knowledge.loading.system_calls import refuse_dangerous_calls

_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/lib32", "/bin", "/nix/store", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts"),
    *("/etc/mime.types", "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/sys/devices/system"),
    *("/dev/urandom", "/dev/random", "/dev/zero"),
)


def confine(
    *, scratch: Path, readable: Iterable[str], memory_bytes: int, file_bytes: int, open_files: int
) -> list[str]:
    """Give up what loading does not need; names of the fences that hold: 'memory', 'files', 'network', ...

    ``scratch`` stays writable below ``temporary``; ``readable`` are folders with models.  It cannot be undone, and
    must happen before the process has a second thread.
    """
    held = [
        name
        for name, limit, value in (
            ("memory", resource.RLIMIT_AS, memory_bytes),
            ("file size", resource.RLIMIT_FSIZE, file_bytes),
            ("open files", resource.RLIMIT_NOFILE, open_files),
            ("core dumps", resource.RLIMIT_CORE, 0),
        )
        if _limit(limit, value)
    ]
    if keep_only(_grants(scratch, readable)):
        held.append("files")
    if refuse_dangerous_calls():
        held += ["network", "programs"]
    return held


def limit_processor_time(seconds: int) -> None:
    """Let this process use ``seconds`` more of processor time; then the system ends it with SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, hard))


def die_with(lifeline: int) -> None:
    """End this process when the other end of the pipe ``lifeline`` closes, however that process ended.

    The kernel sends SIGIO, whose default is to end the process: no thread has to wait for it, so a library that holds
    the interpreter's lock for minutes does not put it off.  (PR_SET_PDEATHSIG would end it when the *thread* that
    started it ends.)
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    closed_before = select.poll()
    closed_before.register(lifeline, select.POLLIN)
    if closed_before.poll(0):
        os._exit(os.EX_UNAVAILABLE)


def prefer_for_the_out_of_memory_killer() -> None:
    """Let this process be ended before any other when the machine's memory runs out."""
    score = Path("/proc/self/oom_score_adj")
    if score.exists():
        score.write_text("1000")


def _limit(limit: int, value: int) -> bool:
    try:
        _, hard = resource.getrlimit(limit)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))
    except (ValueError, OSError):
        return False
    return sys.platform != "darwin" or limit != resource.RLIMIT_AS


def _grants(scratch: Path, readable: Iterable[str]) -> Iterator[Grant]:
    for path in (*_SYSTEM, *_interpreter(), *readable, str(scratch)):
        yield Grant(path=path, rights=READ)
    yield Grant(path=str(scratch / "temporary"), rights=WRITE)
    yield Grant(path="/dev/null", rights=DISCARD)


def _interpreter() -> Iterator[str]:
    """Where Python code is, this project's own too, which may lie elsewhere behind links."""
    yield from (sys.prefix, sys.base_prefix, sys.exec_prefix, *site.getsitepackages(), *sys.path)
    for folder in clawdbot.__path__:
        yield from (str(entry.resolve()) for entry in Path(folder).iterdir())
