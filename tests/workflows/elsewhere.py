"""A process that works on runs beside the test: each line of its input is one attempt in a forked process.

An attempt is ``HOME PORT URL EVENT``: it starts the run of ``mortal.py`` on the ledger at that URL.  At that event
(counted from 0, -1 is never) it says ``at PID`` and waits for a line.  When it has ended it says ``ended CODE``: 0, 3
when the run was somebody else's by then, -9.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clawdbot.config import Config
from clawdbot.errors import LeaseLost
from clawdbot.tools.registry import Registry
from tests.office import Postbox, office_config, open_office
from tests.workflows.mortal import GOAL, TOOLS, by_offer

LEASE_S = 1.0


def work(home: Path, port: int, url: str, event: int) -> None:
    """One attempt in this process."""
    seen = -1

    def listen(_: Mapping[str, Any]) -> None:
        nonlocal seen
        seen += 1
        if seen == event:
            print("at", os.getpid(), flush=True)
            os.read(sys.stdin.fileno(), 1)

    config = office_config(home, port=port, tools=TOOLS, store={"url": url}, worker={"lease_s": LEASE_S})
    office = open_office(config, Postbox(), [by_offer] * 20)
    office.app.engine.start(GOAL, user="tester", listener=listen)
    office.app.close()


def main() -> None:
    """Fork for each attempt: everything is imported once."""
    Registry.load(Config.model_validate({"tools": TOOLS}))
    orders = os.fdopen(0, "rb", buffering=0)  # what is not read yet is left to the child
    while line := orders.readline().decode().rstrip("\n"):
        home, port, url, event = line.split("\t")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                work(Path(home), int(port), url, int(event))
                code = 0
            except LeaseLost:
                code = 3
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print("ended", os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
