"""The tables that ``make bench-tasks`` prints."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.figures import percentile, table
from benchmarks.office_tasks.match import Match

_HEAD = ("system", "right", "said done", "false claims", "median s", "p95 s", "tokens in", "tokens out")


def by_system(matches: Sequence[Match]) -> str:
    """One row for each system; tokens are means of a task."""
    rows = []
    for name in dict.fromkeys(m.player for m in matches):
        own = [m for m in matches if m.player == name]
        seconds = [m.seconds for m in own]
        rows.append(
            (
                name,
                f"{sum(m.right for m in own)} of {len(own)}",
                str(sum(m.claimed for m in own)),
                str(sum(m.false_claim for m in own)),
                f"{percentile(seconds, 0.5):.0f}",
                f"{percentile(seconds, 0.95):.0f}",
                f"{sum(m.prompt_tokens for m in own) / len(own):.0f}",
                f"{sum(m.completion_tokens for m in own) / len(own):.0f}",
            )
        )
    return table(_HEAD, rows)


def by_task(matches: Sequence[Match]) -> str:
    """One row for each task, one column for each system."""
    systems = list(dict.fromkeys(m.player for m in matches))
    found = {(m.task, m.player): m for m in matches}
    rows = [
        (task, *(_cell(found[task, s]) if (task, s) in found else "" for s in systems))
        for task in dict.fromkeys(m.task for m in matches)
    ]
    return table(("task", *systems), rows)


def line(match: Match) -> str:
    """A match as it ends."""
    told = f"  {'; '.join(match.wrong)} · {match.verdict} · {match.answer[:200]!r}" if match.wrong else ""
    return f"{match.task:20} {match.player:12} {_cell(match)}{told}"


def _cell(match: Match) -> str:
    word = "right" if match.right else "FALSE CLAIM" if match.false_claim else "wrong"
    return f"{word}, {match.seconds:.0f} s"
