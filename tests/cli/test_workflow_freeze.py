"""``clawdbot workflow freeze``: shown, asked for, written whole; the file runs as a workflow."""

from __future__ import annotations

import io
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from clawdbot.cli import exit_codes
from tests.cli.conftest import CHART, GOAL, ROWS, ROWS_GOAL_ZH, Desk

DONE = {"thought": "done", "tool": "finish", "args": {"answer": "North sold most."}}


def verified(desk: Desk, goal: str = GOAL, script: Any = CHART) -> str:
    """The id of a run that ended well."""
    desk.plays(script)
    code, body = desk.json("run", goal)
    assert (code, body["verdict"]) == (0, "verified")
    return str(body["run_id"])


def test_a_frozen_run_is_a_workflow_that_runs_for_another_time(desk: Desk) -> None:
    run = verified(desk)
    code, told = desk.json("workflow", "freeze", run, "--yes", "--user", "ann")
    path = Path(told["path"])
    assert (code, path) == (0, desk.home / "workflows" / "sales.toml")
    text = path.read_text("utf-8")
    assert text == told["text"] and f"Frozen from run {run}" in text.splitlines()[0] and "by ann" in text
    assert any(effect["tool"] == "bound_sql" for effect in told["may"]["tools"])
    steps = tomllib.loads(text)["step"]
    assert [s.get("tool", "write") for s in steps] == ["bound_sql", "write", "chart"]
    assert steps[0]["args"]["parameters"] == {
        "period_start": "{{ inputs.period.start }}", "period_end": "{{ inputs.period.end }}",
    }  # fmt: skip
    desk.plays([{"answer": "North sold 8,888.00."}])
    code, body = desk.json("workflow", "run", "sales", "--input", "period=October 2026")
    assert (code, body["verdict"]) == (0, "verified")
    assert body["receipts"][0]["rows"] == 1 and "2026-10-01" in body["receipts"][0]["sql"]
    code, shown, _ = desk.call("workflow", "show", "sales")
    assert code == 0 and "period" in shown


def test_the_file_is_shown_and_nothing_is_written_unasked(desk: Desk) -> None:
    run = verified(desk)
    code, out, told = desk.call("workflow", "freeze", run)
    assert code == exit_codes.USAGE and "--yes" in told
    assert 'tool = "bound_sql"' in told and not out
    assert not (desk.home / "workflows").exists()


def test_the_person_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run = verified(desk)
    monkeypatch.setattr("clawdbot.cli.streams.someone_is_there", lambda: True)
    for answer, code, there in (("n\n", exit_codes.REFUSED, False), ("y\n", exit_codes.VERIFIED, True)):
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        assert desk.call("workflow", "freeze", run, "--out", str(tmp_path / "mine.toml"))[0] == code
        assert (tmp_path / "mine.toml").exists() == there


def test_no_file_is_written_over(desk: Desk) -> None:
    run = verified(desk)
    assert desk.call("workflow", "freeze", run, "--yes")[0] == 0
    code, _, told = desk.call("workflow", "freeze", run, "--yes")
    assert code == exit_codes.USAGE and "already" in told and "--name" in told
    assert desk.call("workflow", "freeze", run, "--yes", "--name", "sales-2")[0] == 0
    code, _, told = desk.call("workflow", "freeze", run, "--yes", "--name", "Not A Name")
    assert code == exit_codes.USAGE and "Not A Name" in told
    (desk.folder / "file").write_text("")
    code, _, told = desk.call("workflow", "freeze", run, "--yes", "--out", str(desk.folder / "file" / "x.toml"))
    assert code == exit_codes.USAGE and "--out" in told


def test_what_cannot_be_frozen_is_told(desk: Desk) -> None:
    desk.plays([DONE] * 3)
    _, body = desk.json("run", GOAL)
    code, _, told = desk.call("workflow", "freeze", body["run_id"], "--yes")
    assert code == exit_codes.USAGE and "not verified" in told
    code, _, told = desk.call("workflow", "freeze", "nothing", "--yes")
    assert code == exit_codes.USAGE and "clawdbot runs" in told


def test_a_chinese_goal_gives_a_chinese_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    script = [ROWS[0], {"thought": "完成", "tool": "finish", "args": {"answer": "North 的销售额最高。"}}]
    run = verified(desk, ROWS_GOAL_ZH, script)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    code, out, _ = desk.call("workflow", "freeze", run, "--yes")
    assert code == 0 and "已写入" in out
    text = (desk.home / "workflows" / "sales.toml").read_text("utf-8")
    assert "启用前请检查" in text and "输入 period" in text
