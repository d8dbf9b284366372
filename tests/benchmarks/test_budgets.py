"""The measuring of budgets in small: a few runs on one day's budget, killed now and then, whose books add up."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from benchmarks.budgets.world import World, read


def test_a_crowd_keeps_to_the_budget(root: Path) -> None:
    # A process of its own: it forks, which a process with threads should not.
    small = ("--runs", "3", "--calls", "12", "--kills", "2", "--limit", "0.1", "--history", "50", "--call-s", "0.02")
    command = [sys.executable, "-m", "benchmarks.budgets", *small]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 0, done.stderr
    out = done.stdout
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in out.splitlines() if line.startswith("| ")]
    names = [row[0] for row in rows[1:]]
    assert names == ["reserve, settle", "check, then add", "one run, 0 earlier calls", "one run, 50 earlier calls"]
    ours = rows[1]
    assert Decimal(ours[2]) <= Decimal(ours[4]) <= Decimal("0.1") and ours[3] == "0.0000" and ours[7] == "2"
    assert "reserved = settled + released: True" in out


def test_the_world_remembers_what_was_told(tmp_path: Path) -> None:
    file = tmp_path / "world.txt"
    world = World(file)
    world.tell("billed", Decimal("0.25"))
    world.tell("refused")
    with world.timed("reserve"):
        pass
    found = read(file)
    assert (found.billed, found.calls, found.refused, len(found.reserve_ms)) == (Decimal("0.25"), 1, 1, 1)
