"""How fit a model is for Clawdbot's steps: about twenty micro-tasks, a needle at growing depth, and its speed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from pydantic import BaseModel, ConfigDict

from clawdbot.errors import InvalidStep, ModelError
from clawdbot.models.chat import Schema
from clawdbot.models.fitness_card import FitnessCard, LanguageScore
from clawdbot.models.interface import Rung, complete_step

Language = Literal["zh", "en"]
Seen = Callable[[str, int, int], None]
"""Called before each task with (its id, its number from 1, tasks in all)."""

_ANSWER_TOKENS = 200
_TASK_S = 90.0
_NEEDLE_SIZES = (512, 1024, 2048, 4096, 8192, 16384, 32768)
_NEEDLE_BUDGET_S = 60.0
_CODE_TEXT = "KX-4417"
_NEEDLE = f"Note: the access code of warehouse Aurora is {_CODE_TEXT}."
_CODE: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["code"],
    "properties": {"code": {"type": "string", "maxLength": 12}},
}
_SPEED_TOKENS = 48


class Wanted(BaseModel):
    """What a text must and must not contain, in lower case."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    contains: tuple[str, ...]
    lacks: tuple[str, ...]


class Task(BaseModel):
    """One micro-task: the goal, the tools on offer, and what a right step looks like."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    language: Language
    kind: Literal["tool", "arguments", "sql", "repair", "stop"]
    tools: tuple[str, ...]
    goal: str
    history: str = ""
    expect: dict[str, tuple[str | int, ...]] = {}
    expect_text: dict[str, Wanted] = {}


class TaskSet(BaseModel):
    """The tasks as shipped in ``fitness_tasks.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    system: str
    tools: dict[str, Schema]
    tasks: tuple[Task, ...]

    def messages(self, task: Task) -> list[BaseMessage]:
        """The prompt of a task; the system part is the same for all, so that the prompt cache serves them."""
        parts = [f"Goal: {task.goal}", task.history, f"Tools on offer: {', '.join(task.tools)}. Next step as JSON."]
        return [SystemMessage(self.system), HumanMessage("\n".join(part for part in parts if part))]

    def schema_of(self, task: Task) -> Schema:
        """The live schema of a task: one branch for each tool on offer."""
        branches = [_branch(name, self.tools[name]) for name in task.tools]
        return branches[0] if len(branches) == 1 else {"type": "object", "anyOf": branches}


def _branch(tool: str, args: Schema) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["thought", "tool", "args"],
        "properties": {"thought": {"type": "string", "maxLength": 120}, "tool": {"const": tool}, "args": args},
    }


class Outcome(BaseModel):
    """What came of a task: ``right`` of ``checks`` expectations held."""

    model_config = ConfigDict(frozen=True)
    task: Task
    valid: bool
    right: int
    checks: int
    wrong: str = ""

    @property
    def passed(self) -> bool:
        """All expectations held."""
        return self.valid and self.right == self.checks


def shipped_tasks() -> TaskSet:
    """The tasks of this version."""
    text = resources.files("clawdbot.models").joinpath("fitness_tasks.json").read_text("utf-8")
    return TaskSet.model_validate_json(text)


def check(rung: Rung, *, home: Path, tasks: TaskSet | None = None, seen: Seen | None = None) -> FitnessCard:
    """Run the tasks on ``rung`` and store the card under ``home``; under four minutes for 1.5B on two cores.

    Raises ModelUnavailable when the model cannot be reached at all.
    """
    tasks = tasks or shipped_tasks()
    start = time.monotonic()
    prompt_speed, speed = measure_speed(rung)
    outcomes = []
    for number, task in enumerate(tasks.tasks, 1):
        if seen is not None:
            seen(task.id, number, len(tasks.tasks))
        outcomes.append(_try(rung, tasks, task))
    found, tested = effective_context(rung, prompt_speed)
    card = FitnessCard(
        name=rung.name,
        provider=rung.provider,
        model=rung.model,
        checked_at=datetime.now(UTC).isoformat(timespec="seconds"),
        tasks=len(outcomes),
        valid_rate=_rate([outcome.valid for outcome in outcomes]),
        argument_accuracy=_accuracy(outcomes),
        repair_rate=_rate([outcome.passed for outcome in outcomes if outcome.task.kind == "repair"]),
        stop_rate=_rate([outcome.passed for outcome in outcomes if outcome.task.kind == "stop"]),
        languages={language: _language(outcomes, language) for language in ("zh", "en")},
        context=rung.context,
        effective_context=found,
        tested_context=tested,
        prompt_tokens_per_s=round(prompt_speed, 1),
        tokens_per_s=round(speed, 1),
        failures=tuple(f"{outcome.task.id}: {outcome.wrong}" for outcome in outcomes if not outcome.passed),
        seconds=round(time.monotonic() - start, 1),
    )
    card.save(home)
    return card


def measure_speed(rung: Rung) -> tuple[float, float]:
    """Prompt and generation speed in tokens per second, measured from outside on one streamed answer."""
    facts = " ".join(f"Shelf {number} holds {number * 37 % 91} boxes." for number in range(1, 41))
    ask = [HumanMessage(f"{time.time_ns()} {facts}\nRetell this, shelf by shelf.")]  # the time keeps it out of caches
    start = time.monotonic()
    first = last = 0.0
    prompt = completion = 0
    for chunk in rung.chat.stream(ask, max_tokens=_SPEED_TOKENS):
        last = time.monotonic()
        first = first or last
        usage = getattr(chunk, "usage_metadata", None)
        if usage:
            prompt, completion = usage["input_tokens"], usage["output_tokens"]
    return prompt / max(first - start, 1e-3), (completion - 1) / max(last - first, 1e-3)


def effective_context(rung: Rung, prompt_speed: float) -> tuple[int, int]:
    """The largest prompts (tokens) in which the model found a sentence near the beginning, and that were tried."""
    found = tested = 0
    for size in _NEEDLE_SIZES:
        if size + _ANSWER_TOKENS > rung.context or (size - found) / max(prompt_speed, 1e-3) > _NEEDLE_BUDGET_S:
            break
        tested = size
        try:
            answer = complete_step(rung, _haystack(rung, size), _CODE, max_tokens=32, deadline_s=2 * _TASK_S)
        except ModelError:
            break
        if _CODE_TEXT not in str(answer.value["code"]):
            break
        found = size
    return found, tested


def _haystack(rung: Rung, size: int) -> list[BaseMessage]:
    """About ``size`` tokens with the needle near the start; a larger one begins with the smaller one (cache)."""
    lines = ["Delivery notes.", *(_delivery(number) for number in range(4)), _NEEDLE]
    each = rung.estimate_tokens(_delivery(100)) + 1
    used = rung.estimate_tokens("\n".join(lines)) + 60
    lines += [_delivery(number) for number in range(4, 4 + max(0, size - used) // each)]
    question = "What is the access code of warehouse Aurora? Answer as JSON with the key code."
    return [HumanMessage("\n".join([*lines, question]))]


def _delivery(number: int) -> str:
    goods = ("tea", "paper", "cables", "lamps", "tiles")[number % 5]
    return f"Delivery {1000 + number}: {number * 13 % 47 + 3} boxes of {goods} to gate {number % 9}."


def _try(rung: Rung, tasks: TaskSet, task: Task) -> Outcome:
    checks = len(task.expect) + len(task.expect_text)
    try:
        answer = complete_step(
            rung, tasks.messages(task), tasks.schema_of(task), max_tokens=_ANSWER_TOKENS, deadline_s=_TASK_S
        )
    except InvalidStep as error:
        return Outcome(task=task, valid=False, right=0, checks=checks, wrong=error.message)
    wrong = _differences(task, answer.value)
    return Outcome(task=task, valid=True, right=checks - len(wrong), checks=checks, wrong="; ".join(wrong))


def _differences(task: Task, value: Mapping[str, Any]) -> list[str]:
    wrong = []
    for path, allowed in task.expect.items():
        got = _at(value, path)
        if got not in allowed:
            wrong.append(f"{path} is {got!r}, not {allowed[0]!r}")
    for path, wanted in task.expect_text.items():
        text = str(_at(value, path) or "").lower()
        missing = [part for part in wanted.contains if part not in text]
        extra = [part for part in wanted.lacks if part in text]
        if missing or extra:
            wrong.append(f"{path} is {text[:120]!r}")
    return wrong


def _at(value: Mapping[str, Any], path: str) -> Any:
    found: Any = value
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _rate(passed: Sequence[bool]) -> float:
    return round(sum(passed) / len(passed), 3) if passed else 0.0


def _accuracy(outcomes: Sequence[Outcome]) -> float:
    checks = sum(outcome.checks for outcome in outcomes)
    return round(sum(outcome.right for outcome in outcomes) / checks, 3) if checks else 0.0


def _language(outcomes: Sequence[Outcome], language: str) -> LanguageScore:
    mine = [outcome for outcome in outcomes if outcome.task.language == language]
    return LanguageScore(
        tasks=len(mine),
        valid_rate=_rate([outcome.valid for outcome in mine]),
        argument_accuracy=_accuracy(mine),
        passed_rate=_rate([outcome.passed for outcome in mine]),
    )
