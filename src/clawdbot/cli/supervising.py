"""Being the supervisor: what ``clawdbot start --foreground`` does, and ``clawdbot start`` in a process of its own.

It imports little, since it stays for as long as there are workers.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from clawdbot.config import Config
from clawdbot.workflows.grace import GRACE_S
from clawdbot.workflows.supervision import Supervision
from clawdbot.workflows.supervisor import Supervisor


def supervise(config: Config, path: Path | None, workers: int, *, slots: int) -> None:
    """Keep workers alive until a signal ends it; SIGQUIT and a second one end the workers at once.

    ``path`` is the configuration file that workers get, ``slots`` 0 what it says.  UsageError when another supervisor
    runs on this machine.
    """
    supervisor = Supervisor(
        Supervision(config.app.home),
        command=lambda label: python(path, "worker", "--name", label, *slots_option(slots)),
        logs=config.app.home / "log",
        patience_s=patience_s(config),
    )
    asked = 0

    def end(number: int, _: object) -> None:
        nonlocal asked
        asked += 1
        supervisor.end(at_once=number == signal.SIGQUIT or asked > 1)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, end)
    supervisor.run(workers)


def patience_s(config: Config) -> float:
    """How long a worker may take to end before it is killed, seconds: it drains, its runs stop, its duties end."""
    return config.worker.drain_s + 2 * GRACE_S + 5.0


def python(path: Path | None, *arguments: str) -> list[str]:
    """This program again; ``-P`` since what lies in the current folder is no part of it."""
    config = () if path is None else ("--config", str(path.expanduser().absolute()))
    return [sys.executable, "-P", "-m", "clawdbot", *arguments, *config]


def slots_option(slots: int) -> tuple[str, ...]:
    """The option that says how many runs at once, where it was given."""
    return ("--slots", str(slots)) if slots else ()
