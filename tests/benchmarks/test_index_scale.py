"""The measuring of the vector index: a small library is made, asked and told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.index_scale.__main__ import main
from benchmarks.index_scale.data import ASKER, AUDITOR, COLLECTION, RETRIEVAL_SETS, prepare, questions
from clawdbot.knowledge.library import Library

if not RETRIEVAL_SETS.exists():
    pytest.skip(f"{RETRIEVAL_SETS} is not on this machine", allow_module_level=True)


def test_a_library_is_made_once_and_its_askers_see_their_scopes(tmp_path: Path) -> None:
    config = prepare(tmp_path, 200)
    assert prepare(tmp_path, 200) == config
    library = Library.open(config)
    assert library.live_count() == 200
    assert (len(library.visible(ASKER)), len(library.visible(AUDITOR))) == (10, 50)
    assert all(entry.vector is not None for batch in library.live(COLLECTION, 50) for entry in batch)
    library.close()
    assert len(set(questions(6))) == 6


def test_exact_search_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scale", "--chunks", "100", "--only", "exact", "--folder", str(tmp_path)]) == 0
    row = capsys.readouterr().out.splitlines()[-1]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[0] == "exact" and cells[4] == cells[8] == "1.000"


def test_an_unknown_system_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scale", "--only", "faiss", "--folder", str(tmp_path)]) == 2
    assert "faiss" in capsys.readouterr().err
