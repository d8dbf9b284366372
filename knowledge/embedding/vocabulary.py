"""Text into the tokens of XLM-RoBERTa: a SentencePiece unigram model (Kudo, arXiv:1804.10959).

Written here because the ``tokenizers`` library takes 1.2 s to take in this vocabulary, six times what this needs, and
every command that asks one question would wait for it.  Both give the same tokens (a test compares them).
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from clawdbot.knowledge.embedding.packed import Pieces

_SPACE = "▁"  # stands for the space in front of a word
_SPECIAL = frozenset({"<s>", "<pad>", "</s>", "<unk>", "<mask>"})  # what a document says must never become one
_UNKNOWN_PENALTY = 10.0  # below the least likely piece, as in SentencePiece
_CACHED_WORDS = 50_000
_CACHED_LENGTH = 20  # longer words hardly come again
_NEVER = float("-inf")


class Vocabulary:
    """Splits text into the most likely sequence of pieces; safe to use from several threads."""

    def __init__(self, pieces: Pieces) -> None:
        self.begin, self.end = pieces.begin, pieces.end
        self._unknown = pieces.unknown
        self._normalisation = pieces.normalisation
        self._unknown_score = min(pieces.scores) - _UNKNOWN_PENALTY
        self._ids = {text: number for number, text in enumerate(pieces.texts) if text not in _SPECIAL}
        self._scores = pieces.scores
        self._longest: dict[str, int] = {}
        for text in self._ids:
            if len(text) > self._longest.get(text[0], 0):
                self._longest[text[0]] = len(text)
        self._cached = lru_cache(_CACHED_WORDS)(self._word)

    def encode(self, text: str) -> list[int]:
        """Ids of the tokens, without the special ones at both ends."""
        # The table knows single characters only; NFC first joins an accent with its letter, as the model expects.
        normal = unicodedata.normalize("NFC", text).translate(self._normalisation)
        found: list[int] = []
        for word in normal.split():
            found += (self._cached if len(word) <= _CACHED_LENGTH else self._word)(_SPACE + word)
        return found

    def _word(self, word: str) -> tuple[int, ...]:
        """Viterbi over one word: at each place the best sequence that ends there."""
        size = len(word)
        best, came_from = [_NEVER] * (size + 1), [0] * (size + 1)
        best[0] = 0.0
        for start in range(size):
            so_far = best[start]
            for end in range(start + 1, min(size, start + self._longest.get(word[start], 0)) + 1):
                number = self._ids.get(word[start:end])
                if number is not None and so_far + self._scores[number] > best[end]:
                    best[end], came_from[end] = so_far + self._scores[number], start
            if so_far + self._unknown_score > best[start + 1]:
                best[start + 1], came_from[start + 1] = so_far + self._unknown_score, start
        found: list[int] = []
        end = size
        while end:
            number = self._ids.get(word[came_from[end] : end], self._unknown)
            if number != self._unknown or not found or found[-1] != number:  # a run of unknown ones is one token
                found.append(number)
            end = came_from[end]
        return tuple(reversed(found))
