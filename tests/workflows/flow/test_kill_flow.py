"""A workflow's process is killed at named places and taken up again: what ended is not repeated, no mail doubled."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clawdbot.failpoints import Failpoint
from clawdbot.store.database import sqlite_url
from clawdbot.store.ledger import RunLedger
from tests.office import Postbox, write_shop
from tests.workflows.flow.conftest import TOOLS
from tests.workflows.flow.mortal_flow import RUN

Attempt = Callable[[Path, int, str], int]


@pytest.fixture(scope="module")
def attempt(root: Path) -> Iterator[Attempt]:
    """``attempt(home, port, point)``: its exit code, -9 when it was killed."""
    command = [sys.executable, "-m", "tests.workflows.flow.mortal_flow"]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told, heard = process.stdin, process.stdout

        def make(home: Path, port: int, point: str) -> int:
            print(home, port, point, sep="\t", file=told, flush=True)
            return int(heard.readline())

        yield make
        told.close()


PLACES: list[tuple[Failpoint, tuple[int, ...]]] = [
    ("step.began", (1, 4)),
    ("step.done", (1, 5, 8)),
    ("child.begun", (1,)),
    ("checkpoint.after", (3,)),
    ("run.before_end", (2,)),
    ("effect.intent", (1,)),
    ("effect.done", (2,)),
    ("mail.accepted", (1,)),
    ("outbox.sent", (3,)),
]


@pytest.mark.parametrize(("point", "count"), [(point, n) for point, counts in PLACES for n in counts])
def test_a_killed_workflow_goes_on(
    attempt: Attempt, tmp_path: Path, mail: tuple[Postbox, int], point: Failpoint, count: int
) -> None:
    postbox, port = mail
    write_shop(tmp_path / "shop.sqlite")
    (tmp_path / "own_tools").mkdir()
    (tmp_path / "own_tools" / "calls.py").write_text(TOOLS)
    assert attempt(tmp_path, port, f"{point}:{count}") == -9
    assert attempt(tmp_path, port, "-") == 0
    ledger = RunLedger(sqlite_url(tmp_path / "clawdbot.db"))
    record, steps = ledger.get_run(RUN), ledger.workflow_steps.of_run(RUN)
    family = [RUN, *(row.child for row in steps.values() if row.child)]
    effects = [effect for run_id in family for effect in ledger.effects.of_run(run_id)]
    numbers = [step["n"] for step in ledger.steps(RUN)]
    ledger.close()
    assert record.status == "done"
    sent = Counter(str(message["Subject"]) for message in postbox.mails())
    assert set(sent.values()) <= {1}
    assert numbers == list(range(1, 9))
    calls = tmp_path / "calls.txt"
    acted = calls.read_text().splitlines() if calls.exists() else []
    assert acted.count("acted") <= 1
    if record.verdict == "verified":
        assert sent == Counter(["North", "South", "West", "Sales Q3 2026"])
        assert acted == ["acted", "['rows'] 3"]
    else:  # it was killed while an effect was under way
        assert "unknown" in [effect.state for effect in effects]
