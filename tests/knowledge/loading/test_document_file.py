"""Taking a copy of a file: which are taken, which are refused, and why."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from clawdbot.errors import LoadFailed, StoreError
from clawdbot.knowledge.loading.document_file import copy_document


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where copies go."""
    (tmp_path / "copies").mkdir()
    return tmp_path / "copies"


@pytest.mark.parametrize("name", [b"a.txt", b"\xff\n\x1b.txt", "审批.pdf".encode(), b"a" * 251 + b".txt"])
def test_a_file_is_copied_under_its_name(tmp_path: Path, folder: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))
    path.write_bytes(b"x" * 3_000_000)
    copy = copy_document(path, folder, max_bytes=3_000_000)
    assert copy.name == path.name
    assert copy.read_bytes() == path.read_bytes()


def test_a_larger_one_is_refused_before_it_is_copied(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "a.txt"
    path.touch()
    os.truncate(path, 1 << 40)
    with pytest.raises(LoadFailed, match=r"It is larger than 2 MB. Raise \[knowledge\] max_file_bytes"):
        copy_document(path, folder, max_bytes=2_000_000)
    assert list(folder.iterdir()) == []


def test_one_that_says_it_has_nothing_is_counted_while_it_is_read(folder: Path) -> None:
    path = Path("/proc/self/smaps")
    if not path.exists():
        pytest.skip("this system has no files whose size is unknown")
    with pytest.raises(LoadFailed, match="larger than"):
        copy_document(path, folder, max_bytes=100)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_pipe, "It is a pipe, not a file. Only files can be loaded."),
        (_socket, "It is a socket, not a file."),
        (Path.mkdir, "It is a folder, not a file. Add the files in it."),
        (lambda path: path.symlink_to("/etc/hostname"), "It is a link, not a file. Add the file that it leads to."),
        (lambda path: None, "It is not there any more."),
    ],
)
def test_what_is_no_file_is_refused_at_once(
    tmp_path: Path, folder: Path, make: Callable[[Path], None], reason: str
) -> None:
    make(tmp_path / "a")
    with pytest.raises(LoadFailed) as caught:
        copy_document(tmp_path / "a", folder, max_bytes=100)
    assert str(caught.value).startswith(reason)


def test_devices_and_impossible_names_are_refused(folder: Path) -> None:
    for path, reason in (
        (Path("/dev/zero"), "It is a device, not a file."),
        (Path("/dev/null"), "It is a device, not a file."),
        (Path("/x" * 3000), "Its name is too long for this system."),
        (Path("a\0b"), "It cannot be read: embedded null byte."),
    ):
        with pytest.raises(LoadFailed) as caught:
            copy_document(path, folder, max_bytes=100)
        assert str(caught.value).startswith(reason)


def test_a_file_that_becomes_a_pipe_meanwhile_does_not_hang(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x")
    real = os.lstat

    def look(where: Path) -> os.stat_result:
        found = real(where)
        path.unlink()
        os.mkfifo(path)
        return found

    monkeypatch.setattr("clawdbot.knowledge.loading.document_file.os.lstat", look)
    with pytest.raises(LoadFailed, match="It is a pipe"):
        copy_document(path, folder, max_bytes=100)


def test_a_full_disk_is_not_the_document_s_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x")
    with pytest.raises(StoreError, match="Make room there"):
        copy_document(path, tmp_path / "not there", max_bytes=100)
