"""The measuring of workers in small: a few runs by one and by two, one worker killed and one stopped."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from benchmarks.workers.rate import Rate


def test_it_measures_and_prints(root: Path) -> None:
    # A process of its own: it keeps threads, and its workers are forked from one that has none.
    small = ("--store", "sqlite", "--runs", "4", "--workers", "2", "--times", "1", "--lease-s", "0.6")
    command = [sys.executable, "-m", "benchmarks.workers", *small, "--model-s", "0.05"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    said = done.stdout
    assert done.returncode in (0, 1), done.stderr  # 1: a takeover took longer than a quiet machine takes
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in said.splitlines() if line.startswith("| ")
    ]
    assert [row[:4] for row in rows if row[0] == "2"] == [["2", "2", "4", "4"]]
    assert {row[0]: row[1] for row in rows if row[0] in ("killed", "stopped")} == {"killed": "2", "stopped": "2"}
    assert re.search(r"mails accepted \d+, violations 0", said) and "STRANGE" not in said


def test_a_rate_is_runs_in_a_second() -> None:
    found = Rate(workers=2, slots=1, runs=10, verified=10, seconds=4.0, calls=20, queued_s=(1.0,))
    assert found.per_second == 2.5
