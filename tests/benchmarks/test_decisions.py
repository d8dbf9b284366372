"""The benchmark of decision times: varied questions, the same ones for the same seed, and figures that are printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.decisions.__main__ import main, measure
from benchmarks.decisions.variety import Variety
from clawdbot.models.routing.decide import decide


def test_the_questions_take_every_branch() -> None:
    taken = measure(Variety(rungs=10, rules=50, seed=4), 1500)
    assert len(taken.wall) == len(taken.processor) == sum(taken.ends.values()) == 1500
    assert {"cheapest", "sticky", "start_rule", "escalated", "only", "pinned", "nothing_available"} <= set(taken.ends)


def test_a_seed_gives_the_same_questions() -> None:
    first, second = (Variety(rungs=4, rules=6, seed=7) for _ in range(2))
    assert first.policy() == second.policy()
    policy = Variety(rungs=4, rules=0, seed=1).policy()
    for _ in range(20):
        assert decide(first.step(), policy, first.snapshot()) == decide(second.step(), policy, second.snapshot())


def test_it_prints_what_it_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "figures.json"
    code = main(["--rungs", "3", "--rules", "4", "--times", "60", "--json", str(path)])
    said = capsys.readouterr().out
    found = json.loads(path.read_text("utf-8"))
    assert "3 models, 4 rules, 60 decisions" in said and "python" in said
    assert code == (0 if found["ms"]["wall clock"]["p99"] < 1 else 1)
    assert sum(found["ends"].values()) == 60
