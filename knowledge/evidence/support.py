"""A sentence held against the words it cites: numbers, dates, codes and names must occur there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from clawdbot.knowledge.lexical.tokens import tokens
from clawdbot.text.figures import hanzi_number, mentions, plain_text

_ENGLISH = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "ninety": 90, "once": 1, "twice": 2, "half": 0.5, "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5,
    "monthly": 1, "daily": 1,
}  # fmt: skip
_MONTHS = {
    name: float(i)
    for i, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), 1)
    for name in names.split()
}  # fmt: skip
_ENGLISH_WORD = re.compile(r"[A-Za-z]+")
_HANZI = re.compile(r"[零〇一二两三四五六七八九十百千万亿]+")
_SHARE_HEADER = re.compile(r"[(（][%％][)）]|\bpercentage\b|百分比")
_TENTHS = re.compile(r"([一二两三四五六七八九])成")
_NAME = re.compile(r"\b(?:[A-Z][\w&'-]*[A-Za-z][\w&'-]*|[A-Z]{2,}[\w-]*\d[\w-]*)\b")
_MARK = re.compile(r"\[\d{1,3}\]")
_START = re.compile(r"(?:^|[.!?:;。！？：；\n]\s*|[\"“(（]\s*)$")
_UNITS = frozenset(["cny", "rmb", "usd", "eur", "mb", "gb", "kb", "tb", "vat", "pdf", "ok"])


def unsupported(sentence: str, quotes: Sequence[str], *, context: Sequence[str] = ()) -> list[str]:
    """What the sentence states and neither ``quotes`` nor ``context`` (the question, titles) hold, as it was written.

    Numbers are compared by value ('50万元' is '500,000'), in digits, Chinese or English words, however small; names
    and codes are words in Latin letters that begin with a capital, by letters.  Empty means: nothing is missing.
    """
    said = _MARK.sub(" ", sentence)
    ground = [*quotes, *context]
    known = {value for text in ground for value in values(text)}
    shares = {value for text in ground for value in _shares(text)}
    missing = [text for text, value in _stated(said) if not _close(value, known | shares)]
    missing += [m.text for m in mentions(said) if m.percent and _close(m.value, known) and not _close(m.value, shares)]
    words = {w.lower() for text in ground for w in re.findall(r"[\w&'-]+", text, re.ASCII)}
    pieces = {p for w in words for p in re.split(r"[-_&']", w)}
    missing += [name for name in _names(said) if not _is_known(name, words, pieces)]
    return list(dict.fromkeys(missing))


def _shares(text: str) -> set[float]:
    """The values that a text gives as a share: '5%', '百分之五', '三成', or any number beside '(%)' in a header."""
    if _SHARE_HEADER.search(text):
        return values(text)
    found = {m.value for m in mentions(text) if m.percent}
    tenths = {hanzi_number(m[1]) or 0.0 for m in _TENTHS.finditer(text)}
    return found | {10 * value for value in tenths}


def _stated(text: str) -> list[tuple[str, float]]:
    """Figures of a sentence: digits as they are meant, and Chinese numerals that stand for a number."""
    found = [(m.text, m.value) for m in mentions(text)]
    for match in _HANZI.finditer(plain_text(text)):
        if len(match[0]) > 1 and (value := hanzi_number(match[0])) is not None:
            found.append((match[0], value))
    return found


def values(text: str) -> set[float]:
    """Every value that a text gives a reason for: figures, their bare digits, and numbers in words."""
    plain = plain_text(text)
    found = {m.value for m in mentions(text)}
    found |= {float(d.replace(",", "")) for d in re.findall(r"\d[\d,]*(?:\.\d+)?", plain) if d.replace(",", "")}
    for match in _HANZI.finditer(plain):
        value = hanzi_number(match[0])
        if value is not None:
            found.add(value)
    for word in _ENGLISH_WORD.findall(plain.lower().replace("at once", " ")):
        if word in _ENGLISH:
            found.add(_ENGLISH[word])
        if word in _MONTHS:
            found.add(_MONTHS[word])
    return found


def _close(value: float, known: set[float]) -> bool:
    return any(abs(value - k) <= 1e-9 * max(1.0, abs(k)) for k in known)


def _names(text: str) -> list[str]:
    """Capitalised words that begin no sentence, and codes."""
    found = []
    for match in _NAME.finditer(text):
        word = match[0]
        starts = bool(_START.search(text[: match.start()]))
        if starts and not (word.isupper() or any(c.isdigit() for c in word)):
            continue
        if word.lower() not in _UNITS and word.lower() not in _MONTHS:
            found.append(word)
    return found


def _is_known(name: str, words: set[str], pieces: set[str]) -> bool:
    low = name.lower().removesuffix("'s")
    if low in words or low in pieces or low.rstrip("s") in words:
        return True
    return all(part in pieces for part in re.split(r"[-_&']", low) if part)


def overlap(sentence: str, quote: str) -> float:
    """How much of a sentence's words and figures a quote shares, 0 to 1; across languages only figures count."""
    said, known = terms(sentence), terms(quote)
    return len(said & known) / len(said) if said else 0.0


def terms(text: str) -> set[str]:
    """The words of a text as the lexical index knows them, and its values as '=NUMBER', for comparing texts."""
    return set(tokens(_MARK.sub(" ", text))) | {f"={value:g}" for value in values(text)}
