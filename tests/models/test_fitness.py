"""The check of a model: a perfect player, a poor one, and what the card says about them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from clawdbot.config import ModelConfig
from clawdbot.errors import ModelUnavailable
from clawdbot.models.fake import ScriptedChatModel
from clawdbot.models.fitness import Task, check, shipped_tasks
from clawdbot.models.fitness_card import FitnessCard, LanguageScore, explain, load_card
from clawdbot.models.interface import Rung
from clawdbot.models.providers import build

TASKS = shipped_tasks()


def right(task: Task) -> dict[str, Any]:
    """A step that meets all expectations of a task."""
    value: dict[str, Any] = {"thought": "ok", "tool": task.tools[0], "args": {}}
    wanted = {path: choices[0] for path, choices in task.expect.items()}
    wanted |= {path: " " + " ".join(text.contains) + " " for path, text in task.expect_text.items()}
    if "tool" in wanted:
        value["tool"] = wanted.pop("tool")
    parts = TASKS.tools[value["tool"]]["properties"]
    for name, part in parts.items():
        value["args"][name] = part["enum"][0] if "enum" in part else 1 if part["type"] == "integer" else "text"
    for path, found in wanted.items():
        value["args"][path.removeprefix("args.")] = found
    return value


def player(answer: Any, *, context: int = 8192) -> Rung:
    """A rung that reads 'Goal: ...' and answers each task with ``answer(task)``, finding every needle."""

    def say(messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> Mapping[str, Any]:
        asked = messages[-1]["content"]
        if code := re.search(r"Aurora is (\S+)\.", asked):
            return {"code": code[1]}
        goal = re.match(r"Goal: (.*)", asked)
        if goal is None:
            return {"shelf": "1 holds 37 boxes"}
        found: Mapping[str, Any] = answer(next(task for task in TASKS.tasks if task.goal == goal[1]))
        return found

    chat = ScriptedChatModel(script=[say] * 100, context=context)
    return Rung(name="player/1", provider="langchain", model="player", chat=chat, context=context)


def test_the_shipped_tasks_ask_for_what_their_schemas_allow() -> None:
    assert len(TASKS.tasks) == 20
    assert {task.language for task in TASKS.tasks} == {"zh", "en"}
    assert {task.kind for task in TASKS.tasks} == {"tool", "arguments", "sql", "repair", "stop"}
    assert len({task.id for task in TASKS.tasks}) == 20


def test_a_perfect_player_gets_a_perfect_card(tmp_path: Path) -> None:
    seen: list[str] = []
    card = check(player(right), home=tmp_path, seen=lambda name, number, total: seen.append(f"{number}/{total}"))
    assert (card.valid_rate, card.argument_accuracy, card.repair_rate, card.stop_rate) == (1.0, 1.0, 1.0, 1.0)
    assert card.languages["zh"].passed_rate == card.languages["en"].passed_rate == 1.0
    assert card.failures == () and seen[-1] == "20/20"
    assert (card.effective_context, card.tested_context) == (4096, 4096)
    assert load_card(tmp_path, "player/1") == card
    assert "Fit for unattended runs." in explain(card, "en")
    assert "可以无人值守地运行。" in explain(card, "zh")


def test_a_player_that_never_stops_is_found_out(tmp_path: Path) -> None:
    def restless(task: Task) -> Mapping[str, Any]:
        if task.kind == "stop":
            return right(task.model_copy(update={"expect": {"tool": ("query",)}, "expect_text": {}}))
        return {"nonsense": 1} if task.language == "zh" and task.kind == "arguments" else right(task)

    card = check(player(restless, context=2048), home=tmp_path)
    assert card.stop_rate == 0.0 and card.valid_rate == 0.85
    assert card.languages["en"].valid_rate == 1.0 and card.languages["zh"].valid_rate == 0.7
    assert any(failure.startswith("zh-stop: tool is 'query', not 'finish'") for failure in card.failures)
    assert card.effective_context == 1024
    assert any("weaker in Chinese" in line for line in explain(card, "en"))
    assert any("中文较弱" in line for line in explain(card, "zh"))


def test_a_model_that_is_not_there_gets_no_card(tmp_path: Path) -> None:
    rung = build("m", ModelConfig(provider="ollama", model="m", base_url="http://127.0.0.1:9"), home=tmp_path)
    with pytest.raises(ModelUnavailable, match="No Ollama server"):
        check(rung, home=tmp_path)
    assert load_card(tmp_path, "m") is None


def test_an_old_card_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "models" / "fitness" / "m.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"name": "m"}')
    assert load_card(tmp_path, "m") is None


def card(**changes: Any) -> FitnessCard:
    score = LanguageScore(tasks=10, valid_rate=1, argument_accuracy=1, passed_rate=1)
    values = {
        "name": "m",
        "provider": "ollama",
        "model": "m",
        "checked_at": "2026-10-01T00:00:00+00:00",
        "tasks": 20,
        "valid_rate": 1.0,
        "argument_accuracy": 0.8,
        "repair_rate": 0.5,
        "stop_rate": 0.5,
        "languages": {"zh": score, "en": score},
        "context": 8192,
        "effective_context": 4096,
        "tested_context": 4096,
        "prompt_tokens_per_s": 50.0,
        "tokens_per_s": 20.0,
        "failures": (),
        "seconds": 100.0,
    }
    return FitnessCard(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "says", "never"),
    [
        ({}, "Fit for simple goals", "slow"),
        ({"argument_accuracy": 0.4}, "Not fit for runs of several steps", "unattended"),
        ({"tokens_per_s": 3.0}, "This is slow", "unattended"),
        ({"tested_context": 8192}, "lost a fact in a prompt of 8192 tokens", "It finds"),
        ({"effective_context": 1024, "tested_context": 1024}, "Larger prompts were not tried", "lost"),
    ],
)
def test_the_card_is_explained(changes: dict[str, Any], says: str, never: str) -> None:
    text = " ".join(explain(card(**changes), "en"))
    assert says in text and never not in text
    assert len(explain(card(**changes), "zh")) == len(explain(card(**changes), "en"))
