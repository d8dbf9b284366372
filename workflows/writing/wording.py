"""Plain sentences that stand where no model writes: code states what the results hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from clawdbot.agents.facts import facts
from clawdbot.text.language import Language
from clawdbot.text.sentences import sentence_spans
from clawdbot.tools.database.absent import found_nothing
from clawdbot.tools.workspace import TableInfo
from clawdbot.workflows.writing.wanted import WantedText, Write

Results = Sequence[tuple[TableInfo, pd.DataFrame]]

_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "opening": "{label} {about}：", "nothing": "没有符合条件的数据。", "titled": "{title}：{said}", "title": "结果",
        "joined": "{label} {about}",
    },
    "en": {
        "opening": "{about}{label}:", "nothing": "No rows match.", "titled": "{title}: {said}", "title": "Results",
        "joined": "{about}{label}",
    },
}  # fmt: skip


def plain_text(wanted: WantedText, write: Write, results: Results, language: Language) -> str:
    """One text without a model, at most as long as it may be: a title in a line, or an opening with the facts."""
    if wanted.kind == "title":
        return _cut_line(wanted.plain or _named(write, language, "joined"), wanted.max_chars)
    if wanted.plain:  # it says what there is; figures are added where there are some
        results = [(info, frame) for info, frame in results if _has_figures(info)]
    opening = wanted.plain or _named(write, language, "opening")
    return _cut_sentences([opening, *_facts(results, language), *write.spoken], wanted.max_chars, language)


def _has_figures(info: TableInfo) -> bool:
    return any(c.kind in ("number", "integer") for c in info.columns)


def is_nothing(results: Results) -> bool:
    """There are results, and none of them holds anything."""
    return bool(results) and all(found_nothing(frame) for _, frame in results)


def _facts(results: Results, language: Language) -> Iterator[str]:
    words = _WORDS[language]
    for info, frame in results:
        said = words["nothing"] if found_nothing(frame) else " ".join(facts(info, frame, language))
        title = (info.title or info.name).replace("_", " ")
        yield words["titled"].format(title=title, said=said) if len(results) > 1 else said


def _named(write: Write, language: Language, form: str) -> str:
    label = write.period.label if write.period is not None and not isinstance(write.period, str) else ""
    words = _WORDS[language]
    if language == "en" and label and write.about:
        label = f", {label}"
    return words[form].format(about=write.about or ("" if label else words["title"]), label=label).strip()


def _cut_line(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _cut_sentences(pieces: Sequence[str], limit: int, language: Language) -> str:
    """Whole sentences as long as they fit; of the first at least its beginning."""
    gap = "" if language == "zh" else " "
    sentences = [piece[a:b] for piece in pieces for a, b in sentence_spans(piece)]
    text = ""
    for sentence in sentences:
        longer = f"{text}{gap}{sentence}" if text else sentence
        if len(longer) > limit:
            break
        text = longer
    return text or _cut_line(" ".join(sentences), limit)
