"""The measuring of durability in small: our runs beside LangGraph that is played their states, a worker, a queue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from benchmarks.durability.__main__ import MOST_IDLE, main
from benchmarks.durability.replayed import Replayed


def test_it_measures_and_prints(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.durability.__main__.install", lambda: root)
    out = tmp_path / "durability.json"
    small = ["--stores", "sqlite", "--systems", "ours", "plain", "--runs", "2", "--repeats", "1"]
    main([*small, "--queued", "40", "--idle-s", "0.5", "--json", str(out)])
    said = capsys.readouterr().out
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in said.splitlines() if line.startswith("| ")
    ]
    assert [row[1] for row in rows if row[0] == "sqlite"][:2] == [
        "Clawdbot, whole runs",
        "plain LangGraph, its states alone",
    ]
    assert "an idle worker on sqlite" in said
    found = json.loads(out.read_text("utf-8"))
    ours, plain = found["steps"]["sqlite"].values()
    assert len(ours["runs_ms"]) == len(plain["runs_ms"]) == 2 and plain["nodes"][0] > 20
    queue = found["queues"]["sqlite"]
    assert queue["queued"] == 40 and len(queue["accept_ms"]) == 36 and 0 < queue["database_bytes_per_run"] < 100_000
    assert 0 < MOST_IDLE < 1


def test_a_replayed_graph_goes_through_the_very_states(tmp_path: Path) -> None:
    states = [{"__start__": {}}, {"a": 1}, {"a": 2, "b": [1]}, {"a": 2, "b": [1, 2], "branch:to:x": None}]
    path = tmp_path / "states.json"
    path.write_text(json.dumps(states))
    saver = InMemorySaver()
    assert Replayed(path, saver).run("one") == 2
    kept = [each.checkpoint["channel_values"] for each in saver.list({"configurable": {"thread_id": "one"}})]
    assert [{name: value for name, value in state.items() if name in "ab"} for state in reversed(kept)][1:] == [
        {"a": 1}, {"a": 2, "b": [1]}, {"a": 2, "b": [1, 2]},
    ]  # fmt: skip
