"""Runs in the queue from the terminal: detached, followed, cancelled, forked; in both languages."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from tests.cli.conftest import CHART, GOAL, GOAL_ZH, MAIL, MAIL_GOAL, Desk
from tests.office import mail_server, step


def detached(desk: Desk, goal: str = GOAL) -> str:
    code, found = desk.json("run", "--detach", goal)
    assert (code, found["status"]) == (0, "queued")
    return str(found["run_id"])


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_detached_run_is_worked_on_by_a_worker_and_followed_from_any_point(desk: Desk) -> None:
    desk.plays(CHART)
    code, out, err = desk.call("run", "--detach", GOAL)
    assert code == 0
    assert "is in the queue." in out
    assert "--follow" in err and "start --workers 1" in err, "nobody works yet"
    (run,) = desk.json("runs")[1]["runs"]
    assert (run["status"], run["kind"], run["parent"]) == ("queued", "goal", None)
    assert "in the queue" in desk.call("runs")[1]
    assert f"show {run['id']} --follow" in desk.call("show", run["id"])[1]

    assert desk.call("worker", "--until-empty")[0] == 0
    code, out, _ = desk.call("show", run["id"], "--follow", "--json")
    told = lines(out)
    assert code == 0
    assert [one["seq"] for one in told] == list(range(1, len(told) + 1))
    assert (told[0]["event"], told[-1]["event"], told[-1]["verdict"]) == ("run", "end", "verified")
    assert lines(desk.call("show", run["id"], "--follow", "--json", "--after", "4")[1]) == told[4:]
    code, out, _ = desk.call("show", run["id"], "--follow")
    assert code == 0
    assert "● 1 sql" in out and "Verdict: verified" in out


def test_followers_see_a_run_while_it_happens_and_leave_without_harm(desk: Desk) -> None:
    desk.plays(CHART)
    run_id = detached(desk)
    follow = ("show", run_id, "--follow", "--config", str(desk.config))
    with desk.start(*follow) as leaves, desk.start(*follow) as stays:
        for follower in (leaves, stays):
            assert follower.stderr is not None
            assert "in the queue" in follower.stderr.readline()
        leaves.send_signal(signal.SIGINT)
        assert "You left; the run goes on. Its next event has the number 1." in leaves.communicate(timeout=300)[1]
        assert desk.json("show", run_id)[1]["status"] == "queued"
        assert desk.call("worker", "--until-empty")[0] == 0
        assert "Verdict: verified" in stays.communicate(timeout=300)[0]
    assert (leaves.returncode, stays.returncode) == (130, 0)


def test_a_queued_run_is_cancelled_once(desk: Desk) -> None:
    desk.plays(CHART)
    run_id = detached(desk, GOAL_ZH)
    code, out, _ = desk.call("cancel", run_id[:-1], "--user", "李雷")
    assert (code, out) == (0, f"Run {run_id} is cancelled.\n")
    assert desk.json("cancel", run_id) == (0, {"run_id": run_id, "status": "cancelled", "cancel": "ended"})
    assert "was cancelled before" in desk.call("cancel", run_id)[1]
    found = desk.json("show", run_id)[1]
    assert (found["status"], found["verdict"]) == ("cancelled", None)
    code, out, _ = desk.call("show", run_id)
    assert code == 0
    assert "由 李雷 取消。" in out and "已取消" in out and "--resume" not in out
    assert desk.call("show", run_id, "--follow")[0] == 3
    assert "cancelled" in desk.call("runs")[1]
    code, _, err = desk.call("run", "--resume", run_id)
    assert code == 2
    assert "has ended" in err


def test_what_has_ended_or_is_not_there_is_not_cancelled(desk: Desk) -> None:
    desk.plays(CHART)
    run_id = desk.json("run", GOAL)[1]["run_id"]
    code, _, err = desk.call("cancel", run_id)
    assert code == 2
    assert "had ended before" in err
    assert desk.call("cancel", "nothing")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--detach", "--yes", GOAL), "asks for approval by itself"),
        (("run", "--detach", "--resume", "x"), "Give a goal, or a run to resume"),
        (("run", "--detach", "--model", "nowhere", GOAL), "Configured models: script"),
        (("run", "--detach", " "), "empty"),
        (("show", "x", "--follow", "--checkpoints"), "not both"),
        (("replay", "x", "--yes"), "--from"),
    ],
)
def test_what_makes_no_sense_is_refused(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    desk.plays(CHART)
    code, _, err = desk.call(*arguments)
    assert code == 2
    assert said in err


def test_checkpoints_are_listed_and_forked_from(desk: Desk) -> None:
    desk.plays(CHART)
    first = desk.json("run", GOAL)[1]
    code, out, _ = desk.call("show", first["run_id"], "--checkpoints")
    assert code == 0
    assert "decide the step" in out and "check the result" in out and "replay" in out
    kept = desk.json("show", first["run_id"], "--checkpoints")[1]["checkpoints"]
    assert [one["step"] for one in kept if one["next"] == "act"] == [1, 2, 3]

    desk.plays([step("finish", answer="North sold most: 5,500.25.")])
    code, out, err = desk.call("replay", first["run_id"], "--from", "3", "--user", "bob")
    assert code == 0
    assert "5,500.25" in out and f"begins at 3 of run {first['run_id']}" in err
    newest = desk.json("runs")[1]["runs"][0]
    assert (newest["user"], newest["verdict"]) == ("bob", "verified")

    desk.plays([])
    last = [one["id"] for one in kept if one["next"] == "act"][-1]
    code, found = desk.json("replay", first["run_id"], "--from", last)
    assert (code, found["verdict"], found["run_id"] != first["run_id"]) == (0, "verified", True)
    code, _, err = desk.call("replay", first["run_id"], "--from", "9")
    assert code == 2
    assert "from 1 to 3" in err


def test_the_checkpoints_of_a_chinese_run_are_told_in_chinese(desk: Desk) -> None:
    desk.plays(CHART)
    run_id = detached(desk, GOAL_ZH)
    assert "没有检查点" in desk.call("show", run_id, "--checkpoints")[1]
    assert desk.call("worker", "--until-empty")[0] == 0
    assert "决定这一步" in desk.call("show", run_id, "--checkpoints")[1]


def test_a_follower_of_a_run_that_waits_is_told_what_it_waits_for(desk: Desk) -> None:
    with mail_server() as (postbox, port):
        desk.port = port
        desk.plays(MAIL)
        run_id = detached(desk, MAIL_GOAL)
        assert desk.call("worker", "--until-empty")[0] == 0
        with desk.start("show", run_id, "--follow", "--config", str(desk.config)) as follower:
            assert follower.stderr is not None
            assert "waits for an answer" in follower.stderr.readline()
            desk.plays(MAIL[2:])
            assert desk.call("approve", run_id, "--detach")[0] == 0
            assert desk.call("worker", "--until-empty")[0] == 0
            assert "Verdict: verified" in follower.communicate(timeout=300)[0]
        assert len(postbox.mails()) == 1
    assert any(one["asked"] for one in desk.json("show", run_id, "--checkpoints")[1]["checkpoints"])
