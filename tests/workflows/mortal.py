"""A process that works on runs until it is killed: each line of its input is one attempt in a forked process.

An attempt is ``HOME PORT EVENT SECONDS BYTES``: it starts a run, or goes on with the one that is there, and kills
itself at that event (counted from 0) and after that time, whichever comes first; no file may grow beyond so many
bytes, as on a full disk.  -1 is never.  The exit code comes back as a line: 0, 2 for an error in words, -9.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clawdbot.config import Config
from clawdbot.errors import ClawdbotError
from clawdbot.tools.registry import Registry
from tests.office import Postbox, office_config, open_office, query_step, step

GOAL = "Sales by region for Q3 2026, mail it to finance."
TOOLS = {"enable": ("sql", "mail")}
_ANSWERS = {
    "sql": query_step(),
    "mail": step("mail", subject="Sales Q3 2026", body="North sold 5,500.25."),
    "finish": step("finish", answer="North leads with 5,500.25."),
}


def by_offer(messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The answer for the tool that is offered, so that a script can be taken up anywhere."""
    branches = schema.get("anyOf", [schema])
    offered = {b["properties"]["tool"]["const"] for b in branches}
    return next(answer for name, answer in _ANSWERS.items() if name in offered)


def work(home: Path, port: int, *, event: int, seconds: float) -> None:
    """One attempt in this process."""
    seen = -1

    def listen(_: Mapping[str, Any]) -> None:
        nonlocal seen
        seen += 1
        if seen == event:
            os.kill(os.getpid(), signal.SIGKILL)

    if seconds >= 0:
        threading.Thread(target=_die_after, args=(seconds,), daemon=True).start()
    office = open_office(office_config(home, port=port, tools=TOOLS), Postbox(), [by_offer] * 20)
    runs = office.app.ledger.list_runs()
    if runs and runs[0].status == "done":
        return
    if runs:
        office.app.engine.resume(runs[0].id, listener=listen)
    else:
        office.app.engine.start(GOAL, user="tester", listener=listen)
    office.app.close()


def _die_after(seconds: float) -> None:
    time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Fork for each attempt: everything is imported once."""
    Registry.load(Config.model_validate({"tools": TOOLS}))
    for line in sys.stdin:
        home, port, event, seconds, limit = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
                work(Path(home), int(port), event=int(event), seconds=float(seconds))
                code = 0
            except ClawdbotError:
                code = 2
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
