"""What a worker tells, as lines on standard error: one for each run that begins and one for each that ends."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from clawdbot.cli.amounts import Amounts
from clawdbot.cli.session import Session
from clawdbot.cli.streams import clean, tell
from clawdbot.workflows.worker_events import WorkerEvent

_GOAL = 100


class WorkerLog:
    """Takes the events of one worker; each line begins with the time and the worker's name."""

    def __init__(self, session: Session, *, label: str) -> None:
        self._session = session
        self._words = session.words
        self._amounts = Amounts(session.words)
        self._label = label or "worker"

    def __call__(self, event: WorkerEvent) -> None:
        """Write the line, and below it the traceback of what nobody expected."""
        moment = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S")
        line = f"{moment} {self._label}  {self._said(event)}"
        with suppress(OSError):  # the terminal was closed: the runs go on all the same
            tell(f"{line}\n{clean(event.trace).rstrip()}" if event.trace else line)

    def _said(self, event: WorkerEvent) -> str:
        if event.kind == "ended":
            return self._ended(event)
        name = "again" if event.kind == "began" and event.count > 1 else event.kind
        text = " ".join(clean(event.text).split())
        return self._words(
            f"told.{name}",
            run=event.run_id,
            label=self._label,
            name=event.name,
            count=event.count,
            text=f"{text[:_GOAL]}…" if event.kind == "began" and len(text) > _GOAL else text,
            duration=self._amounts.duration(event.seconds),
        )

    def _ended(self, event: WorkerEvent) -> str:
        if event.text != "done":
            command = self._session.command(f"approve {event.run_id}")
            return self._words(f"told.{event.text}", run=event.run_id, command=command)
        verdict = self._words(f"verdict.{event.verdict or 'failed'}")
        duration = self._amounts.duration(event.seconds)
        return self._words("told.ended", run=event.run_id, verdict=verdict, duration=duration)
