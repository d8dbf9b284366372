"""What plays a task: one framework with the same model, limits and office as all others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.office_tasks.office import Office
from benchmarks.office_tasks.task import Task


@dataclass(frozen=True, kw_only=True)
class Played:
    """What a player says of its run, and what it used.  ``files`` are the ones that it made."""

    answer: str
    claimed: bool
    verdict: str
    """The player's own word for the end: a verdict, 'answered', or why it stopped."""
    files: tuple[Path, ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: tuple[str, ...] = ()
    """Names of the tools that were called, in order."""


class Player(Protocol):
    """A framework, made ready to play."""

    @property
    def name(self) -> str:
        """The name in the table."""

    def play(self, task: Task, office: Office) -> Played:
        """Play one task; what it raises counts as a failure and is shown."""
