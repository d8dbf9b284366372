"""What each model was asked last in this process: how much of the next prompt its prompt cache still holds."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence

from langchain_core.messages import BaseMessage

_STEP = 64
"""Characters that are compared at once; a cache is no finer."""

Texts = tuple[tuple[str, str], ...]
"""Kind and text of each message."""


class PromptMemory:
    """The last prompts of each model, as many as it can keep.  Thread-safe."""

    def __init__(self, kept: Mapping[str, int]) -> None:
        """``kept``: prompts that each model's cache holds, by name."""
        self._last: dict[str, deque[Texts]] = {name: deque(maxlen=max(1, count)) for name, count in kept.items()}
        self._lock = threading.Lock()

    def saw(self, model: str, messages: Sequence[BaseMessage]) -> None:
        """The model has read this prompt."""
        with self._lock:
            self._last[model].append(_texts(messages))

    def cached_tokens(self, model: str, messages: Sequence[BaseMessage], prompt_tokens: int) -> int:
        """Tokens at the beginning of a prompt of ``prompt_tokens`` that the model has read before."""
        with self._lock:
            before = tuple(self._last[model])
        if not before:
            return 0
        texts = _texts(messages)
        length = sum(len(text) for _, text in texts)
        share = max(_common(texts, other) for other in before) / max(1, length)
        return int(prompt_tokens * share)


def _texts(messages: Sequence[BaseMessage]) -> Texts:
    return tuple((message.type, message.text) for message in messages)


def _common(one: Texts, other: Texts) -> int:
    """Characters that both begin with."""
    same = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            return same + (_prefix(mine[1], theirs[1]) if mine[0] == theirs[0] else 0)
        same += len(mine[1])
    return same


def _prefix(one: str, other: str) -> int:
    at = 0
    while at < min(len(one), len(other)) and one[at : at + _STEP] == other[at : at + _STEP]:
        at += _STEP
    return min(at, len(one), len(other))
