"""Workers in processes of their own: each line of the input starts one by forking, since importing takes seconds.

A line is ``{"home", "port", "sections"}``; the worker's process id comes back as a line.  ``{"wait": PID}`` gives its
exit code, -9 when it was killed.  The model of a worker answers its second question only once there is a file ``go``
in the home; until then ``thinking-PID`` says that it was asked.  What a worker tells is written to ``told-PID``.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from clawdbot.cli.drain_signals import draining
from clawdbot.config import Config
from clawdbot.models import interruption
from clawdbot.tools.registry import Registry
from clawdbot.workflows.worker_events import WorkerEvent
from tests.office import Postbox, office_config, open_office
from tests.workflows.mortal import GOAL, TOOLS, by_offer

__all__ = ["GOAL"]


def work(home: Path, port: int, sections: Mapping[str, Any]) -> None:
    """Be a worker until a signal ends it."""

    def answer(messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> dict[str, Any]:
        found = by_offer(messages, schema)
        if found["tool"] == "mail":
            (home / f"thinking-{os.getpid()}").touch()
            while not (home / "go").exists():
                interruption.wait(threading.Event(), 0.02)  # as whoever waits for a model that is far away
        return found

    def tell(event: WorkerEvent) -> None:
        with (home / f"told-{os.getpid()}").open("a") as file:
            file.write(json.dumps(asdict(event)) + "\n")

    config = office_config(home, port=port, tools=TOOLS, **sections)
    office = open_office(config, Postbox(), [answer] * 50)
    with draining() as signals:
        worker = office.app.worker(label=f"w{os.getpid()}", tell=tell)
        signals.send_to(worker.drain)
        worker.run()


def main() -> None:
    """Fork for each worker: everything is imported once."""
    Registry.load(Config.model_validate({"tools": TOOLS}))
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        child = os.fork()
        if child == 0:
            code = 1
            try:
                work(Path(order["home"]), order["port"], order["sections"])
                code = 0
            finally:
                os._exit(code)
        print(child, flush=True)


if __name__ == "__main__":
    main()
