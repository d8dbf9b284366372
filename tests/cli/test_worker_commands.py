"""Workers from the command line: in the foreground, in the background, how they stand, and what is kept."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from clawdbot.cli.embedded_memory import warning
from clawdbot.cli.moments import local_time
from clawdbot.cli.wording import Words
from clawdbot.config import Config
from clawdbot.config_file import load
from clawdbot.models.catalog import DEFAULT_MODEL, model_file
from clawdbot.store.durable_tables import notices, outbox, schedules
from clawdbot.store.ledger import RunLedger
from clawdbot.store.owner import process_name, this_process
from clawdbot.workflows.supervision import Supervision, SupervisorState, WorkerProcess
from tests.cli.conftest import MAIL, MAIL_GOAL, ROWS, ROWS_GOAL, ROWS_GOAL_ZH, Desk
from tests.knowledge.loading.processes import alive, until

QUICK = "\n[worker]\nslots = 1\nlease_s = 2.0\npoll_s = 0.1\ndrain_s = 20.0\n"


BUSY_S = 180.0
"""Processes that import everything take long on a busy machine."""


def detached(desk: Desk, goal: str) -> str:
    code, found = desk.json("run", goal, "--detach")
    assert (code, found["status"]) == (0, "queued")
    run_id: str = found["run_id"]
    return run_id


def test_a_worker_in_the_foreground_says_what_it_does(desk: Desk) -> None:
    desk.plays(ROWS + ROWS, more=QUICK)
    first, second = detached(desk, ROWS_GOAL), detached(desk, ROWS_GOAL)
    code, out, err = desk.call("worker", "--until-empty", "--name", "desk")
    assert (code, out) == (0, "")
    lines = [re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", "", line) for line in err.splitlines()]
    assert lines[0].startswith("desk  desk: works on up to 1 runs")
    assert lines[1] == f"desk  run {first} begins: {ROWS_GOAL}"
    assert re.fullmatch(rf"desk  run {first}: verified, .*s", lines[2])
    assert lines[3] == f"desk  run {second} begins: {ROWS_GOAL}"
    assert lines[-1] == "desk  desk: ended."
    assert [run["status"] for run in desk.json("runs")[1]["runs"]] == ["done", "done"]


def test_it_says_so_in_chinese_and_ends_after_one_run(desk: Desk) -> None:
    desk.plays(ROWS, more=QUICK)
    text = desk.config.read_text().replace("[app]\n", '[app]\nlanguage = "zh"\n', 1)
    desk.config.write_text(text, "utf-8")
    run_id = detached(desk, ROWS_GOAL_ZH)
    detached(desk, ROWS_GOAL_ZH)
    code, _, err = desk.call("worker", "--once")
    assert code == 0
    assert f"任务 {run_id} 开始：{ROWS_GOAL_ZH}" in err
    assert f"任务 {run_id}：" in err
    code, out, _ = desk.call("status")
    assert code == 0
    assert out.startswith("队列：1 个待处理")


def test_a_run_that_waits_for_a_person_is_told_with_the_command_to_answer(desk: Desk) -> None:
    desk.plays(MAIL, more=QUICK)
    run_id = detached(desk, MAIL_GOAL)
    code, _, err = desk.call("worker", "--until-empty")
    assert code == 0
    assert f"run {run_id} waits for approval: clawdbot approve {run_id}" in err
    code, out, _ = desk.call("status")
    assert "1 waiting for approval" in out
    assert "1 questions wait for an answer: clawdbot approve" in out


def test_status_where_nothing_ever_ran(desk: Desk) -> None:
    desk.plays([])
    code, out, _ = desk.call("status", "--detail")
    assert code == 0
    first, second = out.splitlines()
    assert first == "Queue: 0 ready, 0 for later; 0 running, 0 waiting for approval, 0 stopped"
    assert second == f"Nobody works on the queue. Start workers with: clawdbot start --workers 1 --config {desk.config}"
    code, found = desk.json("status")
    assert code == 0
    assert (found["runs"], found["workers"], found["supervisor"], found["elsewhere"]) == ({}, [], None, [])
    assert (found["ready"], found["oldest_ready_s"], found["next_at"]) == (0, None, None)


def test_status_tells_of_workers_that_fell_silent_and_of_runs_that_nobody_works_on(desk: Desk) -> None:
    desk.plays([], more=QUICK)
    run_id = detached(desk, ROWS_GOAL)
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    with closing(RunLedger.open(load(desk.config))) as ledger:
        ledger.workers.register(f"elsewhere#1/{gone.stdout.decode().strip()}/1", label="far", slots=4, version="0.9")
        ledger.queue.lease_s = -1.0
        claimed = ledger.queue.claim("elsewhere#1/77/1")
        assert claimed is not None
        until(lambda: not ledger.workers.all()[0].alive(0.001))
    code, found = desk.json("status")
    assert code == 0
    assert [run["id"] for run in found["elsewhere"]] == [run_id]
    assert found["elsewhere"][0]["lease_s"] < 0
    (worker,) = found["workers"]
    assert (worker["label"], worker["host"], worker["restarts"], worker["runs"]) == ("far", "elsewhere", None, [])
    _, out, _ = desk.call("status", "--detail")
    assert "Workers: 1, 4 slots" in out
    assert "ran out" in out
    assert "nobody" in out


def test_status_tells_what_people_must_look_at_and_when_the_next_schedule_is_due(desk: Desk) -> None:
    desk.plays(ROWS, more=QUICK)
    run_id = detached(desk, ROWS_GOAL)
    assert desk.call("worker", "--once")[0] == 0
    at = "2026-11-21T12:00:00.000000+00:00"
    mail = {"message_id": "m", "sender": "s", "recipients": [], "subject": "s", "content": b"c", "updated_at": at}
    plan = {"workflow": "digest", "spec": {}, "changed_at": at, "changed_by": "anna"}
    with closing(RunLedger.open(load(desk.config))) as ledger:
        ledger.effects.begin(key="k", run_id=run_id, step=1, tool="mail", effect="external")
        ledger.effects.unknown("k")
        ledger.workers.register(this_process(), label="here", slots=1, version="1")
        assert ledger.duties.take("sweeper", this_process())
        with ledger.database.write() as connection:
            connection.execute(outbox.insert().values(key="k", run_id=run_id, state="queued", created_at=at, **mail))
            connection.execute(notices.insert().values(id="n", at=at, kind="done", subject="", body="", state="failed"))
            connection.execute(schedules.insert().values(name="digest/daily", paused=False, next_at=at, **plan))
            connection.execute(schedules.insert().values(name="digest/hourly", paused=True, next_at=at, **plan))
    _, out, _ = desk.call("status")
    assert "Housekeeping: sweeper by here" in out
    assert f"1 effects may have happened or not; settle them with: clawdbot settle --config {desk.config}" in out
    assert "1 mails are on their way." in out
    assert "1 notices could not be delivered." in out
    assert "Schedules: 2, 1 paused" in out
    assert f"Next: digest/daily, {local_time(at)}" in out
    _, found = desk.json("status")
    assert (found["unknown_effects"], found["paused"], found["next_schedule"]) == (1, 1, "digest/daily")
    assert found["duties"] == {"sweeper": this_process()}


def test_stop_and_scale_where_nothing_runs(desk: Desk) -> None:
    desk.plays([])
    code, out, _ = desk.call("stop")
    assert (code, out) == (0, "No workers run in the background on this machine.\n")
    code, _, err = desk.call("scale", "--workers", "3")
    assert code == 2
    assert f"Start some with: clawdbot start --workers 3 --config {desk.config}" in err


@pytest.mark.parametrize("now", [False, True])
def test_stop_ends_workers_that_a_killed_supervisor_left(desk: Desk, now: bool) -> None:
    desk.plays([], more=QUICK)
    gone = f"{this_process().rsplit('/', 2)[0]}/{2**22 + 1}/1"
    with subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(90)"]) as left:
        worker = WorkerProcess(label="worker-1", name=process_name(left.pid))
        Supervision(desk.home).tell(SupervisorState(name=gone, wanted=1, workers=(worker,)))
        with closing(RunLedger.open(load(desk.config))) as ledger:
            ledger.workers.register(worker.name, label=worker.label, slots=1, version="1")
        code, out, _ = desk.call("stop", *(["--now"] if now else []))
        assert (code, out.splitlines()[-1]) == (0, "Stopped.")
        assert left.wait(10) == -(signal.SIGKILL if now else signal.SIGTERM)
    (known,) = desk.json("status")[1]["workers"]
    assert known["state"] == ("ended" if now else "silent"), "the system knows that it is gone"


@pytest.fixture
def stopped(desk: Desk) -> Iterator[Desk]:
    """Whatever the test started is ended after it."""
    yield desk
    desk.call("stop", "--now")
    state = Supervision(desk.home).state()
    assert state is None or not (state.alive or state.workers)


def in_own_terminal(desk: Desk, *arguments: str) -> tuple[int, str]:
    """The command as the leader of a session that gets a SIGHUP afterwards, as when its terminal is closed."""
    process = desk.start(*arguments, start_new_session=True, stderr=subprocess.STDOUT)
    out, _ = process.communicate(timeout=BUSY_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGHUP)
    return process.returncode, out


def states(desk: Desk) -> dict[str, dict[str, Any]]:
    """The workers that are there, by what they are called."""
    code, found = desk.json("status")
    assert code == 0
    return {worker["label"]: worker for worker in found["workers"] if worker["state"] in ("active", "draining")}


def test_workers_in_the_background_outlive_the_terminal_and_a_kill_and_follow_scale(stopped: Desk) -> None:
    desk = stopped
    desk.plays(ROWS * 4, more=QUICK)
    code, out = in_own_terminal(desk, "start", "--workers", "2", "--config", str(desk.config))
    assert code == 0, out
    assert out.startswith("2 workers run in the background.")
    code, _, err = desk.call("start")
    assert code == 2
    assert "2 workers run on this machine already. Change how many with: clawdbot scale --workers N" in err
    first = states(desk)
    assert set(first) == {"worker-1", "worker-2"}

    run_id = detached(desk, ROWS_GOAL)
    until(lambda: desk.json("show", run_id)[1]["status"] == "done", most_s=BUSY_S)

    os.kill(first["worker-1"]["process"], signal.SIGKILL)
    code, out, _ = desk.call("scale", "--workers", "1")
    assert (code, out.splitlines()[0]) == (0, "1 workers run now.")
    again = {"worker-1": 1}
    until(lambda: {name: found["restarts"] for name, found in states(desk).items()} == again, most_s=BUSY_S)
    assert not alive(first["worker-2"]["process"])

    code, out, _ = desk.call("stop")
    assert (code, out.splitlines()[-1]) == (0, "Stopped.")
    assert states(desk) == {}
    log = (desk.home / "log" / "worker-2.log").read_text()
    assert "worker-2: ended." in log, "it drained"


def test_workers_that_cannot_start_are_told_and_nothing_is_left(stopped: Desk) -> None:
    desk = stopped
    desk.plays([], more=QUICK)
    (desk.folder / "script.json").unlink()
    code, _, err = desk.call("start")
    assert code == 2
    assert "A worker could not start: " in err
    assert "script.json" in err
    state = Supervision(desk.home).state()
    assert state is not None
    assert not state.alive


def old_run(desk: Desk) -> str:
    """A run that ended just now, with a file."""
    run_id = detached(desk, ROWS_GOAL)
    assert desk.call("worker", "--once")[0] == 0
    assert any((desk.home / "runs" / run_id).iterdir())
    return run_id


def test_prune_says_what_it_removes(desk: Desk) -> None:
    desk.plays(ROWS, more=QUICK)
    run_id = old_run(desk)
    assert desk.call("prune")[1] == "No run ended so long ago.\n"
    code, found = desk.json("prune", "--older-than", "0", "--dry-run")
    assert (code, found["dry_run"], found["runs"]) == (0, True, [run_id])
    code, out, _ = desk.call("prune", "--older-than", "0", "--dry-run")
    assert out.startswith("Would remove 1 runs and ")
    code, out, _ = desk.call("prune", "--older-than", "0")
    assert re.fullmatch(r"Removed 1 runs, \d+ records, 0\.\d MB of files\.\n", out)
    assert desk.json("runs")[1]["runs"] == []
    assert not (desk.home / "runs" / run_id).exists()


def test_prune_keeps_what_is_open_and_says_so(desk: Desk) -> None:
    desk.plays(ROWS, more=QUICK)
    run_id = old_run(desk)
    with closing(RunLedger.open(load(desk.config))) as ledger:
        ledger.effects.begin(key="k", run_id=run_id, step=1, tool="mail", effect="external")
        ledger.effects.unknown("k")
    _, out, _ = desk.call("prune", "--older-than", "0")
    assert "1 others are that old, but something of them is open" in out
    assert f"  {run_id}\n" in out


def test_prune_asks_which_where_runs_are_kept_for_ever(desk: Desk) -> None:
    desk.plays([], more="\n[store]\nkeep_days = 0\n")
    code, _, err = desk.call("prune")
    assert code == 2
    assert "clawdbot prune --older-than DAYS" in err


@pytest.mark.parametrize(
    ("models", "warned"),
    [
        ({"a": {"provider": "llamacpp", "path": "PATH"}}, True),
        ({"a": {"provider": "llamacpp", "path": "PATH"}, "b": {"provider": "ollama", "model": "x"}}, False),
        ({}, True),
        ({"a": {"provider": "llamacpp", "model": "qwen2.5-0.5b"}}, True),
    ],
)
def test_several_workers_with_an_embedded_model_alone_are_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: dict[str, dict[str, str]], warned: bool
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    file = model_file(tmp_path, DEFAULT_MODEL)
    file.parent.mkdir()
    with file.open("wb") as sparse:
        sparse.truncate(1_000_000_000)
    body = json.loads(json.dumps(models).replace("PATH", str(file)))
    config = Config.model_validate({"app": {"home": str(tmp_path)}, "models": body})
    said = warning(config, 3, Words("en"))
    assert bool(re.search(r"up to [03]\.0 GB", said)) is warned
    assert bool(warning(config, 3, Words("zh"))) is warned
