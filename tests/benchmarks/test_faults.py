"""The benchmark of faults, in its smallest form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.faults.__main__ import main, summary
from benchmarks.faults.cell import Cell, Ran


def test_it_plays_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "faults.json"
    chosen = ["--only", "none", "unavailable", "--wires", "ollama", "--setups", "always", "--runs", "1"]
    assert main([*chosen, "--json", str(out)]) == 0
    said = capsys.readouterr().out
    assert "none (answers as it should), ollama, standby: 1 right" in said
    assert "unavailable (503), ollama, always: 1 partial" in said
    cells = json.loads(out.read_text("utf-8"))["cells"]
    healthy, broken = (cell["runs"][0] for cell in cells)
    assert (healthy["repeats"], set(healthy["models"])) == (0, {"flaky"})
    assert broken["repeats"] == 2


def test_what_is_wrong_or_late_is_not_hidden() -> None:
    runs = (
        Ran(outcome="wrong", seconds=1, calls=2, repeats=0),
        Ran(outcome="late", seconds=99, calls=2, repeats=0),
    )
    cell = Cell(fault="cut", wire="openai", setup="always", runs=runs, most_repeats=10)
    assert not cell.honest
    assert "wrong or late: 2" in summary([cell])
    greedy = Cell(fault="cut", wire="openai", setup="always", runs=(), most_repeats=-1)
    assert not greedy.honest
