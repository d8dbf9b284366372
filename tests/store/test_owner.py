"""A process is told apart from everything that may later bear its number."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawdbot.store import owner
from clawdbot.store.owner import has_ended, this_process


@pytest.fixture(params=["proc", "ps"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """With /proc, and without it as on macOS."""
    if request.param == "ps":
        if shutil.which("ps") is None:
            pytest.skip("ps is not on this machine")
        monkeypatch.setattr(owner, "_PROCESSES", tmp_path)
        monkeypatch.setattr(owner, "_BOOT", tmp_path / "boot_id")
    elif not Path("/proc/self").exists():
        pytest.skip("/proc is not on this machine")
    owner._own.cache_clear()
    owner._host.cache_clear()
    return str(request.param)


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Names are kept for a process; the test's own way must not stay."""
    yield
    owner._own.cache_clear()
    owner._host.cache_clear()


def test_a_running_process_has_not_ended_and_a_killed_one_has(way: str) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        name = owner.process_name(child.pid)
        assert len(name) <= 64 and name != this_process()
        assert not has_ended(name) and not has_ended(this_process())
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
        assert has_ended(name)
    assert has_ended(name)


def test_a_number_given_again_is_another_process(way: str) -> None:
    host, number, start = this_process().rsplit("/", 2)
    assert has_ended(f"{host}/{number}/{start}0")


def test_a_restart_of_the_machine_ends_everything_and_other_hosts_are_unknown(way: str) -> None:
    host, number, start = this_process().rsplit("/", 2)
    name, _, boot = host.partition("#")
    assert has_ended(f"{name}#{boot}f/{number}/{start}")
    assert not has_ended(f"x{name}#{boot}/{number}/0")
