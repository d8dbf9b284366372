"""One task played by one player, timed and judged."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.office_tasks.end_state import EndState, read_files
from benchmarks.office_tasks.judge import judge
from benchmarks.office_tasks.office import Office, fingerprint, open_office
from benchmarks.office_tasks.player import Played, Player
from benchmarks.office_tasks.task import Task


@dataclass(frozen=True, kw_only=True)
class Match:
    """The outcome; ``wrong`` is empty when the end state is right."""

    player: str
    task: str
    wrong: tuple[str, ...]
    claimed: bool
    verdict: str
    seconds: float
    prompt_tokens: int
    completion_tokens: int
    answer: str
    calls: tuple[str, ...]

    @property
    def right(self) -> bool:
        """The end state is right."""
        return not self.wrong

    @property
    def false_claim(self) -> bool:
        """It was claimed to be done, and is not."""
        return self.claimed and bool(self.wrong)

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {**asdict(self), "right": self.right, "false_claim": self.false_claim}


def play(player: Player, task: Task, database: Path, *, limit_s: float, max_steps: int) -> Match:
    """Play the task in an office of its own."""
    with open_office(task, database, limit_s=limit_s, max_steps=max_steps) as office:
        before = fingerprint(office.database)
        began = time.monotonic()
        played = _played(player, task, office)
        seconds = time.monotonic() - began
        end = EndState(
            answer=played.answer,
            claimed=played.claimed,
            documents=read_files(played.files),
            mails=tuple(office.mails),
            database_changed=fingerprint(office.database) != before,
        )
        wrong = judge(task, end, database)
    return Match(
        player=player.name,
        task=task.id,
        wrong=tuple(wrong),
        claimed=played.claimed,
        verdict=played.verdict,
        seconds=round(seconds, 2),
        prompt_tokens=played.prompt_tokens,
        completion_tokens=played.completion_tokens,
        answer=played.answer,
        calls=played.calls,
    )


def _played(player: Player, task: Task, office: Office) -> Played:
    try:
        return player.play(task, office)
    except Exception as error:  # a framework that breaks has failed the task, not the benchmark
        return Played(answer="", claimed=False, verdict=f"{type(error).__name__}: {error}"[:300])
