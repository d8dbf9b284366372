"""``python -m benchmarks.workers``: throughput by number of workers, and takeover of a dead or stopped one's runs."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import percentile, table
from benchmarks.machine import as_lines, describe
from benchmarks.stores import STORES, opened
from benchmarks.workers import rate, takeover
from clawdbot.errors import ClawdbotError

_PACKAGES = ("clawdbot", "langgraph", "sqlalchemy", "psycopg")
_MOST_LEASES = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all runs ended well and none waited longer than three leases for another worker, 1 when not, 2 when it
    could not be measured."""
    chosen = _arguments(arguments)
    print(as_lines(describe(_PACKAGES)) + "\n", flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix="workers-") as name:
            rates = [_rate(chosen, Path(name) / f"rate-{workers}", workers) for workers in chosen.workers]
            if rates:
                print(_rates(rates, chosen) + "\n", flush=True)
            if not chosen.times:
                return 0 if all(found.verified == found.runs for found in rates) else 1
            found = _takeovers(chosen, Path(name) / "takeover")
    except ClawdbotError as error:
        print(error, file=sys.stderr)
        return 2
    print(_takeover_table(found))
    for violation in found.violations:
        print(f"VIOLATION of {violation.rule!r}, run {violation.run_id or '-'}: {violation.said}")
    if found.strange:
        print(f"STRANGE {found.strange}")
    slowest = max((*found.killed_s, *found.stopped_s), default=0.0)
    well = slowest <= _MOST_LEASES * found.lease_s and not found.violations and not found.strange
    return 0 if well and all(each.verified == each.runs for each in rates) else 1


def _rate(chosen: argparse.Namespace, folder: Path, workers: int) -> rate.Rate:
    folder.mkdir()
    with opened(chosen.store, folder) as url:
        return rate.measure(
            folder / "office", url, count=chosen.runs, workers=workers, slots=chosen.slots, model_s=chosen.model_s,
            limit_s=chosen.seconds,
        )  # fmt: skip


def _takeovers(chosen: argparse.Namespace, folder: Path) -> takeover.Takeovers:
    folder.mkdir()
    with opened(chosen.store, folder) as url:
        return takeover.measure(
            folder / "office", url, times=chosen.times, lease_s=chosen.lease_s, model_s=chosen.lease_s / 2
        )


def _rates(rates: Sequence[rate.Rate], chosen: argparse.Namespace) -> str:
    head = ("workers", "slots", "runs", "verified", "seconds", "runs/s", "times one", "in queue p50, s", "p95, s")
    rows = [
        (
            str(found.workers),
            str(found.slots),
            f"{found.runs:,}",
            f"{found.verified:,}",
            f"{found.seconds:.1f}",
            f"{found.per_second:.2f}",
            f"{found.per_second / rates[0].per_second * rates[0].workers:.2f}",
            f"{percentile(found.queued_s, 0.5):.1f}",
            f"{percentile(found.queued_s, 0.95):.1f}",
        )
        for found in rates
    ]
    asked = rates[0].calls / rates[0].runs
    return (
        f"{chosen.store}, all runs in the queue at the start; each asks the model {asked:.0f} times,"
        f" {chosen.model_s * 1000:.0f} ms each\n\n{table(head, rows)}"
    )


def _takeover_table(found: takeover.Takeovers) -> str:
    head = ("a worker is", "runs taken over", "p50, s", "slowest, s", "in leases")
    rows = [
        (
            name,
            str(len(seconds)),
            f"{percentile(seconds, 0.5):.2f}",
            f"{max(seconds, default=0.0):.2f}",
            f"{max(seconds, default=0.0) / found.lease_s:.2f}",
        )
        for name, seconds in (("killed", found.killed_s), ("stopped", found.stopped_s))
    ]
    return (
        f"leases of {found.lease_s:g} s; a stopped worker goes on when its runs are another's\n\n"
        f"{table(head, rows)}\n\n"
        f"mails accepted {found.mails}, violations {len(found.violations)}"
    )


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workers", description=__doc__)
    parser.add_argument("--store", choices=STORES, default="postgresql")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4, 8], metavar="N")
    parser.add_argument("--slots", type=int, default=2, help="runs at once in one worker")
    parser.add_argument("--model-s", type=float, default=0.2, help="time of one answer, seconds")
    parser.add_argument("--seconds", type=float, default=1800.0, help="limit for each row")
    parser.add_argument("--times", type=int, default=5, help="workers killed, and stopped; 0 leaves that out")
    parser.add_argument("--lease-s", type=float, default=2.0, help="a worker's lease while they are killed, seconds")
    return parser.parse_args(given)


if __name__ == "__main__":
    raise SystemExit(main())
