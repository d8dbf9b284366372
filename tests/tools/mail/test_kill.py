"""A process is killed, or stands still, at every transition of a mail: it is sent at most once, else that is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clawdbot.store.ledger import RunLedger
from clawdbot.store.queue import NewRun
from tests.tools.mail.mortal import LEASE_S, RUN, send, take

QUIETLY = ("effect.intent", "outbox.queued")
"""Nothing has left yet: the second try sends the same mail."""
IN_DOUBT = {"outbox.sending": 0, "mail.accepted": 1}
"""Whether it was sent cannot be known from here; how many mails the server has."""
SENT = ("outbox.sent", "effect.done")


@dataclass(kw_only=True)
class Mortals:
    """The process that forks one attempt after the other."""

    process: subprocess.Popen[str]

    @contextmanager
    def attempt(self, url: str, home: Path, port: int, place: str = "-") -> Iterator[int]:
        """Begin an attempt; its process id."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(url, home, port, place, sep="\t", file=self.process.stdin, flush=True)
        child = int(self.process.stdout.readline())
        try:
            yield child
        except BaseException:
            os.kill(child, signal.SIGKILL)  # one that stands still would never end
            raise

    def end(self) -> int:
        """Its exit code, once it is over."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def run(self, url: str, home: Path, port: int, place: str = "-") -> int:
        """One attempt from beginning to end; its exit code."""
        with self.attempt(url, home, port, place):
            return self.end()


@pytest.fixture(scope="module")
def mortals(root: Path) -> Iterator[Mortals]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.tools.mail.mortal"],
        cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield Mortals(process=process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[RunLedger]:
    """The ledger with the run in its queue; its leases last a moment."""
    with closing(RunLedger(ledger_url, lease_s=LEASE_S)) as opened:
        opened.queue.accept(NewRun(id=RUN, goal="g", language="zh", user="tester"))
        yield opened


def states(ledger: RunLedger) -> tuple[str, str | None]:
    """Of the effect and of the mail."""
    (effect,) = ledger.effects.of_run(RUN)
    mail = ledger.outbox.get(effect.key)
    return effect.state, mail.state if mail else None


@pytest.mark.parametrize("place", [*QUIETLY, *IN_DOUBT, *SENT])
def test_killed_at_each_transition_a_mail_is_sent_once_or_reported_unknown(
    mortals: Mortals, ledger: RunLedger, ledger_url: str, tmp_path: Path, start_server: Any, place: str
) -> None:
    server = start_server()
    port, accepted = server.settings.port, server.behaviour.accepted
    assert mortals.run(ledger_url, tmp_path, port, place) == -signal.SIGKILL
    assert len(accepted) == (1 if place in SENT else IN_DOUBT.get(place, 0))
    before = ledger.outbox.of_run(RUN)
    second = mortals.run(ledger_url, tmp_path, port)
    (entry,) = ledger.outbox.of_run(RUN)
    if place in IN_DOUBT:
        assert second == 3 and states(ledger) == ("unknown", "unknown")
        assert len(accepted) == IN_DOUBT[place], "it is never sent again by itself"
    else:
        assert second == 0 and states(ledger) == ("done", "sent")
        assert len(accepted) == 1
        assert server.behaviour.message()["Message-ID"] == entry.message_id
        assert [one.created_at for one in before] in ([], [entry.created_at]), "what was kept is what is sent"
        assert accepted[0].original_content == ledger.outbox.content(entry.key)
        (effect,) = ledger.effects.of_run(RUN)
        assert effect.receipt is not None and effect.receipt["to"] == ["finance@example.com"]


@pytest.mark.parametrize("place", QUIETLY)
def test_who_stood_still_past_its_lease_sends_nothing(
    mortals: Mortals, ledger: RunLedger, ledger_url: str, tmp_path: Path, start_server: Any, place: str
) -> None:
    server = start_server()
    port = server.settings.port
    with mortals.attempt(ledger_url, tmp_path, port, f"{place}:1:STOP") as zombie:
        _await_stop(zombie)
        assert send(ledger, take(ledger), tmp_path, port).ok
        os.kill(zombie, signal.SIGCONT)
        assert mortals.end() == 4
    assert len(server.behaviour.accepted) == 1 and states(ledger) == ("done", "sent")


def test_who_stood_still_after_the_last_check_tells_what_became_of_it(
    mortals: Mortals, ledger: RunLedger, ledger_url: str, tmp_path: Path, start_server: Any
) -> None:
    server = start_server()
    port = server.settings.port
    with mortals.attempt(ledger_url, tmp_path, port, "outbox.sending:1:STOP") as zombie:
        _await_stop(zombie)
        assert not send(ledger, take(ledger), tmp_path, port).ok
        assert states(ledger) == ("unknown", "unknown") and server.behaviour.accepted == []
        os.kill(zombie, signal.SIGCONT)
        assert mortals.end() == 0
    assert len(server.behaviour.accepted) == 1, "the new owner of the run did not send it too"
    assert states(ledger) == ("done", "sent"), "and nobody has to look for it"


def _await_stop(process: int) -> None:
    until = time.monotonic() + 30
    while Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < until
        time.sleep(0.01)
