"""What a ``write`` step of a workflow asks for: texts about results, by a model or by plain sentences."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from clawdbot.text.language import Language

TextKind = Literal["title", "text"]
"""title: one line, such as a subject; text: sentences."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WantedText(_Part):
    """One text.  ``example`` shows how it was written before, without its figures; ``plain`` is what stands there
    when no model writes it: the whole of a title, the beginning of a text."""

    kind: TextKind = "text"
    purpose: str = Field("", max_length=200, description="What the text is, for example 'subject of a mail'.")
    max_chars: int = Field(600, ge=10, le=4000)
    example: str = Field("", max_length=4000)
    plain: str = Field("", max_length=4000)
    model: bool | str = Field(True, description="false: plain sentences only, no model is asked for this text.")


class About(_Part):
    """The time that the results are of: days from ``start`` up to but not including ``end``; None is open."""

    start: date | None = None
    end: date | None = None
    label: str = ""


class Write(_Part):
    """The texts of one ``write`` step by name; any string may be a template, and is rendered before it is read here
    again.  Numbers in the texts must occur in the results, names of days must lie in ``period``."""

    about: str = Field("", max_length=400, description="What the texts are about, in plain words.")
    texts: dict[str, WantedText] = Field(min_length=1, max_length=12)
    tables: list[str] | str | None = Field(
        None, description="Names of the tables that the texts are about; left out: all tables of the run so far."
    )
    facts: list[str] | str = Field([], description="Sentences that may be quoted besides.")
    period: About | str | None = Field(None, description="The period that the results are of, for example an input.")
    deeds: list[Literal["chart", "report", "mail"]] = Field(
        [], description="What will be done when the texts are read, so that they may speak of it."
    )
    language: Language | str = Field("", description="zh or en; left out: the language of the run.")
    model: bool | str = Field(True, description="false: plain sentences only, no model is asked.")

    @property
    def spoken(self) -> list[str]:
        """The facts, however they were written."""
        return [self.facts] if isinstance(self.facts, str) else self.facts
