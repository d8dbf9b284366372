"""When a run must stop: steps, time, tokens, models that give no valid step; and calls made before.  Money is watched
where models are asked, since free ones go on without it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from clawdbot.agents.steps import Step
from clawdbot.config import Config
from clawdbot.text.language import Language

StopKind = Literal["steps", "deadline", "budget", "model", "refused"]

INVALID_LIMIT = 2
"""Invalid steps in a row that end a run; in each one every model of the ladder had its repair."""

_REASONS: dict[Language, dict[str, str]] = {
    "zh": {
        "steps": "达到步数上限（[planner] max_steps = {limit}）",
        "deadline": "超过时间上限（[planner] deadline_s = {limit}）",
        "tokens": "用完了本次任务的令牌预算（[budget] task_tokens = {limit}）",
        "budget": "费用预算已用完：{limit}",
        "model": "模型没有给出可用的步骤：{limit}",
    },
    "en": {
        "steps": "the step limit was reached ([planner] max_steps = {limit})",
        "deadline": "the time limit was reached ([planner] deadline_s = {limit})",
        "tokens": "the token budget of the run is used up ([budget] task_tokens = {limit})",
        "budget": "the money is used up: {limit}",
        "model": "the model gave no usable step: {limit}",
    },
}  # fmt: skip


def reason_text(key: str, limit: object, language: Language) -> str:
    """The sentence for a stop, in the goal's language."""
    return _REASONS[language][key].format(limit=limit)


def should_stop(
    steps: Sequence[Step], config: Config, *, elapsed_s: float, language: Language
) -> tuple[StopKind, str] | None:
    """The first limit that is reached, or None."""
    if len(steps) >= config.planner.max_steps:
        return "steps", reason_text("steps", config.planner.max_steps, language)
    if elapsed_s >= config.planner.deadline_s:
        return "deadline", reason_text("deadline", config.planner.deadline_s, language)
    tokens = sum(s.prompt_tokens + s.completion_tokens for s in steps)
    if tokens >= config.budget.task_tokens:
        return "budget", reason_text("tokens", config.budget.task_tokens, language)
    last = steps[-INVALID_LIMIT:]
    if len(last) == INVALID_LIMIT and all(s.outcome == "invalid" for s in last):
        return "model", reason_text("model", last[-1].observation[:160], language)
    return None


def call_key(tool: str, args: Mapping[str, Any]) -> str:
    """A call as text, the same for the same tool and arguments."""
    return json.dumps([tool, args], ensure_ascii=False, sort_keys=True)


def repeated(tool: str, args: Mapping[str, Any], steps: Sequence[Step], *, part: int) -> Step | None:
    """The earlier step that made the same call for the same part of the goal, or None."""
    key = call_key(tool, args)
    for step in steps:
        if step.outcome not in ("repeat", "timeout") and step.part == part and call_key(step.tool, step.args) == key:
            return step
    return None
