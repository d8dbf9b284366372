"""The tables and the verdict of a comparison of policies, simulated or real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.figures import percentile, table
from benchmarks.routing.intervals import Interval, difference, saved
from benchmarks.routing.play import Outcome

CHEAP = "always cheap"
STRONG = "always strong"
ORACLE = "oracle"
WORST_SUCCESS = -0.02
LEAST_SAVED = 0.60
LEAST_LOCAL = 0.80
_HEAD = (
    "policy", "success", "against strong", "unnoticed wrong", "calls strong", "steps local", "USD / 1,000 tasks",
    "saved", "p95 s", "regret, USD / 1,000",
)  # fmt: skip

Played = Mapping[str, Sequence[Outcome]]
"""Outcomes by policy, all of the same tasks in the same order."""


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What is counted besides money, US dollars: a second of waiting, and a task that fails."""

    second_usd: float
    failure_usd: float

    def loss(self, outcome: Outcome) -> float:
        """Everything that a task cost."""
        return outcome.usd + self.second_usd * outcome.seconds + self.failure_usd * (not outcome.right)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A policy's figures; shares from 0 to 1, money in US dollars a task."""

    success: float
    against_strong: Interval
    unnoticed: float
    strong_calls: float
    local_steps: float
    usd: float
    saved: Interval
    p95_s: float
    regret: Interval


def figures(played: Played, policy: str, *, cloud: frozenset[str], worth: Worth) -> Figures:
    """The figures of one policy; ``cloud`` are the priced models' names."""
    own = played[policy]
    right, usd = [float(o.right) for o in own], [o.usd for o in own]
    calls = sum(o.calls.total() for o in own)
    losses = {name: [worth.loss(o) for o in played[name]] for name in (policy, ORACLE)}
    return Figures(
        success=sum(right) / len(own),
        against_strong=difference(right, [float(o.right) for o in played[STRONG]]),
        unnoticed=sum(o.unnoticed for o in own) / len(own),
        strong_calls=sum(o.calls[name] for o in own for name in cloud) / max(1, calls),
        local_steps=sum(o.local_steps for o in own) / max(1, sum(o.steps for o in own)),
        usd=sum(usd) / len(own),
        saved=saved(usd, [o.usd for o in played[STRONG]]),
        p95_s=percentile([o.seconds for o in own], 0.95),
        regret=difference(losses[policy], losses[ORACLE]),
    )


def comparison(found: Mapping[str, Figures]) -> str:
    """One row for each policy."""
    return table(_HEAD, [_row(name, f) for name, f in found.items()])


def noticed_share(outcomes: Sequence[Outcome]) -> float:
    """Of all wrong answers, the share that a check noticed."""
    return sum(o.noticed for o in outcomes) / max(1, sum(o.wrong for o in outcomes))


def verdict(name: str, found: Figures) -> str:
    """The goals in one line: reached or missed, with the figure that decides."""
    checks = (
        (found.against_strong.low >= WORST_SUCCESS, f"success {found.against_strong.low:+.1%} at worst"),
        (found.saved.value >= LEAST_SAVED, f"saved {found.saved.value:.0%}"),
        (found.local_steps >= LEAST_LOCAL, f"local {found.local_steps:.0%}"),
        (found.saved.value >= 0, "not dearer than always strong" if found.saved.value >= 0 else "DEARER"),
    )
    return f"{name}: " + ", ".join(f"{told} ({'reached' if ok else 'MISSED'})" for ok, told in checks)


def _row(name: str, f: Figures) -> tuple[str, ...]:
    return (
        name,
        f"{f.success:.1%}",
        _interval(f.against_strong, 100, "+.1f", "pt"),
        f"{f.unnoticed:.1%}",
        f"{f.strong_calls:.0%}",
        f"{f.local_steps:.0%}",
        f"{1000 * f.usd:.2f}",
        _interval(f.saved, 100, ".0f", "%"),
        f"{f.p95_s:.0f}",
        _interval(f.regret, 1000, ".1f", ""),
    )


def _interval(found: Interval, scale: float, form: str, unit: str) -> str:
    low, high = format(scale * found.low, form), format(scale * found.high, form)
    return f"{format(scale * found.value, form)} {unit} [{low}, {high}]".replace("  ", " ")
