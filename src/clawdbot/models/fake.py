"""A model that plays a script: for tests of everything above models, and of configuration.

Reach it from TOML through the ``langchain`` provider::

    [models.script]
    provider = "langchain"
    model = "clawdbot.models.fake:ScriptedChatModel"
    options = { script = "answers.json" }
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage
from pydantic import Field, PrivateAttr

from clawdbot.errors import ModelError, UsageError
from clawdbot.models.chat import End, Judgement, Request, Schema, SchemaChat

Scripted = Mapping[str, Any] | str | Exception | Callable[[Sequence[Mapping[str, str]], Schema], Mapping[str, Any]]
"""An answer: an object, raw text, an error to raise, or a function of (messages, schema) that gives an object."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """What the model was asked."""

    messages: tuple[Mapping[str, str], ...]
    schema: Schema
    max_tokens: int


class ScriptedChatModel(SchemaChat):
    """Answers from ``script`` in order; ``calls`` records the questions.

    ``script`` is a list of answers, or the path of a JSON file that holds one.  Raises ModelError when the
    script is over.
    """

    model_name: str = "scripted"
    script: Any = Field(default_factory=list)
    piece: int = Field(default=16, gt=0)
    yes: Any = None
    """A function of a yes-no question to the share of yes, 0 to 1; without it the model cannot judge."""
    _answers: list[Scripted] = PrivateAttr(default_factory=list)
    _calls: list[Call] = PrivateAttr(default_factory=list)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    def model_post_init(self, context: Any, /) -> None:
        """Read the script."""
        super().model_post_init(context)
        self._answers = list(_read(self.script) if isinstance(self.script, str | Path) else self.script)

    def judge(self, messages: list[BaseMessage], *, timeout_s: float) -> Judgement | None:
        """What ``yes`` says of the last message."""
        return None if self.yes is None else Judgement(yes=self.yes(messages[-1].text), prompt_tokens=10)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def calls(self) -> tuple[Call, ...]:
        """The questions so far, oldest first."""
        return tuple(self._calls)

    @property
    def left(self) -> int:
        """Answers not yet given."""
        return len(self._answers) - len(self._calls)

    def answer(self, request: Request) -> Generator[str | End, None, None]:
        """Play the next answer, cut off after ``max_tokens`` as a real model would be."""
        schema = request.schema or {}
        with self._lock:
            number = len(self._calls)
            if number >= len(self._answers):
                raise ModelError(
                    f"The script is over after {number} answers.", hint="Add an answer, or end the run before."
                )
            self._calls.append(Call(messages=request.messages, schema=schema, max_tokens=request.max_tokens))
        said = self._answers[number]
        if isinstance(said, Exception):
            raise said
        if not isinstance(said, str):
            value = said(request.messages, schema) if callable(said) else said
            said = json.dumps(value, ensure_ascii=False)
        kept = self._within(said, request.max_tokens)
        for start in range(0, len(kept), self.piece):
            yield kept[start : start + self.piece]
        yield End(finish_reason="stop" if kept == said else "length", cached_tokens=0)

    def _within(self, text: str, max_tokens: int) -> str:
        while self.get_num_tokens(text) > max_tokens:
            text = text[: min(len(text) - 1, max_tokens * 3)]
        return text


def _read(path: str | Path) -> list[Scripted]:
    try:
        found = json.loads(Path(path).expanduser().read_text("utf-8"))
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no script {str(path)!r}.", hint="Give the path of a JSON list of answers."
        ) from error
    except json.JSONDecodeError as error:
        raise UsageError(
            f"The script {str(path)!r} is not JSON: {error}.", hint="It must be a list of answers."
        ) from error
    if not isinstance(found, list):
        raise UsageError(f"The script {str(path)!r} must be a JSON list of answers.")
    return found
