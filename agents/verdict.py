"""The verdict, computed from receipts without a model: verified, partial or failed, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from clawdbot.agents.attribution import misattributed
from clawdbot.agents.brief import Brief
from clawdbot.agents.claims import unsupported_claims
from clawdbot.agents.progress import AnyTool, Progress, is_delivered
from clawdbot.agents.steps import Step
from clawdbot.text.language import Language
from clawdbot.tools.contract import Deliverable
from clawdbot.tools.numbers import unsupported_numbers

Verdict = Literal["verified", "partial", "failed"]

_NAMES: dict[Language, dict[str, str]] = {
    "zh": {
        "passages": "文档依据", "table": "导出文件", "chart": "图表", "report": "PDF 报告", "mail": "邮件",
        "answer": "回答",
    },
    "en": {
        "passages": "words of a document", "table": "exported file", "chart": "chart", "report": "PDF report",
        "mail": "mail", "answer": "answer",
    },
}  # fmt: skip
_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "open": "缺少{what}", "because": "（{why}）", "data": "没有得到可靠的数据：{what}",
        "refused": "未执行：“{what}”。数据库只读，没有任何数据被修改",
        "unknown": "不知道{what}的邮件地址，请在 [mail.contacts] 中添加",
        "text": "模型的回答含有没有依据的内容（{what}），已由程序改写",
        "nothing": "回答没有数据来源",
        "tool": "工具 {what} 没有成功",
    },
    "en": {
        "open": "no {what}", "because": " ({why})", "data": "no reliable data for: {what}",
        "refused": "not done: {what!r}. Databases are read-only here; nothing was changed",
        "unknown": "no mail address is known for {what}; add it to [mail.contacts]",
        "text": "the model stated what no result supports ({what}); its answer was replaced",
        "nothing": "the answer rests on no data",
        "tool": "the tool {what} did not succeed",
    },
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """A verdict with the sentences that explain it, in the goal's language."""

    verdict: Verdict
    missing: tuple[str, ...] = ()


def check_text(
    text: str, frames: Sequence[pd.DataFrame], brief: Brief, done: frozenset[str], *, quotes: Sequence[str] = ()
) -> list[str]:
    """What a text states without support: numbers that no result holds or that belong
    to another row, deeds without a receipt.  ``quotes``: words of tools that may be repeated."""
    context = [*quotes, brief.goal, brief.today.isoformat(), *(p.label for part in brief.parts for p in part.periods)]
    return [
        *unsupported_numbers(text, frames, context=context),
        *unsupported_claims(text, done),
        *misattributed(text, frames),
    ]


def rule(
    brief: Brief,
    steps: Sequence[Step],
    progress: Progress,
    tools: Mapping[str, AnyTool],
    *,
    answer: str,
    replaced: Sequence[str] = (),
    stopped: str = "",
    not_found: Sequence[str] = (),
) -> Ruling:
    """The verdict of a run.  ``replaced``: unsupported statements for which the answer was rewritten;
    ``stopped``: why a guard ended the run, empty when it ended by itself; ``not_found``: questions that no document
    answers."""
    words = _WORDS[brief.language]
    missing: list[str] = [stopped] if stopped else []
    missing += [words["refused"].format(what=w) for w in brief.refused]
    missing += [words["data"].format(what=brief.parts[p].text) for p in progress.unresolved]
    missing += [_open(kind, brief, steps, tools) for kind in progress.open if kind != "answer" or not answer]
    missing += not_found
    missing += _own_failures(brief, steps, tools)
    missing += [words["unknown"].format(what=name) for name in brief.unknown_recipients]
    if replaced:
        missing.append(words["text"].format(what=", ".join(replaced)[:200]))
    receipts = [s for s in steps if s.ok and s.receipt]
    if not receipts and not missing:
        missing.append(words["nothing"])
    if not missing:
        return Ruling(verdict="verified")
    return Ruling(verdict="partial" if receipts else "failed", missing=tuple(missing))


def _open(kind: Deliverable, brief: Brief, steps: Sequence[Step], tools: Mapping[str, AnyTool]) -> str:
    words = _WORDS[brief.language]
    sentence = words["open"].format(what=_NAMES[brief.language][kind])
    tried = [s for s in steps if not s.ok and s.tool in tools and tools[s.tool].provides == kind]
    return sentence + (words["because"].format(why=tried[-1].observation[:240]) if tried else "")


def _own_failures(brief: Brief, steps: Sequence[Step], tools: Mapping[str, AnyTool]) -> list[str]:
    """The person's own tools that were called and never succeeded."""
    words = _WORDS[brief.language]
    succeeded = {s.tool for s in steps if s.ok}
    last = {s.tool: s for s in steps if s.tool in tools and tools[s.tool].provides is None and s.outcome != "repeat"}
    return [
        words["tool"].format(what=name) + words["because"].format(why=step.observation[:240])
        for name, step in last.items()
        if name not in succeeded
    ]


def done_kinds(brief: Brief, steps: Sequence[Step], tools: Mapping[str, AnyTool]) -> frozenset[str]:
    """Deliverables that have their receipts: the deeds that a text may claim."""
    kinds: tuple[Deliverable, ...] = ("table", "chart", "report", "mail")
    made = {t.provides for s in steps if s.ok and s.receipt and (t := tools.get(s.tool)) is not None}
    return frozenset(k for k in kinds if k in made and (k != "mail" or is_delivered(k, brief, steps, tools)))


def refusal(brief: Brief) -> str:
    """The answer to a goal that only asks for a change of data."""
    asked = "; ".join(brief.refused)
    if brief.language == "zh":
        return (
            f"我没有执行这个请求：“{asked}”。Clawdbot 只能读取数据库，不能修改数据；"
            "没有任何数据被改动。请由有权限的人在业务系统中处理。"
        )
    return (
        f"I did not do this: {asked!r}. Clawdbot only reads databases and cannot change data; nothing was changed. "
        "Please ask someone with the rights to do it in the business system."
    )
