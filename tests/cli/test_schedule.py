"""``clawdbot schedule`` in both languages: what people see of schedules, and what they can do with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clawdbot.config_file import load
from clawdbot.store.ledger import RunLedger
from clawdbot.workflows.definition import Definition
from clawdbot.workflows.schedules.scheduler import Scheduler
from tests.cli.conftest import Desk

TRIGGERS: list[dict[str, Any]] = [
    {"name": "often", "every": "20m", "missed": "skip"},
    {"name": "daily", "cron": "0 9 * * *", "timezone": "Asia/Shanghai"},
    {"name": "files", "folder": {"path": "inbox", "glob": "*.csv"}},
    {"name": "next", "after": {"workflow": "other", "outcome": "failed"}},
    {"name": "call", "webhook": {"token_env": "HOOK"}},
    {"name": "then", "at": "2020-01-01T00:00"},
]


class Ahead:
    """The scheduler of the desk's ledger, some time from now."""

    def __init__(self, desk: Desk) -> None:
        self.config = load(desk.config)
        self.ledger = RunLedger.open(self.config)
        self.later = timedelta(0)
        self.scheduler = Scheduler(self.config, self.ledger, clock=lambda: datetime.now(UTC) + self.later)

    def enable(self, name: str, *triggers: dict[str, Any], **more: Any) -> None:
        body = {"name": name, "trigger": triggers, "step": [{"id": "all", "tool": "query"}], **more}
        definition = Definition.model_validate(body)
        with self.ledger.database.write() as connection:
            self.ledger.workflows.enable_in(
                connection, name=name, version="1", digest=definition.digest, definition=definition.as_json(), by="amy"
            )
        self.scheduler.follow()

    def look(self, **later: float) -> None:
        self.later = timedelta(**later)
        self.scheduler.tick()

    def close(self) -> None:
        self.scheduler.close()
        self.ledger.close()


@pytest.fixture
def ahead(desk: Desk) -> Any:
    desk.plays([])
    (desk.folder / "inbox").mkdir()
    found = Ahead(desk)
    yield found
    found.close()


def in_chinese(desk: Desk) -> None:
    desk.config.write_text(desk.config.read_text("utf-8").replace("[app]", '[app]\nlanguage = "zh"'), "utf-8")


def test_without_schedules_it_says_how_to_get_one(desk: Desk, ahead: Ahead) -> None:
    code, out, _ = desk.call("schedule", "list")
    assert code == 0
    assert "There are no schedules." in out
    assert "workflow enable NAME" in out
    code, out, _ = desk.call("schedule", "history")
    assert "Nothing was due yet." in out


def test_the_list_shows_what_when_and_how_it_went(desk: Desk, ahead: Ahead) -> None:
    ahead.enable("a", *TRIGGERS)
    ahead.look(hours=1, minutes=2)
    desk.call("schedule", "pause", "a/daily", "--user", "bob")
    _, out, _ = desk.call("schedule", "list")
    lines = [line.strip() for line in out.splitlines()]
    assert "cron 0 9 * * * (Asia/Shanghai)" in lines
    assert any(line.startswith("paused by bob, 20") for line in lines)
    assert "every 20m" in lines
    assert any(line.startswith("last: ") and line.endswith("missed, no worker was running") for line in lines)
    assert "new and changed files: inbox/*.csv" in lines
    assert "after each run of other that fails" in lines
    assert "calls from outside, with the token in HOOK" in lines
    assert "no further start" in lines
    assert "No worker is running, so nothing starts by itself:" in out
    code, body = desk.json("schedule", "list")
    assert (code, body["workers"]) == (0, False)
    rows = {row["name"]: row for row in body["schedules"]}
    assert list(rows) == sorted(f"a/{trigger['name']}" for trigger in TRIGGERS)
    assert rows["a/daily"]["paused"]
    assert rows["a/daily"]["next_at"] is None
    assert rows["a/often"]["last"]["outcome"] == "missed"
    assert rows["a/often"]["next_at"].endswith("+00:00")


def test_everything_is_said_in_chinese_too(desk: Desk, ahead: Ahead) -> None:
    in_chinese(desk)
    ahead.enable("日报", *TRIGGERS)
    ahead.look(hours=1, minutes=2)
    _, out, _ = desk.call("schedule", "list")
    for said in (
        "每隔 20m",
        "cron 0 9 * * *（Asia/Shanghai）",
        "下次：",
        "上次：",
        "错过",
        "有新文件或文件更改时",
        "没有工作进程在运行",
    ):
        assert said in out
    _, out, _ = desk.call("schedule", "history", "日报/often")
    assert "日报/often  错过\n  没有工作进程在运行" in out
    for command, said in (("pause", "已暂停"), ("pause", "之前已暂停"), ("resume", "重新启动"), ("resume", "没有暂停")):
        assert said in desk.call("schedule", command, "日报/often")[1]


def test_the_next_starts_in_the_schedules_own_zone_and_here(
    desk: Desk, ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    ahead.enable("a", *TRIGGERS)
    _, out, _ = desk.call("schedule", "next", "a/daily", "--count", "3")
    lines = out.splitlines()
    assert len(lines) == 3
    assert all("09:00 CST (" in line and "10:00 JST here)" in line for line in lines)
    code, body = desk.json("schedule", "next", "a/often", "--count", "2")
    assert code == 0
    first, second = (datetime.fromisoformat(moment) for moment in body["next"])
    assert second - first == timedelta(minutes=20)
    assert "no further start" in desk.call("schedule", "next", "a/then")[1]
    assert "starts when that happens" in desk.call("schedule", "next", "a/call")[1]
    desk.call("schedule", "pause", "a/daily", "--user", "bob")
    assert "paused by bob" in desk.call("schedule", "next", "a/daily")[1]


def test_the_history_shows_what_was_missed_and_started_by_hand(desk: Desk, ahead: Ahead) -> None:
    ahead.enable("a", TRIGGERS[0], inputs={"region": {"type": "string", "default": "north"}})
    code, body = desk.json("schedule", "fire", "a", "--input", "region=south", "--user", "amy")
    assert (code, body["status"]) == (0, "queued")
    run_id = body["run_id"]
    _, shown = desk.json("show", run_id)
    assert shown["run_id"] == run_id or shown["id"] == run_id
    ahead.look(hours=1, minutes=2)
    _, out, _ = desk.call("schedule", "history", "a")
    assert out.count("a/often  missed\n  no worker was running\n") == 3
    assert f"a/often  late\n  run {run_id}, in the queue, by hand, amy; 1 h 2 min late" in out
    _, body = desk.json("schedule", "history", "--limit", "1")
    assert [row["outcome"] for row in body["firings"]] == ["missed"]
    _, body = desk.json("schedule", "history", "a/often")
    by_hand = body["firings"][-1]
    assert (by_hand["run_id"], by_hand["status"], by_hand["verdict"]) == (run_id, "queued", None)


def test_the_history_outlives_its_schedule_and_its_runs(desk: Desk, ahead: Ahead) -> None:
    ahead.enable("a", TRIGGERS[0])
    ahead.look(hours=1, minutes=2)
    with ahead.ledger.database.write() as connection:
        ahead.ledger.workflows.disable_in(connection, "a", by="amy")
    ahead.look(hours=1, minutes=3)
    _, body = desk.json("schedule", "history", "a/often")
    assert [row["outcome"] for row in body["firings"]] == ["missed"] * 3
    assert "There is no schedule" in desk.call("schedule", "history", "a")[2]


def test_pausing_and_resuming(desk: Desk, ahead: Ahead) -> None:
    ahead.enable("a", TRIGGERS[0])
    assert desk.json("schedule", "pause", "a") == (0, {"schedule": "a/often", "paused": True, "changed": True})
    assert desk.json("schedule", "pause", "a/often")[1]["changed"] is False
    assert desk.json("schedule", "resume", "a") == (0, {"schedule": "a/often", "paused": False, "changed": True})
    assert "was not paused" in desk.call("schedule", "resume", "a")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("next", "b"), "There is no schedule 'b'"),
        (("pause", "b"), "There is no schedule 'b'"),
        (("fire", "a", "--input", "north"), "north"),
        (("fire", "a", "--input", "planet=Mars"), "planet"),
    ],
)
def test_mistakes_are_said(desk: Desk, ahead: Ahead, arguments: tuple[str, ...], said: str) -> None:
    ahead.enable("a", TRIGGERS[0])
    code, _, err = desk.call("schedule", *arguments)
    assert code == 2
    assert said in err
