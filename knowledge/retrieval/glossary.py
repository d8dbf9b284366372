"""Words that mean the same in this company: a question with one of them also looks for the others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clawdbot.knowledge.lexical.tokens import plain, tokens


@dataclass(frozen=True, kw_only=True)
class Synonyms:
    """A word of the question, as its terms, and the other words for it, as they are written."""

    terms: frozenset[str]
    others: tuple[str, ...]


class Glossary:
    """``[knowledge.glossary]``, read in both directions: each entry's term and words stand for one another."""

    def __init__(self, entries: Mapping[str, Sequence[str]]) -> None:
        self._groups = [tuple(dict.fromkeys((term, *words))) for term, words in entries.items()]

    def found_in(self, question: str) -> tuple[Synonyms, ...]:
        """The words of the glossary that the question holds; of nested ones ('credit', 'credit limit') both."""
        said, heard = plain(question), tokens(question)
        return tuple(
            Synonyms(terms=frozenset(tokens(word)), others=tuple(w for w in group if plain(w) != plain(word)))
            for group in self._groups
            for word in group
            if _holds(said, heard, word)
        )


def _holds(said: str, heard: Sequence[str], word: str) -> bool:
    """Chinese by characters, since nothing divides its words; the rest by whole words and their stems."""
    wanted = tokens(word)
    if not wanted:
        return False
    if re.search(r"[^\x00-\u2e7f]", word):
        return plain(word) in said
    return any(list(heard[i : i + len(wanted)]) == wanted for i in range(len(heard) - len(wanted) + 1))
