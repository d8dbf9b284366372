"""What a trigger may say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from clawdbot.config import WrongValue
from clawdbot.workflows.schedules.durations import duration
from clawdbot.workflows.schedules.trigger import Trigger
from clawdbot.workflows.schedules.zones import zone

EVERY_KIND: list[dict[str, Any]] = [
    {"cron": "0 9 * * *", "timezone": "Asia/Shanghai"},
    {"every": "90m", "missed": {"within": "30m"}},
    {"at": "2026-12-31T17:00"},
    {"folder": {"path": "~/inbox", "glob": "**/*.pdf"}},
    {"after": {"workflow": "other", "outcome": "failed"}},
    {"webhook": {"token_env": "TOKEN"}},
]


@pytest.mark.parametrize("when", EVERY_KIND)
def test_what_is_written_is_what_is_read(when: dict[str, Any]) -> None:
    trigger = Trigger.model_validate({"name": "每天", "jitter_s": 5, "inputs": {"region": "north"}, **when})
    assert trigger.kind == next(iter(when))
    assert Trigger.model_validate(trigger.model_dump(mode="json", exclude_defaults=True)) == trigger


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "has none of them"),
        ({"cron": "0 9 * * *", "every": "1h"}, "has several of them: cron, every"),
        ({"cron": "0 9 * *"}, "has 4 fields"),
        ({"cron": "0 9 * * *", "timezone": "Asia/Shangai"}, "Asia/Shangai"),
        ({"every": "often"}, "no length of time"),
        ({"every": "0m"}, "no useful length"),
        ({"every": "1h", "timezone": "UTC"}, "timezone, which means nothing for every"),
        ({"at": "tomorrow"}, "is no moment"),
        ({"folder": {"path": "in"}, "missed": "skip"}, "missed, which means nothing for folder"),
        ({"every": "1h", "missed": {"within": "soon"}}, "no length of time"),
        ({"every": "1h", "overlap": "maybe"}, "'cancel_old'"),
        ({"every": "1h", "name": "A B"}, "name"),
    ],
)
def test_what_means_nothing_is_refused(body: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Trigger.model_validate({"name": "t", **body})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("body", "overlap"),
    [
        ({"every": "1h"}, "skip"),
        ({"every": "1h", "missed": "skip"}, "skip"),
        ({"every": "1h", "missed": "all"}, "queue"),
        ({"every": "1h", "missed": {"within": "2h"}}, "queue"),
        ({"every": "1h", "missed": "all", "overlap": "skip"}, "skip"),
        ({"folder": {"path": "in"}}, "allow"),
        ({"webhook": {"token_env": "TOKEN"}}, "allow"),
    ],
)
def test_overlap_keeps_what_the_trigger_promises(body: dict[str, Any], overlap: str) -> None:
    assert Trigger.model_validate({"name": "t", **body}).overlapping == overlap


@pytest.mark.parametrize(
    ("text", "length"),
    [("90m", timedelta(minutes=90)), ("1h30m", timedelta(minutes=90)), ("1.5h", timedelta(minutes=90)),
     (" 1D 2H ", timedelta(hours=26)), ("1w", timedelta(days=7)), ("10s", timedelta(seconds=10))],
)  # fmt: skip
def test_lengths_of_time(text: str, length: timedelta) -> None:
    assert duration(text) == length


@pytest.mark.parametrize("text", ["", "5", "m", "-1h", "1h -5m", "10 years", "4000d"])
def test_other_texts_are_none(text: str) -> None:
    with pytest.raises(WrongValue):
        duration(text)


def test_the_machines_zone_is_one_with_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    assert zone("local").key == "America/New_York"
    monkeypatch.setenv("TZ", "nowhere")
    assert zone("local").key == "UTC"
    monkeypatch.delenv("TZ")
    assert zone("local") is not None
