"""Fail when too few branches of the parts that decide and act are tested.

Reads coverage's JSON report (``coverage json``, branch measurement on) and prints a line for each part.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REQUIRED = {"agents": 90.0, "tools": 90.0}
"""Top-level folder -> least percentage of branches that the tests take."""


def branch_coverage(report: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Folder -> (branches taken, branches), from coverage's JSON report; ``src/clawdbot`` counts as one folder."""
    taken: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for name, entry in report["files"].items():
        folder = Path(name).parts[0]
        taken[folder] += entry["summary"]["covered_branches"]
        total[folder] += entry["summary"]["num_branches"]
    return {folder: (taken[folder], total[folder]) for folder in sorted(total)}


def shortfalls(found: Mapping[str, tuple[int, int]]) -> list[str]:
    """A sentence for each required folder that is below its bound or was not measured at all."""
    problems = []
    for folder, bound in REQUIRED.items():
        taken, total = found.get(folder, (0, 0))
        if not total:
            problems.append(f"{folder}/ was not measured.")
        elif 100 * taken / total < bound:
            problems.append(
                f"{folder}/ has {100 * taken / total:.1f} % of its branches tested; {bound:.0f} % are needed."
            )
    return problems


def main(argv: list[str]) -> int:
    """Print the table for the report at ``argv[0]``; 1 when a bound is missed."""
    found = branch_coverage(json.loads(Path(argv[0]).read_text("utf-8")))
    print("Branches tested:")
    for folder, (taken, total) in found.items():
        percent = 100 * taken / total if total else 100.0
        print(f"  {folder + '/':12} {taken:5} of {total:5}  {percent:5.1f} %")
    problems = shortfalls(found)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
