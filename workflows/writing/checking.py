"""What is wrong with a text that a model wrote about results: numbers, names, deeds, other times, language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from clawdbot.agents.attribution import misattributed
from clawdbot.agents.claims import unsupported_claims
from clawdbot.agents.periods import Period, find_periods
from clawdbot.text.language import Language, is_in
from clawdbot.tools.numbers import unsupported_numbers
from clawdbot.workflows.writing.wanted import About, WantedText

MASK = "▢"
"""Stands in an example where a figure, a name of a time or another fact of then was."""

_SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a text may state: the cells of the results, words that may be quoted, and the time they are of."""

    frames: Sequence[pd.DataFrame]
    quotable: Sequence[str]
    period: About | None
    deeds: frozenset[str]
    today: date
    language: Language

    def complaint(self, text: str, wanted: WantedText) -> str:
        """What is wrong with a text, in one line that a model can mend; empty when nothing is."""
        if not text.strip():
            return "it is empty"
        if MASK in text:
            return f"it holds {MASK}, which stands for a figure of the example"
        if wanted.kind == "title" and "\n" in text.strip():
            return "a title has one line"
        wrong = [
            *unsupported_numbers(text, self.frames, context=self._context()),
            *unsupported_claims(text, self.deeds),
            *misattributed(text, self.frames),
            *self._other_times(text),
        ]
        if wrong:
            return "no result supports: " + ", ".join(dict.fromkeys(wrong[:_SHOWN]))
        if not is_in(text, self.language):
            return "it must be in Chinese (简体中文)" if self.language == "zh" else "it must be in English"
        return ""

    def _context(self) -> list[str]:
        times = [] if self.period is None else [self.period.label, f"{self.period.start} {self.period.end}"]
        return [*self.quotable, *times]

    def _other_times(self, text: str) -> list[str]:
        """Times that the text names, and that neither are in the period nor stand in the results."""
        if self.period is None:
            return []
        named = (p for p in find_periods(text, self.today) if not self._is_of(p, self.period))
        return [p.mention for p in named if not self._in_results(p)]

    def _is_of(self, found: Period, wanted: About) -> bool:
        if (
            found.start
            and found.end
            and (found.end - found.start).days <= 1
            and not any(map(str.isdigit, found.mention))
        ):
            return True  # 'today' speaks of the day of writing
        begins = found.start is None or wanted.end is None or found.start < wanted.end
        ends = found.end is None or wanted.start is None or found.end > wanted.start
        return begins and ends

    def _in_results(self, found: Period) -> bool:
        words = {found.mention.lower(), found.label.lower()}
        cells = (str(v).lower() for frame in self.frames for c in frame.columns for v in (c, *frame[c].head(200)))
        return any(word and word in cell for cell in cells for word in words)
