"""A process that works on a workflow until it is killed: each line of its input is one attempt in a forked process.

An attempt is ``HOME PORT POINT``: it accepts the workflow, or goes on with the run that is there, and is killed at that
named place (``step.done:2``; '-' is nowhere).  The exit code comes back as a line.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from clawdbot.config import Config
from clawdbot.failpoints import VARIABLE
from clawdbot.tools.registry import Registry
from clawdbot.workflows.definition_file import parse
from clawdbot.workflows.starting import new_run
from tests.office import Postbox, office_config, open_office
from tests.workflows.mortal import by_offer

RUN = "mortal"
TOOLS = {"enable": ("sql", "mail", "note", "act"), "trusted": ("act",)}
TEXT = """
name = "mortal"
[[step]]
id = "rows"
tool = "sql"
args = { title = "rows", sql = "SELECT region, SUM(amount) AS sales FROM orders GROUP BY region" }
[[step]]
id = "act"
tool = "act"
args = { text = "acted" }
[[step]]
id = "mails"
needs = ["rows"]
tool = "mail"
foreach = "steps.rows.rows"
parallel = 2
args = { to = "finance@example.com", subject = "{{ item.region }}", body = "{{ item.region }}: {{ item.sales }}." }
[[step]]
id = "goal"
needs = []
goal = "Sales by region for Q3 2026, mail it to finance."
[[step]]
id = "last"
needs = ["act", "mails", "goal"]
tool = "note"
args = { text = "{{ steps.rows.tables }} {{ steps.goal.count }}" }
"""


def work(home: Path, port: int) -> None:
    """One attempt in this process."""
    tools = {**TOOLS, "paths": (str(home / "own_tools"),)}
    office = open_office(office_config(home, port=port, tools=tools), Postbox(), [by_offer] * 50)
    definition = parse(TEXT, "mortal.toml")
    office.app.ledger.queue.accept(new_run(definition, {}, config=office.app.config, user="tester", run_id=RUN))
    if office.app.ledger.get_run(RUN).status != "done":
        office.app.engine.resume(RUN)
    office.app.close()


def main() -> None:
    """Fork for each attempt: everything is imported once."""
    Registry.load(Config.model_validate({"tools": {"enable": ("sql", "mail")}}))
    for line in sys.stdin:
        home, port, point = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                if point != "-":
                    os.environ[VARIABLE] = point
                work(Path(home), int(port))
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
