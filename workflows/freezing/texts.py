"""Texts that a model wrote in a run, as a ``write`` step: titles become templates, sentences are written anew."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from clawdbot.agents.facts import format_value
from clawdbot.text.figures import mentions, plain_text
from clawdbot.workflows.freezing.times import TimeInput, without_times
from clawdbot.workflows.writing.checking import MASK

_TITLE = frozenset({"title", "subject"})
_PURPOSE: Mapping[tuple[str, str], str] = {
    ("chart", "title"): "title of a chart",
    ("report", "title"): "title of a report",
    ("report", "summary"): "summary at the beginning of a report",
    ("mail", "subject"): "subject of a mail",
    ("mail", "body"): "text of a mail that goes with the results",
    ("finish", "answer"): "answer to the person who asked",
}
_LONGEST: Mapping[tuple[str, str], int] = {
    ("chart", "title"): 60, ("report", "title"): 80, ("report", "summary"): 600, ("mail", "subject"): 100,
    ("mail", "body"): 700, ("finish", "answer"): 800,
}  # fmt: skip
_FIGURE = re.compile(r"\d[\d,.'’]*\d|\d")


@dataclass(kw_only=True)
class Texts:
    """The ``texts`` of a write step while they are collected; ``frames`` are the results of the run."""

    step_id: str
    times: tuple[TimeInput, ...]
    frames: Sequence[pd.DataFrame]
    wanted: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, tool: str, argument: str, text: str) -> str:
        """Ask for a text in the place of that one; the template that gives it."""
        stem = f"{'answer' if tool == 'finish' else tool}_{argument}".replace("answer_answer", "answer")
        name, number = stem, 2
        while name in self.wanted:
            name, number = f"{stem}_{number}", number + 1
        made: dict[str, Any] = {
            "purpose": _PURPOSE.get((tool, argument), f"{argument} of {tool}"),
            "max_chars": _LONGEST.get((tool, argument), 600),
        }
        if argument in _TITLE:
            made = {"kind": "title", **made, **self._title(text)}
        else:
            made["example"] = self.masked(text)
        self.wanted[name] = made
        return f"{{{{ steps.{self.step_id}.output.{name} }}}}"

    def _title(self, text: str) -> dict[str, Any]:
        """As it was, with the time as a template; by a model when it says more than that."""
        template = " ".join(text.split())
        for given in self.times:
            template = without_times(template, [given], given.of("label"))
        bare = re.sub(r"\{\{.*?\}\}", " ", template)
        if mentions(bare) or any(name in bare for name in self._names()):
            return {"example": self.masked(text)}
        return {"plain": template, "model": False}

    def masked(self, text: str) -> str:
        """The text without what was true of then only: figures, names of rows, times."""
        shown = without_times(text, self.times, MASK)
        for name in sorted(self._names(), key=len, reverse=True):
            shown = shown.replace(name, MASK)
        for mention in sorted({m.text for m in mentions(plain_text(shown), plain=True)}, key=len, reverse=True):
            shown = shown.replace(mention, MASK)
        shown = _FIGURE.sub(MASK, shown)
        return re.sub(rf"{MASK}(?:[\s,.，、-]*{MASK})+", MASK, shown).replace("{{", "{").replace("{%", "{")

    def _names(self) -> Iterable[str]:
        """Names of rows of the results."""
        found: set[str] = set()
        for frame in self.frames:
            for column in frame.columns:
                if not pd.api.types.is_numeric_dtype(frame[column]):
                    found |= {format_value(v) for v in frame[column].head(100)}
        return {name for name in found if len(name) > 1}
