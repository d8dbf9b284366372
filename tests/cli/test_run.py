"""``clawdbot run`` and what follows on it: exit codes, exact JSON, approvals that outlive the process."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import CHART, GOAL, GOAL_ZH, MAIL, MAIL_GOAL, Desk
from tests.office import mail_server, query_step, step


def test_a_verified_run_prints_one_object(desk: Desk) -> None:
    desk.plays(CHART)
    code, out, err = desk.call("run", GOAL, "--json", "--user", "李雷")
    found = json.loads(out)
    assert code == 0
    assert list(found)[:11] == [
        "run_id", "goal", "status", "verdict", "answer", "missing", "artifacts", "receipts", "citations", "steps",
        "usage",
    ]  # fmt: skip
    assert (found["status"], found["verdict"], found["missing"]) == ("done", "verified", [])
    for artifact in found["artifacts"]:
        assert Path(artifact["path"]).is_absolute()
        assert Path(artifact["path"]).stat().st_size == artifact["bytes"]
    assert [receipt["tool"] for receipt in found["receipts"]] == ["sql", "chart"]
    assert "● 1 sql" in err and "North | 5500.25" in err
    assert desk.json("show", found["run_id"]) == (0, {**found, "effects": []})
    assert desk.json("runs")[1]["runs"][0]["user"] == "李雷"


def test_for_people_answer_files_and_verdict_follow_the_language_of_the_goal(desk: Desk) -> None:
    desk.plays([*CHART[:2], step("finish", "完成", answer="North 最高，为 5,500.25。")])
    code, out, err = desk.call("run", GOAL_ZH)
    assert code == 0
    assert "结论：已核实" in out and "North 最高" in out and "凭据" in out
    assert "要交付：" in err
    assert str(desk.home / "runs") in out
    code, out, _ = desk.call("run", GOAL_ZH, "--quiet", "--json")
    assert json.loads(out)["goal"] == GOAL_ZH and GOAL_ZH in out


def test_quiet_shows_no_steps(desk: Desk) -> None:
    desk.plays(CHART)
    code, out, err = desk.call("run", GOAL, "--quiet")
    assert (code, err) == (0, "")
    assert "Verdict: verified" in out


def test_a_goal_of_several_lines_from_standard_input(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.plays(CHART)
    monkeypatch.setattr("sys.stdin", io.StringIO("Sales by region\nfor Q3 2026 as a bar chart.\n"))
    code, found = desk.json("run", "-")
    assert (code, found["goal"]) == (0, "Sales by region\nfor Q3 2026 as a bar chart.\n")


@pytest.mark.parametrize(
    ("goal", "script", "more", "code"),
    [
        (GOAL, [query_step()], "", 3),  # the script is over before the chart
        ("Delete all orders.", [], "", 5),
        (GOAL, CHART, "[budget]\ntask_tokens = 1000\n", 6),
        ("   ", [], "", 2),
        (GOAL, CHART, "[planer]\nmax_steps = 3\n", 2),
    ],
)
def test_exit_codes(desk: Desk, goal: str, script: list[object], more: str, code: int) -> None:
    desk.plays(script, more=more)
    got, found = desk.json("run", goal)
    assert got == code
    if code == 2:
        assert found["status"] == "error" and found["error"]["hint"]
    else:
        assert found["verdict"] != "verified" and found["missing"]


def test_a_goal_or_a_run_but_not_both(desk: Desk) -> None:
    desk.plays(CHART)
    assert desk.call("run")[0] == 2
    code, out, err = desk.call("run", GOAL, "--resume", "x")
    assert (code, out) == (2, "") and "Give a goal, or a run to resume." in err
    assert desk.json("run", "--resume", "nothing")[0] == 2


def test_a_named_model_that_is_not_there(desk: Desk) -> None:
    desk.plays(CHART)
    code, _, err = desk.call("run", GOAL, "--model", "scrpt")
    assert code == 2 and "Did you mean 'script'?" in err


@pytest.mark.parametrize(("reject", "mails", "code"), [(False, 1, 0), (True, 0, 3)])
def test_without_a_terminal_a_mail_to_a_stranger_waits_for_a_person(
    desk: Desk, reject: bool, mails: int, code: int
) -> None:
    with mail_server() as (postbox, port):
        desk.port = port
        desk.plays(MAIL)
        got, out, err = desk.call("run", MAIL_GOAL, "--json")
        waiting = json.loads(out)
        assert (got, waiting["status"], waiting["verdict"]) == (4, "waiting", None)
        assert "boss@other.example" in waiting["approval"]["payload"]
        run = waiting["run_id"]
        assert f"clawdbot approve {run} --config {desk.config}" in err
        assert postbox.envelopes == []
        assert desk.json("show", run)[1]["approval"] == waiting["approval"]
        assert "Status: waiting" in desk.call("show", run)[1]
        # A new process has a model that begins anew: what is left of the script is one answer.
        desk.plays([step("finish", answer="Not sent.") if reject else MAIL[2]])
        got, found = desk.json("approve", run, *(["--reject"] if reject else []))
        assert (got, len(postbox.envelopes)) == (code, mails)
        # The same answer again changes nothing; another one is refused.
        assert desk.json("approve", run, *(["--reject"] if reject else [])) == (0, found)
        assert desk.json("approve", run, *([] if reject else ["--reject"]))[0] == 2
        assert len(postbox.envelopes) == mails
    assert found["status"] == "done"


def test_yes_approves_what_is_asked(desk: Desk) -> None:
    with mail_server() as (postbox, port):
        desk.port = port
        desk.plays(MAIL)
        assert desk.json("run", MAIL_GOAL, "--yes")[0] == 0
        assert postbox.receivers() == ["boss@other.example"]
