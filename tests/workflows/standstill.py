"""Stopping a process where nobody else has to wait for it."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing, suppress

from sqlalchemy import select

from clawdbot.errors import StoreError
from clawdbot.store.durable_tables import duties, workers
from clawdbot.store.ledger import RunLedger
from clawdbot.store.tables import runs


def freeze(process: int, url: str) -> None:
    """Stop the process (SIGSTOP), but not within a transaction on that ledger: what it has locked then stays locked."""
    while True:
        os.kill(process, signal.SIGSTOP)
        if _unlocked(url):
            return
        os.kill(process, signal.SIGCONT)
        time.sleep(0.01)


def _unlocked(url: str) -> bool:
    """Nobody is in the middle of a transaction that others wait for."""
    with closing(RunLedger(url, busy_timeout_s=0.1)) as ledger, suppress(StoreError):
        with ledger.database.write() as connection:
            for table in (runs, workers, duties):
                connection.execute(select(table).with_for_update(nowait=True))
        return True
    return False
