"""The supervisor keeps so many processes alive as are wanted; small programs stand for workers here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clawdbot.errors import UsageError
from clawdbot.workflows.supervision import Supervision, WorkerProcess
from clawdbot.workflows.supervisor import Supervisor
from tests.knowledge.loading.processes import alive, until

LIVES = (
    "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit(0)); print('up', flush=True); time.sleep(90)"
)
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(90)"
FAILS = "print('no model'); exit(2)"


def supervisor(home: Path, program: str = LIVES, *, patience_s: float = 60.0) -> Supervisor:
    return Supervisor(
        Supervision(home), command=lambda label: [sys.executable, "-S", "-c", program, label], logs=home / "log",
        patience_s=patience_s,
    )  # fmt: skip


@contextmanager
def running(working: Supervisor, workers: int) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=working.run, args=(workers,), daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        working.end(at_once=True)
        thread.join(30)
        assert not thread.is_alive()


def workers(home: Path) -> dict[str, WorkerProcess]:
    state = Supervision(home).state()
    return {} if state is None else {worker.label: worker for worker in state.workers}


def up(home: Path, count: int) -> bool:
    """So many have said that they are there since the beginning."""
    return sum(log.read_text().count("up") for log in (home / "log").glob("*.log")) >= count


def test_it_starts_as_many_as_are_wanted_and_follows_when_that_changes(tmp_path: Path) -> None:
    with running(supervisor(tmp_path), 2):
        until(lambda: set(workers(tmp_path)) == {"worker-1", "worker-2"} and up(tmp_path, 2))
        first = workers(tmp_path)
        Supervision(tmp_path).want(4)
        until(lambda: len(workers(tmp_path)) == 4 and up(tmp_path, 4))
        Supervision(tmp_path).want(1)
        until(lambda: set(workers(tmp_path)) == {"worker-1"})
        assert workers(tmp_path)["worker-1"] == first["worker-1"], "the first stays as it is"
        assert not alive(first["worker-2"].process)
    assert not alive(first["worker-1"].process)
    assert workers(tmp_path) == {}


def test_a_killed_worker_is_started_again_under_its_label(tmp_path: Path) -> None:
    with running(supervisor(tmp_path), 1):
        until(lambda: up(tmp_path, 1))
        before = workers(tmp_path)["worker-1"]
        os.kill(before.process, signal.SIGKILL)
        until(lambda: up(tmp_path, 2))
        until(lambda: workers(tmp_path)["worker-1"].alive)
        after = workers(tmp_path)["worker-1"]
        assert (after.restarts, after.ending) == (1, False)
        assert after.alive
        assert not before.alive


def test_a_worker_that_fails_again_and_again_waits_ever_longer(tmp_path: Path) -> None:
    with running(supervisor(tmp_path, FAILS), 1):
        log = tmp_path / "log" / "worker-1.log"
        until(lambda: log.exists() and log.read_text().count("no model") >= 2)
        until(lambda: (failed := workers(tmp_path)["worker-1"]).restarts >= 2 and not failed.alive)  # it waits
        Supervision(tmp_path).want(0)  # and is given up meanwhile
        until(lambda: (state := Supervision(tmp_path).state()) is not None and state.wanted == 0)
        count = log.read_text().count("no model")
    assert log.read_text().count("no model") == count


def test_it_ends_when_its_workers_have(tmp_path: Path) -> None:
    working = supervisor(tmp_path)
    with running(working, 2) as thread:
        until(lambda: up(tmp_path, 2))
        processes = [worker.process for worker in workers(tmp_path).values()]
        working.end()
        thread.join(30)
        assert not thread.is_alive()
    assert not any(alive(process) for process in processes)


@pytest.mark.parametrize("at_once", [False, True])
def test_a_worker_that_does_not_end_is_killed(tmp_path: Path, at_once: bool) -> None:
    working = supervisor(tmp_path, STUBBORN, patience_s=60.0 if at_once else 0.1)
    with running(working, 1) as thread:
        until(lambda: up(tmp_path, 1))
        process = workers(tmp_path)["worker-1"].process
        working.end()
        if at_once:
            until(lambda: workers(tmp_path)["worker-1"].ending)
            assert alive(process)
            working.end(at_once=True)
        thread.join(30)
        assert not thread.is_alive()
    assert not alive(process)


def test_there_is_one_supervisor_of_a_home_and_its_lock_goes_with_it(tmp_path: Path) -> None:
    with running(supervisor(tmp_path), 1):
        until(lambda: up(tmp_path, 1))
        with pytest.raises(UsageError, match="already"):
            supervisor(tmp_path).run(3)
        assert Supervision(tmp_path).wanted() == 1, "the second one changed nothing"
    with running(supervisor(tmp_path), 1):
        until(lambda: up(tmp_path, 2))


_SUPERVISES = """
import sys
from pathlib import Path
from tests.workflows.test_supervisor import supervisor
supervisor(Path(sys.argv[1])).run(2)
"""


def test_workers_of_a_killed_supervisor_are_taken_over(tmp_path: Path, root: Path) -> None:
    command = [sys.executable, "-c", _SUPERVISES, str(tmp_path)]
    with subprocess.Popen(command, cwd=root) as killed:
        until(lambda: len(workers(tmp_path)) == 2 and up(tmp_path, 2))
        killed.kill()
    before = workers(tmp_path)
    state = Supervision(tmp_path).state()
    assert state is not None
    assert not state.alive
    assert all(worker.alive for worker in before.values())
    with running(supervisor(tmp_path), 2):
        until(lambda: (now := Supervision(tmp_path).state()) is not None and now.alive)
        until(lambda: len(workers(tmp_path)) == 2)
        assert workers(tmp_path) == before, "no third one, no new ones"
        os.kill(before["worker-2"].process, signal.SIGKILL)
        until(lambda: (again := workers(tmp_path)["worker-2"]).alive and again.restarts == 1)
        assert workers(tmp_path)["worker-1"] == before["worker-1"]
    assert not any(worker.alive for worker in before.values())


def test_a_long_log_is_put_aside_when_its_worker_starts(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "worker-1.log").write_bytes(b"x" * 5_000_001)
    with running(supervisor(tmp_path), 1):
        until(lambda: up(tmp_path, 1))
    assert (tmp_path / "log" / "worker-1.log").read_text() == "up\n"
    assert (tmp_path / "log" / "worker-1.log.1").stat().st_size == 5_000_001
