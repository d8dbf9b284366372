"""What a check found out about a model, stored for later choices, and its explanation in words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError


class LanguageScore(BaseModel):
    """Shares from 0 to 1 over the tasks of one language."""

    model_config = ConfigDict(frozen=True)
    tasks: int
    valid_rate: float
    argument_accuracy: float
    passed_rate: float


class FitnessCard(BaseModel):
    """Shares from 0 to 1; context in tokens; ``effective_context`` is the largest prompt in which a
    fact was found, ``tested_context`` the largest that was tried; ``failures`` are 'task: what was wrong'."""

    model_config = ConfigDict(frozen=True)
    name: str
    provider: str
    model: str
    checked_at: str
    tasks: int
    valid_rate: float
    argument_accuracy: float
    repair_rate: float
    stop_rate: float
    languages: dict[Literal["zh", "en"], LanguageScore]
    context: int
    effective_context: int
    tested_context: int
    prompt_tokens_per_s: float
    tokens_per_s: float
    failures: tuple[str, ...]
    seconds: float

    def save(self, home: Path) -> Path:
        """Store the card where :func:`load_card` finds it."""
        path = card_file(home, self.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.model_dump_json(indent=2), "utf-8")
        return path


def card_file(home: Path, name: str) -> Path:
    """Where the card of model ``name`` lives."""
    return home / "models" / "fitness" / f"{re.sub(r'[^A-Za-z0-9._-]+', '_', name)}.json"


def load_card(home: Path, name: str) -> FitnessCard | None:
    """The stored card; None when the model was never checked, or by a version that wrote other cards."""
    try:
        return FitnessCard.model_validate_json(card_file(home, name).read_text("utf-8"))
    except (FileNotFoundError, ValidationError):
        return None


_GOOD = 0.9
_FAIR = 0.7
_SLOW = 8.0
_STEP_PROMPT = 2000

_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "head": "{name}: {valid:.0%} of {tasks} test steps were valid, {accuracy:.0%} of their arguments right.",
        "good": "Fit for unattended runs.",
        "fair": "Fit for simple goals; look at the results of long ones.",
        "poor": "Not fit for runs of several steps: take a larger model.",
        "repair": "It mends a failed step in {rate:.0%} of the cases.",
        "stop": "It stops when the work is done in {rate:.0%} of the cases; the planner's guards do the rest.",
        "speed": "{prompt:.0f} tokens/s reading, {speed:.0f} tokens/s writing: about {step:.0f} s for a typical step.",
        "slow": "This is slow: a smaller model, more cores or an Ollama server with a GPU would help.",
        "context": "It finds facts in prompts of up to {effective} of its {context} tokens.",
        "untested": "Larger prompts were not tried.",
        "context_poor": "It lost a fact in a prompt of {limit} tokens: keep goals and table descriptions short.",
        "weaker": "It is weaker in {language} ({rate:.0%} of the tasks) than in the other language ({other:.0%}).",
        "zh": "Chinese",
        "en": "English",
    },
    "zh": {
        "head": "{name}:{tasks} 个测试步骤中 {valid:.0%} 有效,参数正确率 {accuracy:.0%}。",
        "good": "可以无人值守地运行。",
        "fair": "适合简单的目标;较长的任务请检查结果。",
        "poor": "不适合多步任务,请换用更大的模型。",
        "repair": "出错后能改正的比例为 {rate:.0%}。",
        "stop": "工作完成后能停下的比例为 {rate:.0%};其余由规划器的保护措施处理。",
        "speed": "读取 {prompt:.0f} 词元/秒,生成 {speed:.0f} 词元/秒:一个典型步骤约需 {step:.0f} 秒。",
        "slow": "速度较慢:可以换用更小的模型、更多的处理器核,或带 GPU 的 Ollama 服务器。",
        "context": "在不超过 {effective} 词元的提示中能找到事实(窗口为 {context} 词元)。",
        "untested": "更大的提示没有测试。",
        "context_poor": "在 {limit} 词元的提示中丢失了事实:请让目标和表说明保持简短。",
        "weaker": "它的{language}较弱(通过 {rate:.0%}),另一种语言为 {other:.0%}。",
        "zh": "中文",
        "en": "英文",
    },
}


def explain(card: FitnessCard, language: Literal["zh", "en"]) -> list[str]:
    """The card in sentences, the verdict second."""
    words = _WORDS[language]
    score = min(card.valid_rate, card.argument_accuracy)
    verdict = "good" if score >= _GOOD else "fair" if score >= _FAIR else "poor"
    step = _STEP_PROMPT / 4 / max(card.prompt_tokens_per_s, 0.1) + 80 / max(card.tokens_per_s, 0.1)
    lines = [
        words["head"].format(name=card.name, valid=card.valid_rate, tasks=card.tasks, accuracy=card.argument_accuracy),
        words[verdict],
        words["repair"].format(rate=card.repair_rate),
        words["stop"].format(rate=card.stop_rate),
        words["speed"].format(prompt=card.prompt_tokens_per_s, speed=card.tokens_per_s, step=step),
    ]
    if card.tokens_per_s < _SLOW:
        lines.append(words["slow"])
    lines.append(_context_line(card, words))
    lines.extend(_weaker(card, words))
    return lines


def _context_line(card: FitnessCard, words: dict[str, str]) -> str:
    if card.effective_context < card.tested_context:
        return words["context_poor"].format(limit=card.tested_context)
    line = words["context"].format(effective=card.effective_context, context=card.context)
    return line if 2 * card.effective_context >= card.context else f"{line} {words['untested']}"


def _weaker(card: FitnessCard, words: dict[str, str]) -> list[str]:
    chinese, english = card.languages["zh"].passed_rate, card.languages["en"].passed_rate
    if abs(chinese - english) < 0.2:
        return []
    weak = "zh" if chinese < english else "en"
    rates = (chinese, english) if weak == "zh" else (english, chinese)
    return [words["weaker"].format(language=words[weak], rate=rates[0], other=rates[1])]
