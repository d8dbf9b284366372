"""A question as the indexes are asked it: terms with weights, the text that is embedded, and what it says of time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from clawdbot.knowledge.lexical.terms import Terms
from clawdbot.knowledge.lexical.tokens import plain, tokens
from clawdbot.knowledge.retrieval.glossary import Glossary, Synonyms
from clawdbot.text.language import Language, detect, normalise

_ADDED = 0.5
"""Weight of a term from the glossary; the asker's own have 1."""
_FAINT = 0.25
"""Weight of a pair of characters that a particle is part of: it tells little, and words such as 目的 need it."""

_ASKING = re.compile(
    r"请问|请告诉我|告诉我|我想知道|我想问一?下?|请教|"
    r"什么样|是什么|什么|哪一[个年位种项款条天]|哪[个些位里儿年种项款条天]|是谁|谁|"
    r"怎么样|怎么办|怎样|怎么|如何|多少|多久|多长|多大|多高|几[个年天次种条]|是否|是不是|有没有|能不能|可不可以|"
    r"为什么|为何|何时|何地|何种|[吗呢吧么啊]"
)
"""Words that make a sentence a question and are in no document for it."""
_PARTICLES = frozenset("的了是在有和与及或被把由对从到为以其这那该于等")
_FUNCTION_WORDS = frozenset(
    tokens(
        """a an the of in on at to for from by with as into about over under between after before during per via
        is are was were be been being am do does did done have has had can could will would shall should may might must
        what which who whom whose when where why how many much long often and or but if than then because while
        that this these those it its they them their he she his her him we our you your i my me there here
        not no so such also any some all each other another one please tell know want need find show give explain"""
    )
)
"""English words without content, as terms."""

_NEWEST = re.compile(
    r"最新|最近|现行|当前|目前|现在|今年|\b(?:latest|newest|most recent|current(?:ly)?|up[- ]to[- ]date|nowadays)\b",
    re.I,
)
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_CAPITALS = re.compile(r"\b[A-Z]{2,}\b")


@dataclass(frozen=True, kw_only=True)
class Question:
    """``text`` is normalised; ``embedded`` also names what the glossary adds; ``years`` are those that it speaks of."""

    text: str
    embedded: str
    language: Language
    terms: Terms
    synonyms: tuple[Synonyms, ...]
    newest: bool
    years: frozenset[int]


def read(text: str, glossary: Glossary) -> Question:
    """What a question asks for; one that is all question words and particles is taken at its letters."""
    clean = normalise(text)
    synonyms = glossary.found_in(clean)
    others = list(dict.fromkeys(word for found in synonyms for word in found.others))
    return Question(
        text=clean,
        embedded=f"{clean} ({', '.join(others)})" if others else clean,
        language=detect(clean),
        terms=Terms(own=_own(clean), added=_added(others)),
        synonyms=synonyms,
        newest=_NEWEST.search(clean) is not None,
        years=frozenset(int(year) for year in _YEAR.findall(clean)),
    )


def _own(text: str) -> dict[str, float]:
    asked = tokens(_ASKING.sub(" ", plain(text)))
    # 'IT' and 'WHO' are names; in a text of capitals only, nothing can be told from them.
    names = set() if text.isupper() else {word.lower() for word in _CAPITALS.findall(text)}
    content = {term: _weight(term) for term in asked if term not in _FUNCTION_WORDS or term in names}
    return content or dict.fromkeys(tokens(text), 1.0)


def _weight(term: str) -> float:
    return _FAINT if len(term) == 2 and not _PARTICLES.isdisjoint(term) else 1.0


def _added(words: Sequence[str]) -> dict[str, float]:
    return {term: _ADDED * _weight(term) for word in words for term in tokens(word)}
