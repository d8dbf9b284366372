"""A process that sends a mail until it is killed or stopped: each line of its input is one attempt in a forked process.

An attempt is ``URL HOME PORT PLACE``: it takes the run 'mailing' under a lease of a moment and calls the mail tool as
step 1, with ``PLACE`` as ``CLAWDBOT_FAILPOINT`` ('-' is none).  Two lines come back: the process id, and when it is
over the exit code: 0 when the call succeeded, 3 when it did not, 4 when the run was another's, -9 when it was killed.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing
from pathlib import Path

from stamina.instrumentation import set_on_retry_hooks

from clawdbot.access.envelope import Envelope
from clawdbot.config import AppConfig, Config, MailConfig
from clawdbot.errors import LeaseLost, UsageError
from clawdbot.failpoints import VARIABLE
from clawdbot.store.ledger import RunLedger
from clawdbot.store.owner import this_process
from clawdbot.store.queue import Claimed
from clawdbot.tools.executor import Executor, Outcome, RunFrame
from clawdbot.tools.mail.tool import mail
from clawdbot.tools.registry import Registry, RegistryEntry
from clawdbot.tools.workspace import Workspace

RUN = "mailing"
LEASE_S = 0.2
TEXT = {"subject": "第三季度销售报告", "body": "您好,附件是报告。"}


def take(ledger: RunLedger) -> Claimed:
    """The run, as soon as nobody has it."""
    until = time.monotonic() + 30
    while True:
        try:
            return ledger.queue.take(RUN, this_process())
        except UsageError:
            assert time.monotonic() < until, "a dead process keeps its run"
            time.sleep(LEASE_S / 10)


def send(ledger: RunLedger, claimed: Claimed, home: Path, port: int) -> Outcome:
    """Step 1 of the run: the mail."""
    settings = MailConfig(
        host="127.0.0.1", port=port, security="none", from_="Bot <bot@example.com>", timeout_s=10,
        allow_recipients=("*@example.com",),
    )  # fmt: skip
    entry = RegistryEntry(name="mail", origin="built-in", enabled=True, tool=mail)
    executor = Executor(Registry([entry]), Config(app=AppConfig(home=home), mail=settings), ledger)
    frame = RunFrame(
        run_id=RUN, goal="g", language="zh", workspace=Workspace(home / "run"), deadline=time.monotonic() + 60,
        envelope=Envelope(
            tools=frozenset({"mail"}), recipients=frozenset({"finance@example.com"}),
            allow_recipients=("*@example.com",),
        ),
    )  # fmt: skip
    with ledger.queue.held(claimed.lease):
        return executor.call("mail", TEXT, run=frame, step=1)


def attempt(url: str, home: Path, port: int) -> int:
    """One attempt in this process; the exit code."""
    with closing(RunLedger(url, lease_s=LEASE_S)) as ledger:
        try:
            return 0 if send(ledger, take(ledger), home, port).ok else 3
        except LeaseLost:
            return 4


def main() -> None:
    """Fork for each attempt: everything is imported once."""
    set_on_retry_hooks([])  # the one that stamina prefers prints
    for line in sys.stdin:
        url, home, port, place = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                if place != "-":
                    os.environ[VARIABLE] = place
                code = attempt(url, Path(home), int(port))
            finally:
                os._exit(code)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
