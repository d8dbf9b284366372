"""The measuring of steps: both planners really make the ten calls, durably, and the tables say what was measured."""

from __future__ import annotations

import json
import math

import pytest

from benchmarks import steps_clawdbot, steps_langgraph
from benchmarks.figures import percentile, table
from benchmarks.machine import as_lines, describe
from benchmarks.overhead import start_table, step_table
from benchmarks.startup import process_ms
from clawdbot.errors import UsageError


@pytest.mark.parametrize("module", [steps_clawdbot, steps_langgraph])
def test_ten_calls_give_nine_steps_a_run(module: object, capsys: pytest.CaptureFixture[str]) -> None:
    run = module.main  # type: ignore[attr-defined]  # both modules have it
    assert run(["--runs", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["steps_ms"]) == 18 and len(found["runs_ms"]) == 2
    assert min(found["steps_ms"]) > 0 and found["peak_mib"] > 1
    row = step_table({"name": {**found, "import_ms": [1.4]}}).splitlines()[-1]
    assert [cell.strip() for cell in row.split("|")][1:6:4] == ["name", "1"]


def test_percentiles_are_interpolated() -> None:
    assert percentile([4, 1, 3, 2], 0.5) == 2.5
    assert percentile([1, 2, 3], 1.0) == 3
    assert math.isnan(percentile([], 0.5))


def test_tables_are_aligned_for_wide_characters() -> None:
    lines = table(("a", "b"), [("中文", "1"), ("abcd", "22")]).splitlines()
    assert lines[2:] == ["| 中文 | 1  |", "| abcd | 22 |"]
    assert start_table({"--help": [1.0, 2.0, 3.0]}).splitlines()[-1].split("|")[2].strip() == "2"


def test_a_command_that_fails_is_not_measured() -> None:
    assert len(process_ms(["true"], times=2)) == 2
    with pytest.raises(UsageError, match="ended with 1"):
        process_ms(["false"], times=1)


def test_the_machine_names_versions_that_are_installed() -> None:
    facts = describe(["langgraph", "no-such-distribution"])
    assert "langgraph" in facts and "no-such-distribution" not in facts
    assert "cores" in as_lines(facts)
