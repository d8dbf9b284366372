"""Answers that are given again: fresh by the operator's choice, old ones when no model may or can answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawdbot.errors import ModelError
from clawdbot.models.routing.attempt import Validation
from tests.models.desk import DEAR, RIGHT, Desk, rung

KEPT = {"kinds": ["sql"], "fresh_s": 600}


def test_a_fresh_answer_is_given_again_to_the_same_question_only(tmp_path: Path) -> None:
    model = rung("m", [RIGHT, {"answer": "second"}, {"answer": "third"}, {"answer": "fourth"}])
    desk = Desk(tmp_path, model, cache=KEPT)
    assert desk.ask().value == RIGHT
    again = desk.ask(step=2)
    assert again.value == RIGHT and again.age_s is not None and again.attempts == 0
    assert "was given again" in again.notes[0]
    assert desk.ask(user="ben").value == {"answer": "second"}
    assert desk.ask(label="internal").value == {"answer": "third"}
    assert desk.ask(versions={"documents": "2"}).value == {"answer": "fourth"}
    served = [a.call.served_from for a in desk.attempts() if a.call]
    assert served.count("cache") == 1


def test_an_answer_that_a_check_refused_is_not_given_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rung("m", [RIGHT, {"answer": "better"}]), cache=KEPT)
    desk.ask()
    desk.models.report("run", 1, Validation(name="sql", ok=False, detail="no such column"))
    assert desk.ask(step=2).value == {"answer": "better"}


def test_a_kept_answer_that_a_check_refuses_is_forgotten(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rung("m", [RIGHT, {"answer": "better"}]), cache=KEPT)
    desk.ask()
    assert desk.ask(step=2).value == RIGHT
    desk.models.report("run", 2, Validation(name="result", ok=False))
    assert desk.ask(step=3).value == {"answer": "better"}


def test_an_old_answer_helps_when_no_model_can(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rung("m", [RIGHT]), cache={"kinds": ["sql"]})
    assert desk.ask().value == RIGHT
    stale = desk.ask(step=2)
    assert stale.value == RIGHT and stale.age_s is not None
    assert stale.notes[0].startswith("m failed: ") and "s old was given again" in stale.notes[1]
    assert [a.call.served_from for a in desk.attempts() if a.call] == ["model", "model", "stale_cache"]
    with pytest.raises(ModelError):
        desk.ask("Another question")


def test_an_old_answer_helps_when_the_money_is_gone(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rung("m", [RIGHT], price=DEAR), cache={"kinds": ["sql"]}, budget={"task_usd": "0.006"})
    first = desk.ask()
    assert first.cost_usd > 0
    second = desk.ask(step=2)
    assert second.value == RIGHT and second.cost_usd == 0
