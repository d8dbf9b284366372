"""Clawdbot with configuration alone: ``clawdbot.toml`` beside this file, nothing said about any table."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

from benchmarks.office_tasks.office import ABOUT, CONTACTS, SENDER, TODAY, Office
from benchmarks.office_tasks.player import Played
from benchmarks.office_tasks.task import FOLDER, Task
from clawdbot.app import App
from clawdbot.config import Config
from clawdbot.models.ladder import Ladder
from clawdbot.workflows.result import RunResult

SETTINGS = FOLDER / "clawdbot.toml"


class Ours:
    """Runs goals through :class:`clawdbot.app.App`, a fresh one for each task."""

    name = "clawdbot"

    def __init__(self, ladder: Callable[[Config], Ladder]) -> None:
        self._ladder = ladder

    def play(self, task: Task, office: Office) -> Played:
        """One run; the verdict is its claim."""
        config = office_config(office)
        with App(config, ladder=self._ladder(config)) as app:
            result = app.engine.start(task.goal, user="benchmark")
        return played(result)


def office_config(office: Office) -> Config:
    """The settings of the file, with the addresses of this office."""
    body = tomllib.loads(SETTINGS.read_text("utf-8"))
    body["app"] |= {"home": str(office.folder / "home"), "today": TODAY}
    body["databases"]["office"] |= {"url": f"sqlite:///{office.database}", "description": ABOUT}
    body["mail"] |= {"port": office.mail_port, "from": SENDER, "contacts": dict(CONTACTS)}
    body["planner"] = {"max_steps": office.max_steps, "deadline_s": office.limit_s}
    return Config.model_validate(body)


def played(result: RunResult) -> Played:
    """What a run left, for the judge."""
    return Played(
        answer=result.answer,
        claimed=result.verdict == "verified",
        verdict=result.verdict or result.status,
        files=tuple(Path(a["path"]) for a in result.artifacts),
        prompt_tokens=result.usage["prompt_tokens"],
        completion_tokens=result.usage["completion_tokens"],
        calls=tuple(f"{s['tool']}:{s['outcome']}" for s in result.steps),
    )
