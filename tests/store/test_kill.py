"""A process that does effects is killed at a random moment; no effect is ever done twice or forgotten."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from clawdbot.store.database import sqlite_url
from clawdbot.store.ledger import RunLedger

EFFECTS = 200
KILLS = 3

# The effect is a line in a file.  It is done only when the ledger says that it is ours.
_WORKER = f"""
import os, sys
from clawdbot.store.ledger import RunLedger
ledger = RunLedger(sys.argv[1])
world = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
for n in range({EFFECTS}):
    found = ledger.effects.begin(key=f"k{{n}}", run_id="run", step=n, tool="post", effect="external")
    if found is not None:
        continue
    os.write(world, f"k{{n}}\\n".encode())
    ledger.effects.done(f"k{{n}}", {{"line": n}})
    print(n, flush=True)
print("end", flush=True)
"""


def test_each_effect_happens_once_whenever_the_process_is_killed(tmp_path: Path) -> None:
    url, world = sqlite_url(tmp_path / "clawdbot.db"), tmp_path / "world.txt"
    ledger = RunLedger(url)
    ledger.create_run(goal="g", language="en", run_id="run")
    chance = random.Random(7)
    for _ in range(KILLS):
        _work(url, world, kill_after=chance.randint(1, EFFECTS // KILLS // 2), pause_s=chance.uniform(0.0, 0.003))
    assert _work(url, world) == "end"

    done_in_the_world = Counter(world.read_text().split())
    assert set(done_in_the_world.values()) == {1}, "nothing was done twice"
    states = {effect.key: effect.state for effect in ledger.effects.of_run("run")}
    assert set(states) == {f"k{n}" for n in range(EFFECTS)}
    in_doubt = {key for key, state in states.items() if state == "intent"}
    assert set(states.values()) <= {"done", "intent"}
    assert len(in_doubt) <= KILLS, "a kill leaves at most one in doubt"
    assert set(states) - in_doubt <= set(done_in_the_world)
    ledger.close()


def _work(url: str, world: Path, *, kill_after: int | None = None, pause_s: float = 0.0) -> str:
    """The last thing that a worker said; it is killed while it does the effect after ``kill_after`` others."""
    with subprocess.Popen(
        [sys.executable, "-c", _WORKER, url, str(world)], stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        said = ""
        for count, line in enumerate(worker.stdout, start=1):
            said = line.strip()
            if count == kill_after:
                time.sleep(pause_s)  # not to wait for something: to be killed at any place of the loop
                worker.kill()
    assert worker.returncode == (0 if kill_after is None else -signal.SIGKILL)
    return said
