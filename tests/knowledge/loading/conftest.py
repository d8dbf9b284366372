"""Workers whose loader of text does what the text says (misbehaving/sitecustomize.py)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loading import Loading, ProcessBounds

MISBEHAVING = Path(__file__).with_name("misbehaving")

Order = Callable[[str], Path]
Open = Callable[..., Loading]


@pytest.fixture
def scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where workers keep their files; of this test alone."""
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def order(tmp_path: Path) -> Order:
    """Writes a text file that orders the loader to do something."""

    def write(words: str) -> Path:
        path = tmp_path / "order.txt"
        path.write_text(words)
        return path

    return write


@pytest.fixture
def misbehaving(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a Loading whose process obeys such files; keywords are those of ProcessBounds."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(MISBEHAVING), os.environ.get("PYTHONPATH", ""))).strip(":"))
    with ExitStack() as stack:

        def start(**bounds: float) -> Loading:
            return stack.enter_context(Loading(limits=LoadLimits(), bounds=ProcessBounds(**bounds), ocr=False))  # type: ignore[arg-type]  # the names are checked when it is made

        yield start
