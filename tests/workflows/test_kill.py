"""A run is killed at random moments and taken up again: it ends, and its mail is sent once or reported unknown."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clawdbot.store.database import sqlite_url
from clawdbot.store.ledger import RunLedger, RunRecord
from tests.office import Postbox, write_shop

EVENTS = 10
"""run, brief, (thinking, step) three times, verify, end."""
TIMERS = 10

Attempt = Callable[..., int]


@pytest.fixture(scope="module")
def attempt(root: Path) -> Iterator[Attempt]:
    """``attempt(home, port, event=, seconds=, limit=)``: its exit code, -9 when it was killed."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.workflows.mortal"],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told, heard = process.stdin, process.stdout

        def make(home: Path, port: int, *, event: int = -1, seconds: float = -1, limit: int = -1) -> int:
            print(home, port, event, seconds, limit, sep="\t", file=told, flush=True)
            return int(heard.readline())

        yield make
        told.close()


def check_end(home: Path, postbox: Postbox) -> RunRecord:
    """The one run is done; its mail was sent once, or nobody can know and that is said."""
    ledger = RunLedger(sqlite_url(home / "clawdbot.db"))
    (record,) = ledger.list_runs()
    effects = ledger.effects.of_run(record.id)
    ledger.close()
    assert record.status == "done"
    assert record.result is not None
    assert len(postbox.mails()) <= 1
    if record.verdict == "verified":
        assert len(postbox.mails()) == 1
    else:
        assert record.verdict == "partial"
        assert "unknown" in "".join(record.result["missing"])
        assert [e.state for e in effects] == ["unknown"]
    numbers = [s["n"] for s in record.result["steps"]]
    assert numbers == list(range(1, len(numbers) + 1))
    return record


@pytest.mark.parametrize("event", range(EVENTS))
def test_killed_at_each_event_the_run_ends_as_if_nothing_had_been(
    attempt: Attempt, tmp_path: Path, mail: tuple[Postbox, int], event: int
) -> None:
    postbox, port = mail
    write_shop(tmp_path / "shop.sqlite")
    assert attempt(tmp_path, port, event=event) == -signal.SIGKILL
    if event < EVENTS - 1:
        assert attempt(tmp_path, port) == 0
    assert check_end(tmp_path, postbox).verdict == "verified", "no event lies within an effect"


@pytest.mark.parametrize("seed", range(TIMERS))
def test_killed_at_any_moment_no_mail_is_sent_twice(
    attempt: Attempt, tmp_path: Path, mail: tuple[Postbox, int], seed: int
) -> None:
    postbox, port = mail
    write_shop(tmp_path / "shop.sqlite")
    chance = random.Random(seed)
    for _ in range(3):
        if attempt(tmp_path, port, seconds=chance.uniform(0.0, 0.4)) == 0:
            break
    else:
        assert attempt(tmp_path, port) == 0
    check_end(tmp_path, postbox)


@pytest.mark.parametrize("limit", [0, 20_000, 60_000, 100_000, 140_000, 180_000])
def test_on_a_full_disk_a_run_stops_with_a_sentence_and_goes_on_when_there_is_room(
    attempt: Attempt, tmp_path: Path, mail: tuple[Postbox, int], limit: int
) -> None:
    postbox, port = mail
    write_shop(tmp_path / "shop.sqlite")
    code = attempt(tmp_path, port, limit=limit)
    assert code == 2, "an error in words, no traceback"
    assert attempt(tmp_path, port) == 0
    check_end(tmp_path, postbox)
