"""What the storm was, and what came of it, in tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from benchmarks.chaos.calm import Calm
from benchmarks.chaos.facts import Facts
from benchmarks.chaos.points import Hit
from benchmarks.chaos.storm import Storm
from benchmarks.figures import table
from benchmarks.stores import Store


def told(facts: Facts, *, store: Store, hits: Sequence[Hit], storm: Storm, calm: Calm, seconds: float) -> str:
    """The tables as text."""
    fates = ", ".join(f"{count} {fate}" for fate, count in sorted(storm.fates.items()))
    places = len({hit.point for hit in hits if hit.hit})
    head = (
        f"\n{store}: {places} of {len({hit.point for hit in hits})} places hit; {storm.kills} workers killed at random"
        f" ({fates}); quiet {calm.seconds:.1f} s after the storm, {seconds:.0f} s in all\n"
    )
    return "\n".join((head, _states(facts), "", _sums(facts)))


def _states(facts: Facts) -> str:
    rows = []
    for name, column in (
        ("runs", "status"), ("runs", "verdict"), ("effects", "state"), ("outbox", "state"), ("approvals", "decision"),
        ("workflow_steps", "state"), ("firings", "outcome"), ("notices", "state"), ("reservations", "state"),
    ):  # fmt: skip
        counts = Counter(str(row[column]) for row in facts.rows[name])
        said = ", ".join(f"{count} {value}" for value, count in sorted(counts.items()))
        rows.append((name, column, str(sum(counts.values())), said))
    return table(("of the ledger", "by", "rows", "of each"), rows)


def _sums(facts: Facts) -> str:
    spent = sum((Decimal(row["spent_usd"] or 0) for row in facts.rows["reservations"]), Decimal(0))
    assumed = sum(row["assumed"] for row in facts.rows["reservations"])
    taken = max((row["token"] for row in facts.rows["runs"]), default=0)
    again = sum(row["token"] > 1 for row in facts.rows["runs"])
    return (
        f"mails accepted {len(facts.mails)}; steps {len(facts.rows['steps'])}; events {len(facts.rows['events'])}; "
        f"runs taken more than once {again}, at most {taken} times\n"
        f"billed {facts.billed:f} USD, counted {spent:f} USD ({assumed} reservations of killed workers at their most)"
    )
