"""Several processes over one folder: one owns Chroma, the others ask it, and nobody waits for the dead."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.knowledge.index import Where
from clawdbot.knowledge.vectors import shared as shared_module
from clawdbot.knowledge.vectors.address import find_address
from clawdbot.knowledge.vectors.shared import SharedIndex
from clawdbot.knowledge.vectors.unavailable import IndexUnavailable, OwnerFailed, OwnerGone, OwnerSilent
from tests.knowledge.feed import MemoryFeed
from tests.knowledge.vectors.clouds import clouds, fill
from tests.knowledge.vectors.conftest import NAME, Open

ALL = Where(scopes=frozenset({1, 2, 3, 4}))
COUNT = 50

Start = Callable[[], subprocess.Popen[str]]


def nearest(index: SharedIndex) -> list[int]:
    return [hit.chunk for hit in index.search(clouds(COUNT)[7], ALL, 3)]


@pytest.fixture
def other(folder: Path, root: Path) -> Iterator[Start]:
    """``other()``: a process that has built the same chunks into the folder, and owns it until its input ends."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.knowledge.vectors.owning", str(folder), str(COUNT)],
            cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "owns\n"
        return process

    yield start
    for process in started:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.communicate()


def test_the_second_asks_the_first_and_takes_over_when_it_ends(shared: Open, feed: MemoryFeed) -> None:
    fill(feed, COUNT)
    first, second = shared(), shared()
    first.sync()
    assert nearest(second)[0] == 8
    assert (first.owns, second.owns) == (True, False)
    feed.remove(8)
    second.sync()
    assert first.applied == second.applied == feed.head()
    assert 8 not in nearest(second)
    first.close()
    assert 8 not in nearest(second)
    assert second.owns and second.notes == ()
    assert second.verify() == ()


def test_another_process_serves_and_when_it_is_killed_the_asker_takes_over(
    other: Start, shared: Open, feed: MemoryFeed
) -> None:
    fill(feed, COUNT)
    process = other()
    index = shared()
    assert nearest(index)[0] == 8
    assert index.notes == () and not index.owns
    process.kill()
    process.wait()
    index.sync()
    assert nearest(index)[0] == 8
    assert index.applied == feed.head()


def test_the_owner_that_ends_in_peace_leaves_an_index_that_needs_no_build(
    other: Start, shared: Open, feed: MemoryFeed
) -> None:
    fill(feed, COUNT)
    process = other()
    process.communicate("", timeout=30)
    index = shared()
    assert nearest(index)[0] == 8
    assert index.owns and index.notes == ()
    assert index.verify() == ()
    index.sync()
    assert index.repaired == ""


def test_a_stopped_owner_holds_nobody_up(
    other: Start, shared: Open, feed: MemoryFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(feed, COUNT)
    process = other()
    process.send_signal(signal.SIGSTOP)
    index = shared(patience_s=0.3)
    assert nearest(index)[0] == 8
    assert "does not answer" in index.notes[0] and not index.owns
    assert nearest(index)[0] == 8
    assert "a moment ago" in index.notes[0], "not asked again"
    feed.remove(8)
    index.sync()
    assert "not brought up to date" in index.notes[0]
    assert 8 not in nearest(index), "exact search is up to date by itself"
    assert index.verify() != ()
    with pytest.raises(OwnerSilent):
        index.rebuild()
    process.send_signal(signal.SIGCONT)
    monkeypatch.setattr(shared_module, "QUIET_S", 0.0)
    patient = shared()
    assert patient.verify() == (), "the owner's feed still has chunk 8, and so has its index"


def test_an_owner_that_is_stopped_with_a_full_queue_holds_nobody_up(
    folder: Path, shared: Open, feed: MemoryFeed
) -> None:
    fill(feed, COUNT)
    first = shared()
    first.sync()
    address = find_address(folder)
    address.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as deaf:
        deaf.bind(str(address))
        deaf.listen(0)
        waiting = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(str(address))
        index = shared(patience_s=0.2)
        assert nearest(index)[0] == 8
        assert "does not answer" in index.notes[0]
        for one in waiting:
            one.close()


@pytest.mark.parametrize(
    "reply", [b"", b"\x00\x00\x00\x02[]", b"\xff\xff\xff\xff", b"\x00\x00\x00\x01{"], ids=["end", "list", "huge", "cut"]
)
def test_a_socket_that_talks_nonsense_is_no_owner(folder: Path, shared: Open, feed: MemoryFeed, reply: bytes) -> None:
    fill(feed, COUNT)
    first = shared()
    first.sync()
    address = find_address(folder)
    address.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as odd:
        odd.bind(str(address))
        odd.listen(9)
        odd.settimeout(0.05)
        ended = threading.Event()

        def talk() -> None:
            while not ended.is_set():
                try:
                    connection, _ = odd.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.recv(100_000)
                    connection.sendall(reply)

        thread = threading.Thread(target=talk)
        thread.start()
        index = shared(patience_s=0.2)
        try:
            assert nearest(index)[0] == 8
            assert index.notes != ()
            with pytest.raises((OwnerFailed, OwnerGone)):
                index.rebuild()
        finally:
            ended.set()
            thread.join()


def test_only_its_user_may_ask(folder: Path, shared: Open, feed: MemoryFeed) -> None:
    fill(feed, COUNT)
    index = shared()
    index.sync()
    assert stat.S_IMODE(find_address(folder).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    index.close()
    assert not find_address(folder).exists()


@pytest.mark.parametrize("runtime", ["", "run"])
def test_a_folder_with_a_long_path_is_served_from_a_short_one(
    tmp_path: Path, shared: Open, feed: MemoryFeed, monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    fill(feed, COUNT)
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime and str(tmp_path / runtime))
    deep = tmp_path / ("知识" * 20) / ("k" * 60)
    first, second = shared(folder=deep), shared(folder=deep)
    first.sync()
    address = find_address(deep)
    assert len(os.fsencode(address)) <= 100 and address.exists()
    assert nearest(second)[0] == 8 and not second.owns
    first.close()
    assert not address.exists() and find_address(deep).parent == deep
    assert nearest(second)[0] == 8 and second.owns


def test_what_the_owner_cannot_do_is_told(
    folder: Path, shared: Open, feed: MemoryFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(feed, COUNT)
    first, second = shared(), shared()
    first.sync()
    feed.remove(1)

    def broken(after: int, limit: int) -> Any:
        raise RuntimeError("the database is away")

    monkeypatch.setattr(feed, "changes", broken)
    second.sync()
    assert "RuntimeError: the database is away" in second.notes[0]
    assert nearest(second)[0] == 8


def test_a_request_that_nobody_knows_is_refused(shared: Open, feed: MemoryFeed) -> None:
    fill(feed, COUNT)
    first, second = shared(), shared()
    first.sync()
    with pytest.raises(OwnerFailed, match="no request 'sing'"):
        second._remote._ask("sing")


def test_a_collection_is_dropped_by_whoever_owns_it(folder: Path, shared: Open, feed: MemoryFeed) -> None:
    fill(feed, COUNT)
    old, new, third = shared(), shared(collection="another-model-16"), shared()
    old.sync()
    new.sync()
    assert (folder / NAME).is_dir() and (folder / "another-model-16").is_dir()
    new.drop()
    assert not (folder / "another-model-16").exists()
    assert nearest(old)[0] == 8
    third.drop()
    assert not (folder / NAME).exists()
    assert nearest(old)[0] == 8, "exact"
    assert "Chroma lacks 50 changes" in old.notes[0]
    old.sync()
    assert nearest(old)[0] == 8 and old.notes == ()


def test_what_lacks_half_of_the_library_is_not_asked(shared: Open, feed: MemoryFeed) -> None:
    fill(feed, 10)
    index = shared()
    index.sync()
    made = fill(feed, COUNT, seed=3)
    assert index.search(made[7], ALL, 1)[0].chunk == 18
    assert "lacks 50 changes" in index.notes[0]
    index.sync()
    assert index.search(made[7], ALL, 1)[0].chunk == 18
    assert index.notes == ()


def test_a_model_of_another_length_makes_a_new_index(shared: Open, feed: MemoryFeed) -> None:
    fill(feed, COUNT)
    first = shared()
    first.sync()
    wide = MemoryFeed()
    vectors = clouds(9, dimension=24)
    for vector in vectors:
        wide.add(vector=vector)
    first.close()
    second = shared(feed=wide, dimension=24)
    second.sync()
    assert "another version" in second.repaired
    assert [hit.chunk for hit in second.search(vectors[4], ALL, 1)] == [5]


def test_a_folder_that_cannot_be_used_is_no_reason_to_give_no_answer(
    tmp_path: Path, shared: Open, feed: MemoryFeed
) -> None:
    fill(feed, COUNT)
    (tmp_path / "file").write_text("")
    index = shared(folder=tmp_path / "file" / "chroma")
    index.sync()
    assert "not brought up to date" in index.notes[0]
    assert nearest(index)[0] == 8
    with pytest.raises(IndexUnavailable, match=r"\[app\] home"):
        index.rebuild()


def test_a_small_collection_is_answered_without_chroma(
    folder: Path, root: Path, shared: Open, feed: MemoryFeed
) -> None:
    fill(feed, COUNT)
    index = shared()
    index.sync()
    index.close()
    program = """
import sys
from pathlib import Path
from clawdbot.knowledge.index import Where
from clawdbot.knowledge.vectors.shared import SharedIndex
from tests.knowledge.feed import MemoryFeed
from tests.knowledge.vectors.clouds import fill
feed = MemoryFeed()
made = fill(feed, 50)
index = SharedIndex(Path(sys.argv[1]), feed, collection="test-model-16", dimension=16)
index.sync()
print(index.search(made[7], Where(scopes=frozenset({4})), 1)[0].chunk, "chromadb" in sys.modules)
"""
    command = [sys.executable, "-c", program, str(folder)]
    done = subprocess.run(command, cwd=root, text=True, capture_output=True, check=True)
    assert done.stdout == "8 False\n"
