"""The storm in small: a process is killed at every named place once, then a few at random, and everything holds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from clawdbot.failpoints import FAILPOINTS

_SMALL = ("--stops", "none", "--kills", "6", "--lease-s", "0.6", "--calm-s", "120", "--seconds", "60")


def test_everything_survives_a_small_storm(root: Path, tmp_path: Path) -> None:
    # A process of its own: it keeps threads, and its workers are forked from one that has none.
    command = [sys.executable, "-m", "benchmarks.chaos", *_SMALL, "--keep", str(tmp_path / "office")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    hit = set(re.findall(r"^(\S+) +killed +hit", done.stdout, re.MULTILINE))
    assert hit == set(FAILPOINTS)
    killed = re.search(r"(\d+) workers killed at random", done.stdout)
    assert killed is not None and int(killed.group(1)) >= 6
    assert "violations: 0, places not hit: 0, kills short: False, strange: 0" in done.stdout
