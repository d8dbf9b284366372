"""Words: how names of tables and columns split, and which words of English and Chinese mean the same.

The concepts stand in ``lexicon.toml``; names of countries in both languages come from Unicode's CLDR (Babel).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise

from babel import Locale

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[\u3400-\u9fff]+")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_TOKEN = re.compile(r"[a-z]+(?:['’][a-z]+)?|[\u3400-\u9fff]+")
_IRREGULAR = {
    "people": "person",
    "salespeople": "salesperson",
    "men": "man",
    "women": "woman",
    "children": "child",
    "data": "data",
    "sales": "sales",
    "news": "news",
    "bonus": "bonus",
    "status": "status",
    "sold": "sold",
    "series": "series",
    "tax": "tax",
    "bought": "buy",
    "headquarters": "headquarters",
}
_ALIASES = {
    "USA": "US",
    "UK": "GB",
    "U.S.": "US",
    "U.S.A.": "US",
    "U.K.": "GB",
    "America": "US",
    "England": "GB",
    "Great Britain": "GB",
    "Britain": "GB",
    "Holland": "NL",
    "Korea": "KR",
    "UAE": "AE",
    "美利坚合众国": "US",
    "大不列颠": "GB",
    "英格兰": "GB",
    "南韩": "KR",
    "中国大陆": "CN",
}


@lru_cache(maxsize=16384)
def split_name(name: str) -> tuple[str, ...]:
    """The words of an identifier, lower case and singular: 'OrderDetails' -> ('order', 'detail')."""
    return tuple(stem(w) for w in _WORD.findall(name))


def stem(word: str) -> str:
    """The singular, lower-case form of an English word; Chinese stays as it is."""
    low = word.lower()
    if low in _IRREGULAR:
        return _IRREGULAR[low]
    if len(low) <= 3 or low.endswith(("ss", "us", "is")) or not low.endswith("s"):
        return low
    if low.endswith("ies"):
        return low[:-3] + "y"
    if low.endswith(("sses", "shes", "ches", "xes")):
        return low[:-2]
    return low[:-1]


@lru_cache(maxsize=1)
def concepts() -> dict[str, frozenset[str]]:
    """Concept -> its words; English words are stemmed word by word."""
    body = tomllib.loads(files(__package__).joinpath("lexicon.toml").read_text("utf-8"))
    return {
        name: frozenset(phrase_stem(w) for w in words) for section in body.values() for name, words in section.items()
    }


@lru_cache(maxsize=1)
def _by_word() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, words in concepts().items():
        for word in words:
            found.setdefault(word, set()).add(name)
    return {word: frozenset(names) for word, names in found.items()}


@lru_cache(maxsize=16384)
def phrase_stem(phrase: str) -> str:
    """A phrase with every English word stemmed."""
    return phrase if _CHINESE.search(phrase) else " ".join(stem(w) for w in phrase.split())


def concepts_of(word: str) -> frozenset[str]:
    """The concepts that a word or phrase means."""
    return _by_word().get(phrase_stem(word), frozenset())


@lru_cache(maxsize=4096)
def meanings(name: str) -> frozenset[str]:
    """The concepts of an identifier: of its words, its pairs of words and its whole."""
    words = split_name(name)
    phrases = (*words, *map(" ".join, pairwise(words)), " ".join(words))
    return frozenset(c for phrase in phrases for c in concepts_of(phrase))


@lru_cache(maxsize=4096)
def synonyms(word: str) -> frozenset[str]:
    """Words of both languages that mean the same as ``word``, itself included."""
    return frozenset({phrase_stem(word)}).union(*(concepts()[c] for c in concepts_of(word)))


def related(a: str, b: str) -> bool:
    """The two words are the same or share a concept."""
    return phrase_stem(a) == phrase_stem(b) or bool(concepts_of(a) & concepts_of(b))


def terms(text: str, extra: frozenset[str] = frozenset()) -> Iterator[str]:
    """The known words and phrases of a text, longest match first; unknown English words come singly.

    ``extra`` are more words and phrases to look for, such as names of columns.
    """
    english: list[str] = []
    for piece in [*_TOKEN.findall(text.lower()), "。"]:
        if _CHINESE.search(piece) or piece == "。":
            yield from _phrases(english, extra)
            english = []
            yield from _longest_matches(piece, extra)
        else:
            english.append(stem(re.sub(r"['’]s?$", "", piece)))


def _phrases(words: list[str], extra: frozenset[str]) -> Iterator[str]:
    known = _by_word()
    position = 0
    while position < len(words):
        for size in (4, 3, 2):
            phrase = " ".join(words[position : position + size])
            if len(words) - position >= size and (phrase in known or phrase in extra):
                yield phrase
                position += size
                break
        else:
            yield words[position]
            position += 1


def _longest_matches(text: str, extra: frozenset[str]) -> Iterator[str]:
    known = _by_word()
    position = 0
    while position < len(text):
        for size in range(min(8, len(text) - position), 0, -1):
            word = text[position : position + size]
            if word in known or word in extra:
                yield word
                position += size
                break
        else:
            position += 1


@lru_cache(maxsize=1)
def _territories() -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Name, lower case -> code; code -> names."""
    codes: dict[str, str] = {}
    names: dict[str, list[str]] = {}
    for language in ("en", "zh", "zh_Hant"):
        for code, name in Locale.parse(language).territories.items():
            if len(code) == 2:
                codes.setdefault(name.lower(), code)
                names.setdefault(code, []).append(name)
    for alias, code in _ALIASES.items():
        codes.setdefault(alias.lower(), code)
        names[code].append(alias)
    for code in names:
        codes.setdefault(code.lower(), code)
    return codes, {code: tuple(dict.fromkeys([*found, code])) for code, found in names.items()}


@lru_cache(maxsize=1)
def _calendar() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    english, chinese = Locale.parse("en"), Locale.parse("zh")
    for kind in ("months", "days"):
        wide_en, wide_zh = (getattr(x, kind)["format"]["wide"] for x in (english, chinese))
        short_en = getattr(english, kind)["format"]["abbreviated"]
        for number in wide_en:
            names = (wide_en[number], wide_zh[number], short_en[number])
            found.update((n.lower(), names) for n in names)
    return found


def translate_value(text: str) -> tuple[str, ...]:
    """Other names of a country, month or weekday, or words of the lexicon: '德国' -> ('Germany', 'DE', ...)."""
    low = text.strip().lower()
    codes, names = _territories()
    if low in codes:
        return tuple(n for n in names[codes[low]] if n.lower() != low)
    if low in _calendar():
        return tuple(n for n in _calendar()[low] if n.lower() != low)
    return tuple(sorted(w for w in synonyms(low) if w != low))


def names_territory(value: str) -> bool:
    """The text is the name of a country in English or Chinese, or its code of two letters."""
    return value.strip().lower() in _territories()[0]


def mentioned_territories(text: str) -> tuple[str, ...]:
    """The countries that a text names, as the text writes them; a code of two letters only when it is usual."""
    codes, _ = _territories()
    low = text.lower()
    found = [m.group() for m in re.finditer(r"\b(?:UK|US|UAE)\b", text)]
    for name in sorted((n for n in codes if len(n) > 2 or _CHINESE.search(n)), key=len, reverse=True):
        at = low.find(name)
        if at >= 0 and _stands_alone(low, at, name):
            found.append(text[at : at + len(name)])
            low = low[:at] + " " * len(name) + low[at + len(name) :]
    return tuple(dict.fromkeys(found))


def _stands_alone(text: str, at: int, name: str) -> bool:
    if _CHINESE.search(name):
        return True
    before, after = text[at - 1 : at], text[at + len(name) : at + len(name) + 1]
    return not (before.isascii() and before.isalnum()) and not (after.isascii() and after.isalnum())
