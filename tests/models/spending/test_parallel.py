"""Many threads, processes and kills against one day's budget, on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from clawdbot.config import BudgetConfig
from clawdbot.errors import BudgetExceeded
from clawdbot.models.spending.budget import Budgets
from clawdbot.store.database import Database
from clawdbot.store.spending import SpendingLedger, day_account
from tests.models.spending.conftest import DAY, books

LIMIT, WORST, COST = Decimal("1"), Decimal("0.03"), Decimal("0.02")
PROCESSES = 8

# Processes reserve and settle until the money is gone, and say each reservation, so that they can be killed after any
# of them.  They are forked, as to start Python so often would take most of the time; each opens its own database.
_SPENDERS = f"""
import os, psycopg, sys
from decimal import Decimal
from clawdbot.config import BudgetConfig
from clawdbot.errors import BudgetExceeded
from clawdbot.models.spending.budget import Budgets
from clawdbot.store.database import Database
from clawdbot.store.spending import SpendingLedger

def spend(number):
    config = BudgetConfig(day_usd=Decimal("{LIMIT}"))
    budgets = Budgets(SpendingLedger(Database(sys.argv[1], busy_timeout_s=60)), config, day=lambda: "{DAY}")
    for step in range(1000):
        try:
            held = budgets.reserve(run_id=f"r{{number}}", step=step, user="wei", model="big", usd=Decimal("{WORST}"))
        except BudgetExceeded:
            return
        os.write(1, f"{{os.getpid()}} {{number}} {{held}}\\n".encode())
        if step % 5 == 4:
            budgets.release(held)
        else:
            budgets.settle(held, spent=Decimal("{COST}"))

barrier, gate = os.pipe()
for number in range({PROCESSES}):
    if os.fork() == 0:
        os.close(gate)
        os.read(barrier, 1)
        spend(number)
        os._exit(0)
os.close(gate)
ended = [os.wait()[1] for _ in range({PROCESSES})]
sys.exit(any(os.WIFEXITED(status) and status for status in ended))
"""


def open_budgets(database: Database) -> Budgets:
    return Budgets(SpendingLedger(database), BudgetConfig(day_usd=LIMIT), day=lambda: DAY)


def test_fifty_threads_never_pass_the_limit_and_use_it_up(database: Database) -> None:
    ledger = SpendingLedger(database)
    budgets = open_budgets(database)
    seen: list[Decimal] = []

    def spend(worker: int) -> int:
        for step in range(100):
            try:
                reservation = budgets.reserve(run_id=f"r{worker}", step=step, user="wei", model="big", usd=WORST)
            except BudgetExceeded:
                return step
            seen.append(ledger.used([day_account(DAY)])[day_account(DAY)].total)
            budgets.settle(reservation, spent=COST)
        raise AssertionError("a budget of 1 USD cannot last for 100 calls of each thread")

    with ThreadPoolExecutor(50) as pool:
        calls = sum(pool.map(spend, range(50)))
    sums = books(database)
    assert calls == sums.spent / COST == len(seen)
    assert max(seen) <= LIMIT and sums.spent <= LIMIT
    assert sums.spent > LIMIT - 50 * WORST and sums.open == 0


def test_processes_that_are_killed_leave_books_that_add_up(ledger_url: str, database: Database) -> None:
    chance = random.Random(11)
    fatal = {str(number): chance.randint(1, 4) for number in range(1, PROCESSES, 2)}
    told: Counter[str] = Counter()
    with subprocess.Popen([sys.executable, "-c", _SPENDERS, ledger_url], stdout=subprocess.PIPE, text=True) as spenders:
        assert spenders.stdout is not None
        for line in spenders.stdout:
            process, number, _ = line.split()
            told[number] += 1
            if told[number] == fatal.get(number):
                os.kill(int(process), signal.SIGKILL)
    assert spenders.returncode == 0

    budgets = open_budgets(database)
    before = books(database)
    recovered = budgets.recover()
    sums = books(database)
    assert len(recovered) <= PROCESSES // 2, "a kill leaves one reservation at most"
    assert sum(found.reserved_usd for found in recovered) == before.open
    assert sums.open == 0 and sums.reserved == sums.settled + sums.released
    assert before.spent + before.open == sums.spent <= LIMIT, "what was reserved counts as spent"
    assert told.total() * WORST <= sums.reserved, "nothing that was told is forgotten"
    assert budgets.recover() == ()
