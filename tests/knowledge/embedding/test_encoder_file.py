"""The converted encoder on disk: made once, whole or not at all, made anew when damaged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clawdbot.errors import EmbeddingError
from clawdbot.knowledge.embedding.encoder_file import encoder_file
from clawdbot.knowledge.embedding.packed import PackedModel

CONVERT = """
import sys
from pathlib import Path
from clawdbot.knowledge.embedding.encoder_file import encoder_file
from clawdbot.knowledge.embedding.packed import open_packaged
print(encoder_file(Path(sys.argv[1]), open_packaged()).stat().st_ino)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, packed: PackedModel) -> Path:
    return encoder_file(tmp_path_factory.mktemp("made"), packed)


def home_of(path: Path) -> Path:
    return path.parent.parent


def test_processes_that_come_together_convert_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CONVERT, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = {process.communicate()[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(answers) == 1  # one file: nobody replaced it
    assert sorted(path.suffix for path in (tmp_path / "models").iterdir()) == [".json", ".lock", ".onnx"]


def test_it_is_small_and_not_made_twice(made: Path, packed: PackedModel) -> None:
    before = made.stat()
    assert before.st_size < 23_000_000
    assert encoder_file(home_of(made), packed) == made
    assert made.stat().st_ino == before.st_ino


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone", "no record", "broken record"])
def test_a_damaged_file_is_made_anew(made: Path, packed: PackedModel, damage: str) -> None:
    whole, inode = made.read_bytes(), made.stat().st_ino
    record = made.with_suffix(".json")
    if damage == "flipped":
        made.write_bytes(whole[:-5000] + bytes([whole[-5000] ^ 1]) + whole[-4999:])
    elif damage == "cut":
        made.write_bytes(whole[:1000])
    elif damage == "gone":
        made.unlink()
    elif damage == "no record":
        record.unlink()
    else:
        record.write_text("{")
    assert encoder_file(home_of(made), packed).read_bytes() == whole
    assert damage == "gone" or made.stat().st_ino != inode


def test_a_copied_home_is_checked_once_and_kept(made: Path, packed: PackedModel) -> None:
    inode, record = made.stat().st_ino, made.with_suffix(".json")
    before = record.read_text()
    os.utime(made, ns=(1, 1))
    encoder_file(home_of(made), packed)
    assert made.stat().st_ino == inode
    assert record.read_text() != before


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, packed: PackedModel) -> None:
    (tmp_path / "home").write_text("a file stands here")
    with pytest.raises(EmbeddingError, match=r"cannot be kept.*\[app\] home"):
        encoder_file(tmp_path / "home", packed)


def test_nothing_is_left_when_the_disk_is_full(
    tmp_path: Path, packed: PackedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EmbeddingError, match="No space left"):
        encoder_file(tmp_path, packed)
    assert [path.suffix for path in (tmp_path / "models").iterdir()] == [".lock"]
