"""What a workflow's run says itself, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

from clawdbot.text.language import Language

_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "blocked": "没有执行：步骤 {step} 未完成。",
        "condition": "条件不成立，没有执行。",
        "time": "没有执行：工作流的 {seconds} 秒时间已用完。",
        "budget": "没有执行：工作流的预算 {budget} 美元已用完。",
        "drifted": "与固化时相比已有变化：{changes}",
        "items": "{total} 项中完成 {done} 项",
        "asked": "工作流步骤 {step} 需要批准：",
        "goal": "目标：{goal}",
        "write": "撰写文字：{names}",
        "refused": "步骤被人工拒绝（{by}）。{reason}",
        "expired": "在期限内无人批准，步骤视为被拒绝。",
        "failed": "步骤 {position}：{error}",
        "output": "输出 {name}：{error}",
        "done": "{title}：{count} 个步骤已完成。",
    },
    "en": {
        "blocked": "Not done: step {step} did not succeed.",
        "condition": "Its condition does not hold; nothing was done.",
        "time": "Not done: the {seconds} seconds of the workflow are used up.",
        "budget": "Not done: the workflow's budget of {budget} USD is used up.",
        "drifted": "What the step was frozen on has changed: {changes}",
        "items": "{done} of {total} done",
        "asked": "Step {step} of the workflow wants approval:",
        "goal": "Goal: {goal}",
        "write": "Texts to write: {names}",
        "refused": "The step was rejected by a person ({by}). {reason}",
        "expired": "Nobody approved the step in time, so it counts as rejected.",
        "failed": "step {position}: {error}",
        "output": "output {name}: {error}",
        "done": "{title}: {count} steps done.",
    },
}


def words(language: Language) -> Mapping[str, str]:
    """The sentences of a language, with placeholders."""
    return _WORDS[language]
