"""A run of a process that dies or stands still goes on in another, on both stores, and nothing happens twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from clawdbot.errors import UsageError
from clawdbot.store.queue import Claimed
from tests.office import Office, Postbox, office_config, open_office, write_shop
from tests.workflows.elsewhere import LEASE_S
from tests.workflows.mortal import TOOLS, by_offer
from tests.workflows.standstill import freeze

EVENTS = 10
"""run, brief, (thinking, step) three times, verify, end."""


class Elsewhere:
    """The other process; see ``elsewhere.py``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._told, self._heard = process.stdin, process.stdout
        self._attempt = 0

    def begin(self, home: Path, port: int, url: str, *, event: int) -> int:
        """Start a run that pauses at that event; the process id."""
        self.say(f"{home}\t{port}\t{url}\t{event}\n")
        word, number = self._heard.readline().split()
        assert word == "at", (word, number)
        self._attempt = int(number)
        return self._attempt

    def end(self) -> None:
        """Whatever a failed test left behind."""
        with suppress(ProcessLookupError):
            if self._attempt:
                os.kill(self._attempt, signal.SIGKILL)

    def say(self, text: str) -> None:
        self._told.write(text)
        self._told.flush()

    def ended(self) -> int:
        """The exit code."""
        word, number = self._heard.readline().split()
        assert word == "ended"
        self._attempt = 0
        return int(number)


@pytest.fixture(scope="module")
def elsewhere(root: Path) -> Iterator[Elsewhere]:
    command = [sys.executable, "-m", "tests.workflows.elsewhere"]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        other = Elsewhere(process)
        yield other
        other.end()
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def here(tmp_path: Path, mail: tuple[Postbox, int], ledger_url: str) -> Iterator[Office]:
    """An office on the same ledger, in this process."""
    postbox, port = mail
    write_shop(tmp_path / "shop.sqlite")
    config = office_config(tmp_path, port=port, tools=TOOLS, store={"url": ledger_url}, worker={"lease_s": LEASE_S})
    office = open_office(config, postbox, [by_offer] * 20)
    yield office
    office.app.close()


def taken_over(office: Office) -> Claimed:
    """The run, as soon as its lease has run out."""
    until = time.monotonic() + 60
    while (claimed := office.app.ledger.queue.claim("another")) is None:
        assert time.monotonic() < until, office.app.ledger.list_runs()
        time.sleep(0.02)
    return claimed


def records(office: Office, run_id: str) -> dict[str, Any]:
    ledger = office.app.ledger
    return {
        "run": ledger.get_run(run_id), "steps": ledger.steps(run_id), "events": ledger.events.read(run_id),
        "effects": ledger.effects.of_run(run_id), "checkpoints": office.app.engine.checkpoints(run_id),
    }  # fmt: skip


@pytest.mark.parametrize("event", [0, 4, 7])
def test_the_run_of_a_killed_process_is_taken_over_when_its_lease_has_run_out(
    elsewhere: Elsewhere, here: Office, mail: tuple[Postbox, int], tmp_path: Path, ledger_url: str, event: int
) -> None:
    process = elsewhere.begin(tmp_path, mail[1], ledger_url, event=event)
    (run,) = here.app.ledger.list_runs()
    assert run.status == "running"
    assert here.app.ledger.queue.claim("another") is None, "it is alive"
    with pytest.raises(UsageError, match="is being worked on"):
        here.app.engine.resume(run.id)
    os.kill(process, signal.SIGKILL)
    assert elsewhere.ended() == -signal.SIGKILL
    result = here.app.engine.work(taken_over(here))
    assert (result.status, result.verdict, result.run_id) == ("done", "verified", run.id)
    assert len(here.postbox.mails()) == 1
    told = here.app.ledger.events.read(run.id)
    assert [one.seq for one in told] == list(range(1, len(told) + 1))
    assert [one.body["event"] for one in told].count("end") == 1
    assert [step["n"] for step in here.app.ledger.steps(run.id)] == [1, 2, 3]


@pytest.mark.parametrize("event", [1, 4, 6, 8])
def test_a_process_that_stood_still_past_its_lease_changes_nothing_more(
    elsewhere: Elsewhere, here: Office, mail: tuple[Postbox, int], tmp_path: Path, ledger_url: str, event: int
) -> None:
    process = elsewhere.begin(tmp_path, mail[1], ledger_url, event=event)
    freeze(process, ledger_url)
    claimed = taken_over(here)
    result = here.app.engine.work(claimed)
    assert (result.status, result.verdict) == ("done", "verified")
    before = records(here, result.run_id)
    elsewhere.say("\n")
    os.kill(process, signal.SIGCONT)
    assert elsewhere.ended() == 3, "it was told that the run is not its own any more"
    assert records(here, result.run_id) == before
    assert len(here.postbox.mails()) == 1
