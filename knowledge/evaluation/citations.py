"""The citations of an answer: each must lead to its words, and its words must carry the sentence that cites it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.evidence.support import overlap, terms, unsupported
from clawdbot.knowledge.library import Library
from clawdbot.text.figures import mentions
from clawdbot.text.language import detect
from clawdbot.text.sentences import sentence_spans

Citation = Mapping[str, Any]
"""A citation as a run gives it: n, source, document, version, start, end, quote, title, locator, dated."""

TextOf = Callable[[Citation], str | None]
"""The whole text of the cited version; None when it is not kept any more."""

_MARK = re.compile(r"\[(\d{1,3})\]")
_BARE = re.compile(r"[\s\W_]*")
_OPEN_END = re.compile(r"[;；:：][”’」』）)\"']*$")
_FEW = 3
"""Words from which a sentence and its quote, in one language, should have one in common."""


@dataclass(frozen=True, kw_only=True)
class CitedSentence:
    """A sentence that cites, or that states figures which the question did not hold."""

    text: str
    marks: tuple[int, ...]
    missing: tuple[str, ...]
    """What it says and the words that it cites do not; the whole sentence when they have nothing in common."""

    @property
    def supported(self) -> bool:
        """It cites something, and says no more than that."""
        return bool(self.marks) and not self.missing


@dataclass(frozen=True, kw_only=True)
class Cited:
    """An answer read with its citations.  ``unresolved``: numbers whose place does not hold the quoted words, and
    numbers that no citation has."""

    citations: int
    unresolved: tuple[int, ...]
    sentences: tuple[CitedSentence, ...]


def read_citations(answer: str, question: str, citations: Sequence[Citation], text_of: TextOf) -> Cited:
    """Follow every citation, and hold the sentences against the words that they cite."""
    numbered = {int(citation["n"]): citation for citation in citations}
    texts = {n: text_of(citation) for n, citation in numbered.items()}
    unresolved = {n for n, citation in numbered.items() if not _resolves(citation, texts[n])}
    sentences = []
    for text, marks in _sentences(answer):
        unresolved |= {n for n in marks if n not in numbered}
        known = [numbered[n] for n in marks if n in numbered]
        if marks or _states_figures(text, question):
            grounds = [_ground(citation, texts[int(citation["n"])] or "") for citation in known]
            missing = _missing(text, grounds, [question, *(_about(citation) for citation in known)])
            sentences.append(CitedSentence(text=text, marks=marks, missing=tuple(missing) if marks else ()))
    return Cited(
        citations=len(numbered.keys() | unresolved), unresolved=tuple(sorted(unresolved)), sentences=tuple(sentences)
    )


def library_text(library: Library) -> TextOf:
    """Texts of a library; each version is read once."""
    read: dict[tuple[str, str, int], str | None] = {}

    def text_of(citation: Citation) -> str | None:
        key = (str(citation["source"]), str(citation["document"]), int(citation["version"]))
        if key not in read:
            found = library.documents(source=key[0], name=key[1])
            try:
                read[key] = library.version_text(found[0].id, key[2]).text if found else None
            except KnowledgeError:
                read[key] = None
        return read[key]

    return text_of


def _resolves(citation: Citation, text: str | None) -> bool:
    quote = str(citation["quote"])
    return text is not None and bool(quote.strip()) and text[citation["start"] : citation["end"]] == quote


def _sentences(answer: str) -> list[tuple[str, tuple[int, ...]]]:
    """The sentences of an answer without their marks.  What a semicolon or colon ends goes on in the next one of its
    line, and marks that stand alone belong to what is before them."""
    found: list[tuple[str, list[int]]] = []
    goes_on = False
    for line in answer.splitlines():
        for start, end in sentence_spans(line):
            piece = line[start:end]
            text, marks = _MARK.sub("", piece).strip(), [int(n) for n in _MARK.findall(piece)]
            if found and (goes_on or _BARE.fullmatch(text)):
                before, their = found[-1]
                found[-1] = (f"{before} {text}".strip(), [*their, *marks])
            else:
                found.append((text, marks))
            goes_on = bool(_OPEN_END.search(text)) and not marks
        goes_on = False
    return [(text, tuple(dict.fromkeys(marks))) for text, marks in found if not _BARE.fullmatch(text)]


def _states_figures(sentence: str, question: str) -> bool:
    asked = {round(m.value, 6) for m in mentions(question)}
    return any(round(m.value, 6) not in asked for m in mentions(sentence))


def _missing(sentence: str, grounds: Sequence[str], context: Sequence[str]) -> list[str]:
    found = unsupported(sentence, grounds, context=context)
    alike = [ground for ground in grounds if detect(ground) == detect(sentence)]
    # Sentences without figures and names would always pass; in one language some word must be shared.
    if not found and grounds and len(alike) == len(grounds) and len(terms(sentence)) >= _FEW:
        held = [*grounds, *context[1:]]
        found = [] if any(overlap(sentence, ground) for ground in held) else [sentence]
    return found


def _about(citation: Citation) -> str:
    return " ".join(str(citation.get(key, "")) for key in ("title", "locator", "document", "dated"))


def _ground(citation: Citation, text: str) -> str:
    """The quoted words, with the heads of the columns when they are a row of a table."""
    quote = str(citation["quote"])
    if not quote.lstrip().startswith("|"):
        return quote
    lines = text[: int(citation["start"])].splitlines()
    head = ""
    for line in reversed(lines):
        if not line.strip():
            continue
        if not line.lstrip().startswith("|"):
            break
        head = line
    return f"{head}\n{quote}" if head else quote
