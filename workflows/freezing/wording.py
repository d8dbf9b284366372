"""The goal of a run in words that hold for other times: a title, and what a planner is asked when a query drifted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clawdbot.agents.brief import Brief
from clawdbot.text.language import Language
from clawdbot.tools.database.catalog import Catalog
from clawdbot.tools.database.lexicon import split_name
from clawdbot.tools.database.measures import Measure
from clawdbot.workflows.freezing.times import TimeInput, without_times

_STAND_IN: dict[Language, str] = {"zh": "该期间", "en": "the period"}
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_HAN = re.compile(r"[\u3400-\u9fff]")
_LANGUAGES = frozenset({"zh", "cn", "en"})
_LONGEST = 120
_GRAINS: dict[str, str] = {"day": "日", "week": "周", "month": "月", "quarter": "季度", "year": "年"}
_WORDS: dict[Language, dict[str, str]] = {
    "zh": {"by": "，按{0}", "per": "，按{0}统计", "where": "，{0}", "limit": "，前 {0} 名", "time": "，{0}",
           "and": "和"},
    "en": {"by": " by {0}", "per": " per {0}", "where": ", where {0}", "limit": ", top {0}", "time": ", {0}",
           "and": " and "},
}  # fmt: skip


def title_of(brief: Brief, times: Sequence[TimeInput]) -> str:
    """The goal in short, without the time that it named and without addresses."""
    text = without_times(" ".join(brief.goal.split()), times, _STAND_IN[brief.language])
    text = _ADDRESS.sub("", text).strip()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


@dataclass(frozen=True, kw_only=True)
class Names:
    """What people call measures and columns: a word of the configuration in the language, else the name's own words."""

    words: Mapping[str, Sequence[str]]
    language: Language

    @classmethod
    def of(cls, catalog: Catalog, measures: Mapping[str, Measure], language: Language) -> Names:
        """The words of one database."""
        return cls(words={**catalog.words, **{name: m.words for name, m in measures.items()}}, language=language)

    def name(self, name: str) -> str:
        """'regions.name' is the region, 'orders.order_date' the order date."""
        said = (w for w in self.words.get(name, ()) if bool(_HAN.search(w)) == (self.language == "zh"))
        found = next(said, "")
        return found or _column(name)


def question_of(query: Mapping[str, Any], times: Sequence[TimeInput], names: Names) -> str:
    """A goal that asks for the data of a fixed query and for nothing else: no chart, no report, no mail.

    ``query`` is the argument of ``typed_query`` with its templates.
    """
    language = names.language
    words = _WORDS[language]
    asked = [_measure(m, names) for m in query.get("measures", ())] or [names.name(c) for c in query.get("columns", ())]
    pieces = [words["and"].join(asked)]
    if query.get("by"):
        pieces.append(words["by"].format(words["and"].join(names.name(c) for c in query["by"])))
    if query.get("per"):
        grain = str(query["per"])
        pieces.append(words["per"].format(_GRAINS[grain] if language == "zh" else grain))
    pieces += [words["where"].format(c) for c in _conditions(query, names)]
    if query.get("limit"):
        pieces.append(words["limit"].format(query["limit"]))
    used = [t for t in times if any(t.of("label") == p.get("label") for p in query.get("periods", ()))]
    if used:
        pieces.append(words["time"].format(words["and"].join(t.spoken(language) for t in used)))
    return "".join(pieces)


def question_of_sql(
    args: Mapping[str, Any], columns: Sequence[str], times: Sequence[TimeInput], language: Language
) -> str:
    """The same for ``bound_sql``: its title and its columns."""
    words = _WORDS[language]
    title = without_times(str(args["title"]), times, " ")
    for given in times:
        title = title.replace(given.of("label"), " ")
    said = f"{' '.join(title.replace('_', ' ').split())}: {', '.join(columns)}"
    used = [t for t in times if any(f"inputs.{t.name}." in str(v) for v in args["parameters"].values())]
    if not used:
        return said
    return said + words["time"].format(words["and"].join(t.spoken(language) for t in used))


def _measure(measure: Mapping[str, Any], names: Names) -> str:
    name = names.name(str(measure["of"]))
    return f"{measure['how']} {name}" if measure.get("how") else name


def _column(name: str) -> str:
    table, _, own = name.rpartition(".")
    words = split_name(own)
    if table and words and words[0] in ("name", "title", "id"):
        words = (*split_name(table), *(w for w in words[1:] if w not in _LANGUAGES))
    return " ".join(words)


def _conditions(query: Mapping[str, Any], names: Names) -> Iterator[str]:
    for given in query.get("filters", ()):
        value = given.get("value", given.get("other_column", given.get("values", "")))
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        yield " ".join((names.name(str(given["column"])), str(given.get("op", "=")), shown)).strip()
