"""``clawdbot workflow``: reviewed, enabled, run here or by a worker; in both languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import ROWS, Desk

FILE = """
name = "sales"
title = { en = "Sales by region", zh = "各地区销售额" }
description = "What was sold."
inputs.period = { type = "period", default = "last quarter", description = { en = "Which time.", zh = "时间。" } }
inputs.kind = { type = "choice", choices = ["all", "best"], default = "all" }
inputs.note = { type = "string" }
[[step]]
id = "rows"
tool = "sql"
args.title = "sales"
args.sql = "SELECT region, SUM(amount) AS sales FROM orders WHERE ordered_on >= '{{ inputs.period.start }}' GROUP BY 1"
[[step]]
id = "ask"
title = "Ask"
when = "inputs.kind == 'best'"
goal = "Sales by region for Q3 2026."
[[step]]
id = "mail"
tool = "mail"
foreach = "[]"
approval = true
args = { to = ["{{ inputs.note }}"], subject = "s", body = "b" }
[outputs]
answer = "{{ inputs.note }}: {{ steps.rows.count }} {{ steps.ask.state }}"
"""


@pytest.fixture
def workflow(desk: Desk) -> Desk:
    desk.plays(ROWS)
    (desk.home / "workflows").mkdir(parents=True)
    (desk.home / "workflows" / "sales.toml").write_text(FILE, "utf-8")
    return desk


def test_it_is_run_here_with_its_steps_and_inputs(workflow: Desk) -> None:
    code, out, err = workflow.call("workflow", "run", "sales", "--input", "note=Hello", "-i", "period=第三季度")
    assert code == 0
    assert "Hello: 3 skipped" in out
    assert "1 rows (sql)" in err
    assert "2 ask (goal)  skipped" in err


def test_json_is_the_object_of_the_run(workflow: Desk) -> None:
    code, body = workflow.json("workflow", "run", "sales", "--input", "note=Hello", "--input", "kind=best")
    assert (code, body["verdict"]) == (0, "verified")
    assert body["outputs"] == {"answer": "Hello: 3 done"}
    assert workflow.json("show", body["run_id"])[1]["outputs"] == body["outputs"]
    assert [run["id"] for run in workflow.json("runs")[1]["runs"]] == [body["run_id"]]


def test_detached_it_is_in_the_queue_for_a_worker(workflow: Desk) -> None:
    code, body = workflow.json("workflow", "run", "sales", "--input", "note=x", "--detach")
    assert (code, body["status"]) == (0, "queued")
    assert workflow.call("worker", "--until-empty")[0] == 0
    assert workflow.json("show", body["run_id"])[1]["verdict"] == "verified"


def test_a_file_is_run_by_its_path(workflow: Desk) -> None:
    file = workflow.folder / "one.toml"
    file.write_text('name = "one"\nstep = [{ id = "a", tool = "sql", args = { title = "t", sql = "SELECT 1 AS x" } }]')
    code, out, _ = workflow.call("workflow", "run", str(file))
    assert (code, "one: 1 steps done." in out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "sales"), "note must be given"),
        (("run", "sales", "--input", "note"), "'note' is no NAME=VALUE"),
        (("run", "sales", "--input", "notee=x"), "did you mean 'note'?"),
        (("run", "sale", "--input", "note=x"), "Did you mean 'sales'?"),
        (("run", "sales", "--input", "note=x", "--detach", "--yes"), "--detach goes without"),
        (("enable", "sales"), "Nobody is there to review"),
        (("show", "salez"), "Did you mean 'sales'?"),
    ],
)
def test_mistakes_are_said_in_words(workflow: Desk, arguments: tuple[str, ...], said: str) -> None:
    code, _, err = workflow.call("workflow", *arguments)
    assert (code, said in err) == (2, True), err


def test_what_it_may_do_is_shown_before_it_is_enabled(workflow: Desk) -> None:
    code, out, err = workflow.call("workflow", "enable", "sales", "--yes", "--user", "ann")
    assert (code, "is enabled" in out) == (0, True)
    for words in ("What sales 1 may do", "mail (acts outside this machine): mail", "asks a person before: mail"):
        assert words in err
    (found,) = [one for one in workflow.json("workflow", "list")[1]["workflows"] if one["name"] == "sales"]
    assert (found["state"], found["enabled"], found["changed_by"]) == ("enabled", True, "ann")
    assert workflow.json("workflow", "disable", "sales") == (0, {"name": "sales", "enabled": False, "changed": True})
    assert "was not enabled" in workflow.call("workflow", "disable", "sales")[1]


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("n\n", 5)])
def test_the_person_says_yes_or_no(workflow: Desk, monkeypatch: pytest.MonkeyPatch, typed: str, code: int) -> None:
    monkeypatch.setattr("clawdbot.cli.streams.someone_is_there", lambda: True)
    monkeypatch.setattr("sys.stdin.readline", lambda: typed, raising=False)
    assert workflow.call("workflow", "enable", "sales")[0] == code


def test_a_changed_file_is_seen(workflow: Desk) -> None:
    workflow.call("workflow", "enable", "sales", "--yes")
    path = workflow.home / "workflows" / "sales.toml"
    path.write_text(path.read_text("utf-8").replace("What was", "All that was"), "utf-8")
    assert "its file has changed since" in workflow.call("workflow", "list")[1]


def test_one_is_shown_in_the_persons_language(workflow: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _, out, _ = workflow.call("workflow", "show", "sales")
    for words in (
        "Sales by region", "period: period  = last quarter  Which time.", "note: string  must be given",
        "ask: goal  Ask  (after rows; when inputs.kind == 'best')", "starts only when somebody runs it",
    ):  # fmt: skip
        assert words in out
    monkeypatch.setenv("CLAWDBOT_APP__LANGUAGE", "zh")
    _, out, _ = workflow.call("workflow", "show", "sales")
    for words in ("各地区销售额", "时间。", "必须给出", "只在有人运行时启动"):
        assert words in out
    body = workflow.json("workflow", "show", "sales")[1]
    assert body["may"]["approvals"] == ["mail"]
    assert body["definition"]["name"] == "sales"


def test_a_file_is_checked(workflow: Desk) -> None:
    good = workflow.home / "workflows" / "sales.toml"
    assert workflow.call("workflow", "check", str(good))[0] == 0
    bad = workflow.folder / "bad.toml"
    bad.write_text("titel = 'x'" + FILE, "utf-8")
    code, _, err = workflow.call("workflow", "check", str(bad))
    assert (code, "Did you mean 'title'?" in err) == (2, True)
    code, body = workflow.json("workflow", "check", str(bad))
    assert (code, body["problems"][0]["where"]) == (2, "")


def test_the_schema_is_printed(workflow: Desk, root: Path) -> None:
    from clawdbot.cli.__main__ import main

    workflow.capture.readouterr()
    assert main(["workflow", "schema"]) == 0
    assert json.loads(workflow.capture.readouterr().out)["title"] == "Clawdbot workflow"
