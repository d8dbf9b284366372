"""A question of an evaluation, with what a good search finds and a right answer says."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from clawdbot.text.language import Language, detect


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Strings = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]


class EvalQuestion(BaseModel):
    """One question.  Documents are named as ``knowledge status`` shows them, 'NAME' or 'SOURCE/NAME'."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = ""
    """Unless given: the number of the question in its file."""
    text: str = Field(min_length=1)
    documents: Strings = ()
    """Those that answer it.  A search should find all of them; an answer must cite one."""
    contradicting: Strings = ()
    """Documents that say different things; an answer must cite every one of them."""
    answers: Strings = ()
    """What the answer must say, each as it stands; numbers by value ('8万' is '80,000')."""
    patterns: Strings = ()
    """Regular expressions that must occur, without regard to case."""
    absent: Strings = ()
    """Regular expressions that must not occur."""
    unanswerable: bool = False
    """No document answers it: right is to say so."""
    kind: str = ""
    """A word to count by, for example 'table'."""
    line: int = 0
    """Where it begins in its file; 0 when that is not known."""

    @property
    def language(self) -> Language:
        """The language it is asked in."""
        return detect(self.text)

    @property
    def expected(self) -> tuple[str, ...]:
        """Every document that a search should find."""
        return tuple(dict.fromkeys((*self.documents, *self.contradicting)))

    @field_validator("text")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("the question is empty")
        return text.strip()

    @field_validator("documents", "contradicting", "answers")
    @classmethod
    def _nothing_empty(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if any(not value.strip() for value in values):
            raise ValueError("an empty text stands for nothing; leave it out")
        return values

    @field_validator("patterns", "absent")
    @classmethod
    def _can_be_matched(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            try:
                empty = re.compile(value).search("") is not None
            except re.error as error:
                raise ValueError(f"{value!r} is no regular expression: {error}") from error
            if empty:
                raise ValueError(f"{value!r} occurs in every text")
        return values

    @model_validator(mode="after")
    def _expects_something(self) -> EvalQuestion:
        wanted = (*self.expected, *self.answers, *self.patterns)
        if self.unanswerable and wanted:
            raise ValueError("it is unanswerable and expects documents or answers; one of them is wrong")
        if not self.unanswerable and not wanted:
            raise ValueError("nothing is expected: give documents, answers, patterns, or unanswerable = true")
        if len(self.contradicting) == 1:
            raise ValueError("contradicting needs two documents or more")
        return self


def is_document(expected: str, source: str, name: str) -> bool:
    """The name in a file of questions means this document."""
    return expected in (name, f"{source}/{name}")
