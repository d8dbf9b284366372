"""No process and no file stays when the program that loads files is killed, and Ctrl-C stops one file only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawdbot.knowledge.loading import Loading
from tests.knowledge.loading.conftest import MISBEHAVING, Order
from tests.knowledge.loading.processes import alive, until

_PARENT = """
import sys
from pathlib import Path
from clawdbot.knowledge.loading import Loading, ProcessBounds

stuck, well = (Path(name) for name in sys.argv[1:])
with Loading(bounds=ProcessBounds(timeout_s=600), ocr=False) as loading:
    print(loading.load(well).metadata["pid"], flush=True)
    try:
        loading.load(stuck)
    except KeyboardInterrupt:
        print(loading.load(well).metadata["pid"], flush=True)
"""


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A program whose second load hangs, at the moment when it does."""
    for name in ("sleep", "say hello"):
        (tmp_path / f"{name.split()[0]}.txt").write_text(name)
    temporary = tmp_path / "scratch"
    temporary.mkdir()
    program = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(tmp_path / "sleep.txt"), str(tmp_path / "say.txt")],
        env={**os.environ, "PYTHONPATH": str(MISBEHAVING), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        yield program
        program.kill()


def _stuck(parent: subprocess.Popen[str], tmp_path: Path) -> int:
    """The number of the worker, once the parent waits for it."""
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    until(lambda: list(tmp_path.glob("scratch/*/temporary/begun")))
    return worker


def test_the_worker_ends_with_a_parent_that_is_killed(
    parent: subprocess.Popen[str], tmp_path: Path, scratch: Path, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = _stuck(parent, tmp_path)
    assert alive(worker)
    parent.kill()
    parent.communicate()
    until(lambda: not alive(worker))
    left = list((tmp_path / "scratch").glob("clawdbot-loading-*"))
    assert len(left) == 1
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    _load(order)
    assert left[0].exists(), "it may belong to a process that starts at this moment"
    old = time.time() - 3600
    os.utime(left[0], (old, old))
    _load(order)
    assert not left[0].exists()


def test_a_folder_in_use_is_not_swept(
    parent: subprocess.Popen[str], tmp_path: Path, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stuck(parent, tmp_path)
    (used,) = (tmp_path / "scratch").glob("clawdbot-loading-*")
    old = time.time() - 3600
    os.utime(used, (old, old))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    _load(order)
    assert used.exists()


def test_an_interrupt_ends_the_file_that_is_read_and_not_the_rest(
    parent: subprocess.Popen[str], tmp_path: Path
) -> None:
    worker = _stuck(parent, tmp_path)
    parent.send_signal(signal.SIGINT)
    out, _ = parent.communicate()
    assert parent.returncode == 0
    assert int(out) != worker
    assert not alive(worker)
    assert list((tmp_path / "scratch").iterdir()) == []


def _load(order: Order) -> None:
    with Loading(ocr=False) as loading:
        assert loading.load(order("hello")).text == "hello"
