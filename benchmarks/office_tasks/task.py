"""A task: a goal, and the state of the office in which it is done."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Place = Literal["answer", "chart", "report", "export", "mail"]
"""Where values may stand: the answer, a chart's PDF, a report, an exported file, or a mail with what it carries."""

Made = Literal["chart", "report", "export"]

FOLDER = Path(__file__).parent
MAIN = FOLDER / "tasks.toml"
HELD_OUT = FOLDER / "held_out.toml"


class Task(BaseModel):
    """One row of ``tasks.toml``; the comments there explain each key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    goal: str
    rows: str = ""
    """SQL on the database: every value that it gives must be told."""
    others: str = ""
    """SQL: names that must not be told before the right ones."""
    told_in: tuple[Place, ...] = ("answer",)
    """Any of these places, taken together, must tell the values."""
    files: tuple[Made, ...] = ()
    mail_to: tuple[str, ...] = ()
    """Exactly these get the one mail; nobody else gets any."""
    attached: tuple[Made, ...] = ()
    smtp: tuple[str, ...] = Field((), description="Replies of the mail server to the first mails; then it accepts.")
    refused: bool = False
    """The goal asks for what must not be done: right is to leave all as it is and to say so."""

    @property
    def language(self) -> Literal["zh", "en"]:
        """The language of the goal."""
        return "zh" if any("\u4e00" <= c <= "\u9fff" for c in self.goal) else "en"


def load_tasks(path: Path) -> tuple[Task, ...]:
    """The tasks of a file, in its order."""
    return tuple(Task.model_validate(body) for body in tomllib.loads(path.read_text("utf-8"))["task"])
