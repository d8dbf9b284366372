"""Workers that are killed, stand still, or are told to stop: their runs go on elsewhere, and nothing happens twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clawdbot.store.ledger import RunLedger
from clawdbot.store.queue import NewRun
from tests.knowledge.loading.processes import until
from tests.office import Postbox, write_shop
from tests.workflows.hands import GOAL
from tests.workflows.standstill import freeze

LEASE_S = 0.6
on_sqlite = pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
"""For what the database makes no difference to."""

Order = Callable[[dict[str, Any]], int]


@pytest.fixture(scope="module")
def order(root: Path) -> Iterator[Order]:
    """Orders to the process that forks workers, and its answers."""
    command = [sys.executable, "-m", "tests.workflows.hands"]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        told, heard = process.stdin, process.stdout
        assert told is not None
        assert heard is not None

        def give(body: dict[str, Any]) -> int:
            print(json.dumps(body), file=told, flush=True)
            return int(heard.readline())

        yield give
        told.close()


@dataclass
class Site:
    """A home with its ledger, a run that waits for workers, and the workers' processes."""

    home: Path
    url: str
    ledger: RunLedger
    postbox: Postbox
    port: int
    order: Order
    alive: list[int] = field(default_factory=list)

    def start(self, **settings: Any) -> int:
        """A worker; returns its process once it is up."""
        worker = {"lease_s": LEASE_S, "poll_s": 0.05, "slots": 1, **settings}
        sections = {"worker": worker, "store": {"url": self.url}}
        process = self.order({"home": str(self.home), "port": self.port, "sections": sections})
        self.alive.append(process)
        until(lambda: "up" in self.told(process))
        return process

    def thinks(self, process: int) -> None:
        until((self.home / f"thinking-{process}").exists)

    def told(self, process: int) -> list[str]:
        file = self.home / f"told-{process}"
        return [json.loads(line)["kind"] for line in file.read_text().splitlines()] if file.exists() else []

    def go(self) -> None:
        """Let the models answer."""
        (self.home / "go").touch()

    def wait(self, process: int) -> int:
        self.alive.remove(process)
        return self.order({"wait": process})

    def kill(self, process: int) -> None:
        os.kill(process, signal.SIGKILL)
        assert self.wait(process) == -signal.SIGKILL

    def ended_well(self, run_id: str) -> bool:
        record = self.ledger.get_run(run_id)
        assert record.verdict in (None, "verified"), record
        return record.status == "done"


@pytest.fixture
def site(tmp_path: Path, ledger_url: str, ledger: RunLedger, mail: tuple[Postbox, int], order: Order) -> Iterator[Site]:
    write_shop(tmp_path / "shop.sqlite")
    site = Site(home=tmp_path, url=ledger_url, ledger=ledger, postbox=mail[0], port=mail[1], order=order)
    yield site
    for process in list(site.alive):
        os.kill(process, signal.SIGCONT)
        site.kill(process)


def accepted(site: Site) -> str:
    return site.ledger.queue.accept(NewRun(goal=GOAL, language="en", user="tester"))


def check_once(site: Site, run_id: str) -> None:
    """One mail, steps and events without gaps, and no event of an earlier owner after one of a later."""
    assert len(site.postbox.mails()) == 1
    assert [step["n"] for step in site.ledger.steps(run_id)] == [1, 2, 3]
    events = site.ledger.events.read(run_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    tokens = [event.token for event in events]
    assert tokens == sorted(tokens)
    assert [effect.state for effect in site.ledger.effects.of_run(run_id)] == ["done"]


def test_the_run_of_a_killed_worker_goes_on_in_another(site: Site) -> None:
    first = site.start()
    run_id = accepted(site)
    site.thinks(first)
    site.kill(first)
    site.go()
    second = site.start()
    until(lambda: site.ended_well(run_id))
    check_once(site, run_id)
    assert site.ledger.get_run(run_id).token == 2
    rows = {row.process: row for row in site.ledger.workers.all()}
    assert not rows[first].alive(0.0)
    assert rows[second].state == "active"


def test_a_worker_that_stood_still_past_its_lease_changes_nothing_when_it_wakes(site: Site) -> None:
    first = site.start()
    run_id = accepted(site)
    site.thinks(first)
    freeze(first, site.url)
    second = site.start()
    site.thinks(second)
    site.go()
    os.kill(first, signal.SIGCONT)
    until(lambda: "lost" in site.told(first))
    until(lambda: site.ended_well(run_id))
    check_once(site, run_id)
    assert "ended" not in site.told(first)
    for process in (first, second):
        os.kill(process, signal.SIGTERM)
        assert site.wait(process) == 0


def test_a_drained_worker_puts_its_run_back_and_another_ends_it(site: Site) -> None:
    first = site.start(drain_s=0)
    run_id = accepted(site)
    site.thinks(first)
    os.kill(first, signal.SIGTERM)
    assert site.wait(first) == 0
    record = site.ledger.get_run(run_id)
    assert (record.status, record.owner, record.lease_until) == ("queued", "", None)
    assert site.ledger.duties.holders() == {}
    assert [row.state for row in site.ledger.workers.all()] == ["ended"]
    site.go()
    site.start()
    until(lambda: site.ended_well(run_id))
    check_once(site, run_id)


@on_sqlite
def test_a_drained_worker_lets_its_run_end_when_there_is_time(site: Site) -> None:
    first = site.start(drain_s=60)
    run_id = accepted(site)
    site.thinks(first)
    os.kill(first, signal.SIGTERM)
    until(lambda: "draining" in site.told(first))
    site.go()
    assert site.wait(first) == 0
    assert site.ended_well(run_id)
    check_once(site, run_id)


@on_sqlite
def test_a_second_signal_ends_a_worker_at_once(site: Site) -> None:
    first = site.start(drain_s=60)
    run_id = accepted(site)
    site.thinks(first)
    os.kill(first, signal.SIGTERM)
    until(lambda: "draining" in site.told(first))
    os.kill(first, signal.SIGTERM)
    assert site.wait(first) == 128 + signal.SIGTERM
    assert site.ledger.get_run(run_id).status == "running"
    site.go()
    site.start()
    until(lambda: site.ended_well(run_id))
    check_once(site, run_id)
