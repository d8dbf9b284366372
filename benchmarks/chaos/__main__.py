"""``python -m benchmarks.chaos``: workers killed at every named place and at random; what must hold is then checked."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.chaos.calm import calm_down
from benchmarks.chaos.checks import history, violations
from benchmarks.chaos.crew import Clerk, Crew, open_crew
from benchmarks.chaos.facts import Facts, Violation
from benchmarks.chaos.points import Hit, hit_all
from benchmarks.chaos.storm import Storm, Weather
from benchmarks.chaos.summary import told
from benchmarks.chaos.watch import Witness
from benchmarks.machine import as_lines, describe
from benchmarks.stores import STORES, opened
from clawdbot.errors import ClawdbotError
from clawdbot.failpoints import FAILPOINTS

_PACKAGES = ("clawdbot", "langgraph", "sqlalchemy", "psycopg")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every place was hit and everything held, 1 when not, 2 when it could not be tried."""
    chosen = _arguments(arguments)
    print(as_lines(describe(_PACKAGES)) + "\n", flush=True)
    logging.getLogger("stamina").setLevel(logging.ERROR)
    try:
        with tempfile.TemporaryDirectory(prefix="chaos-") as name, opened(chosen.store, Path(name)) as url:
            return _weathered(chosen, url, chosen.keep or Path(name) / "office")
    except ClawdbotError as error:
        print(error, file=sys.stderr)
        return 2


def _weathered(chosen: argparse.Namespace, url: str, folder: Path) -> int:
    begun = time.monotonic()
    options = {"manner": chosen.start, "lease_s": chosen.lease_s, "rough": chosen.rough, "seed": chosen.seed}
    with open_crew(folder, url, **options) as crew, Witness(crew.ledger.database) as witness:
        print(f"ready after {time.monotonic() - begun:.1f} s\n", flush=True)
        crew.schedule(on=True)
        hits = _hits(crew, chosen.points, stops=chosen.stops == "all")
        weather = Weather(
            kills=chosen.kills, workers=chosen.workers, backlog=4 * chosen.workers, seconds=chosen.seconds,
            seed=chosen.seed,
        )  # fmt: skip
        storm = Storm(crew, weather)
        clerk = Clerk(crew, clumsy=chosen.clumsy, seed=chosen.seed)
        with clerk.at_work():
            storm.blow()
            crew.schedule(on=False)
            calm = calm_down(crew, seconds=chosen.calm_s)
        facts = crew.facts(witness)
        found = violations(facts)
        strange = [*storm.strange, *clerk.strange, *([calm.strange] if calm.strange else [])]
        print(told(facts, store=chosen.store, hits=hits, storm=storm, calm=calm, seconds=time.monotonic() - begun))
    for said in strange:
        print(f"\nSTRANGE {said}")
    _complain(facts, found)
    missed = [hit for hit in hits if not hit.hit]
    short = storm.kills < chosen.kills
    print(f"\nviolations: {len(found)}, places not hit: {len(missed)}, kills short: {short}, strange: {len(strange)}")
    return 1 if found or missed or short or strange else 0


def _hits(crew: Crew, points: str, *, stops: bool) -> list[Hit]:
    hits = []
    wanted = [point for point in FAILPOINTS if points == "all" or point in points.split(",")]
    for hit in hit_all(crew, wanted, stops=stops):
        hits.append(hit)
        print(f"{hit.point:24} {hit.how:8} {'hit' if hit.hit else 'NOT HIT'} {hit.seconds:5.1f} s", flush=True)
    return hits


def _complain(facts: Facts, found: Sequence[Violation]) -> None:
    for violation in found:
        print(f"\nVIOLATION of {violation.rule!r}, run {violation.run_id or '-'}: {violation.said}")
    for run_id in dict.fromkeys(violation.run_id for violation in found if violation.run_id):
        print(f"\nRun {run_id}:")
        for name, lines in history(facts, run_id).items():
            print("".join(f"  {name}: {line}\n" for line in lines), end="")


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--store", choices=STORES, default="sqlite")
    parser.add_argument("--points", default="all", metavar="all|none|NAME,...", help="named places to kill at")
    parser.add_argument("--stops", choices=("all", "none"), default="all", help="also stop workers past their lease")
    parser.add_argument("--kills", type=int, default=500, help="workers killed at random")
    parser.add_argument("--workers", type=int, default=2, help="workers at once")
    parser.add_argument("--seconds", type=float, default=1200.0, help="the storm ends after so long in any case")
    parser.add_argument("--calm-s", type=float, default=300.0, help="by then everything must have ended after it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lease-s", type=float, default=1.0, help="a worker's lease, seconds")
    parser.add_argument("--rough", type=float, default=0.04, help="share of mails whose reply is refused or cut off")
    parser.add_argument("--clumsy", type=float, default=0.2, help="share of people's answers that are killed")
    parser.add_argument("--start", choices=("fork", "exec"), default="fork", help="how processes are started")
    parser.add_argument("--keep", type=Path, default=None, metavar="FOLDER", help="leave the office and its logs there")
    return parser.parse_args(given)


if __name__ == "__main__":
    raise SystemExit(main())
