"""What a run found in documents: the quotes it stands on, questions that none answers, and how an answer cites them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clawdbot.agents.steps import Step
from clawdbot.config import LABELS, Label
from clawdbot.knowledge.evidence.statement import Statement
from clawdbot.knowledge.evidence.support import overlap, terms, unsupported
from clawdbot.text.language import Language, detect
from clawdbot.text.sentences import sentence_spans

SEARCH, QUOTE = "search_knowledge", "quote"

_BLANK = re.compile(
    r"[$¥€]\s?X+\b|\bX+\s?[%元天日]|\b[XY]{2,}\b|_{3,}|[\[<【](?:amount|number|name|date|金额|数字|姓名|日期)[\]>】]",
    re.I,
)
"""A place that a small model leaves to be filled in, where the quotes have the figure."""

_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "nothing": "文档中没有找到“{question}”的答案（已搜索 {documents} 份文档）。",
        "nearest": "最接近的文档：{titles}，其中没有说明这一点。",
        "hidden": "可能有相关文档，但您没有查看权限；请联系文档负责人。",
        "differs": "注意，另一份文档的说法不同：",
        "newer": "（较新）",
        "older": "（较旧）",
        "from": "{title}（{where}）：{text}",
        "original": "原文：{text}",
    },
    "en": {
        "nothing": "No document answers {question!r} ({documents} documents were searched).",
        "nearest": "The nearest ones do not say it: {titles}.",
        "hidden": "There may be documents about this that you may not see; ask the people who own them.",
        "differs": "Note that another document says something else:",
        "newer": " (newer)",
        "older": " (older)",
        "from": "{title} ({where}): {text}",
        "original": "In the original: {text}",
    },
}


@dataclass(frozen=True, kw_only=True)
class Quotations:
    """A reading of the steps; computed anew each time."""

    quotes: tuple[Statement, ...]
    """Chosen statements, newer documents first where documents differ."""
    contradicting: tuple[Statement, ...]
    """Statements of other documents that say something else."""
    unanswered: tuple[dict[str, Any], ...]
    """Receipts of quote steps that chose nothing."""
    nearest: tuple[str, ...]
    """Titles of the documents that were found for questions without an answer."""
    done: int
    """Questions that were searched and judged."""

    @classmethod
    def of(cls, steps: Sequence[Step]) -> Quotations:
        """Read the steps of a run."""
        quotes: dict[tuple[str, str, int, int], Statement] = {}
        others: dict[tuple[str, str, int, int], Statement] = {}
        unanswered, nearest, done = [], [], 0
        searched: dict[str, Any] = {}
        for step in steps:
            receipt = dict(step.receipt or {})
            if not step.ok or step.tool not in (SEARCH, QUOTE):
                continue
            if step.tool == SEARCH:
                searched = receipt
                continue
            done += 1
            for body in receipt["quotes"]:
                statement = Statement.from_json(body)
                quotes.setdefault(statement.place, statement)
            for body in receipt["contradicting"]:
                statement = Statement.from_json(body)
                others.setdefault(statement.place, statement)
            if not receipt["quotes"]:
                unanswered.append(receipt)
                nearest += [str(s["title"]) for s in searched.get("statements", ())[:3]]
        kept = [s for s in others.values() if s.place not in quotes]
        return cls(
            quotes=tuple(quotes.values()),
            contradicting=tuple(kept),
            unanswered=tuple(unanswered),
            nearest=tuple(dict.fromkeys(nearest)),
            done=done,
        )

    @property
    def cited(self) -> tuple[Statement, ...]:
        """Everything that an answer may point to, in the order of its numbers: 1 is the first."""
        return (*self.quotes, *self.contradicting)

    def texts(self) -> list[str]:
        """The words that support a sentence."""
        return [f"{' '.join(s.headings)} {s.document} {s.dated} {s.text}" for s in self.cited]

    def label(self) -> Label:
        """The highest label of the quoted documents."""
        labels: list[Label] = [label for s in self.cited for label in LABELS if label == s.label]
        return max(labels, key=LABELS.index, default="public")

    def facts(self) -> str:
        """The quotes for a prompt, as data."""
        return "\n".join(
            f"[{n}] {s.text} ({' > '.join(s.headings or (s.title,))}{', in force from ' + s.dated if s.dated else ''})"
            for n, s in enumerate(self.cited, 1)
        )

    def wrong(self, answer: str, goal: str) -> list[str]:
        """What the answer states and no quote says."""
        return [
            missing
            for start, end in sentence_spans(answer)
            for missing in unsupported(answer[start:end], self.texts(), context=[goal])
        ]

    def adds_nothing(self, answer: str, goal: str) -> bool:
        """The answer only gives the question's own words back, though quotes in its language say something, or it
        leaves blanks."""
        if (blank := _BLANK.search(answer)) and blank[0] not in goal:
            return True
        language = detect(answer)
        quoted = {term for s in self.quotes if detect(s.text) == language for term in terms(s.text)}
        return bool(quoted) and not terms(answer) & quoted - terms(goal)

    def cite(self, answer: str) -> str:
        """The answer with the numbers of the quotes behind each sentence that stands on one."""
        if not self.quotes:
            return answer
        out, at = [], 0
        for start, end in sentence_spans(answer):
            sentence = answer[start:end]
            marks = "".join(f"[{n}]" for n in self._support(sentence))
            bare = sentence.rstrip("。.!！?？;；")
            out.append(answer[at:start] + (f"{bare}{marks}{sentence[len(bare) :]}" if marks else sentence))
            at = end
        return "".join(out) + answer[at:]

    def originals(self, language: Language) -> str:
        """The quotes as they stand, where they are in another language than the answer; empty otherwise."""
        line = _WORDS[language]["original"]
        foreign = [(n, s) for n, s in enumerate(self.quotes, 1) if detect(s.text) != language]
        return "\n".join(line.format(text=f"{s.text} [{n}]") for n, s in foreign)

    def _support(self, sentence: str) -> list[int]:
        """Numbers of the quotes that a sentence rests on: the best one, and those that add what it lacks."""
        texts = self.texts()[: len(self.quotes)]
        scored = sorted(((overlap(sentence, t), -n) for n, t in enumerate(texts, 1)), reverse=True)
        if len(scored) == 1:
            return [1]
        chosen: list[int] = []
        lacking = unsupported(sentence, [])
        for score, negative in scored:
            left = unsupported(sentence, [texts[n - 1] for n in (*chosen, -negative)])
            if not chosen and (score > 0 or len(left) < len(lacking)):
                chosen, lacking = [-negative], left
            elif chosen and len(left) < len(lacking):
                chosen, lacking = [*chosen, -negative], left
        return sorted(chosen) or [1]

    def verbatim(self, language: Language) -> str:
        """The quotes as they stand, each with its place: what is said when a model's words were not supported."""
        line = _WORDS[language]["from"]
        return "\n".join(
            line.format(title=s.title, where=s.locator, text=f"{s.text} [{n}]") for n, s in enumerate(self.quotes, 1)
        )

    def differences(self, language: Language) -> str:
        """A note with what other documents say, newer first; empty when they agree."""
        if not self.contradicting:
            return ""
        words = _WORDS[language]
        mine = max((s.dated for s in self.quotes), default="")
        lines = []
        for n, s in sorted(enumerate(self.contradicting, len(self.quotes) + 1), key=lambda p: p[1].dated, reverse=True):
            age = "" if not (mine and s.dated) or mine == s.dated else words["newer" if s.dated > mine else "older"]
            where = f"{s.locator}{', ' + s.dated if s.dated else ''}"
            lines.append("- " + words["from"].format(title=s.title + age, where=where, text=f"{s.text} [{n}]"))
        return "\n".join([words["differs"], *lines])

    def missing(self, language: Language) -> list[str]:
        """A sentence for each question that no document answers, with what was searched."""
        words = _WORDS[language]
        found = []
        for receipt in self.unanswered:
            text = words["nothing"].format(question=receipt["query"], documents=receipt["documents"])
            if receipt["hidden"]:
                text += " " + words["hidden"]
            elif self.nearest:
                text += " " + words["nearest"].format(titles=", ".join(self.nearest[:3]))
            found.append(text)
        return found

    def citations(self) -> list[dict[str, Any]]:
        """``citations`` of the result: document, version, place and words of every quote, by number."""
        return [
            {
                "n": n, "document": s.document, "locator": s.locator, "chunk": s.chunk, "version": s.version,
                "start": s.start, "end": s.end, "quote": s.quote, "title": s.title, "source": s.source, "uri": s.uri,
                "dated": s.dated,
            }
            for n, s in enumerate(self.cited, 1)
        ]  # fmt: skip
