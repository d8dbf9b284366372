"""Driving a run from the terminal: listener, approver, Ctrl-C, and how the outcome is printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clawdbot.app import App
from clawdbot.cli import exit_codes, streams, terminal
from clawdbot.cli.interrupts import second_ends_at_once
from clawdbot.cli.person import Person, quoted
from clawdbot.cli.records import run_object
from clawdbot.cli.result_view import print_result
from clawdbot.cli.session import Session, os_user
from clawdbot.cli.step_stream import StepStream
from clawdbot.cli.wording import Language, Words
from clawdbot.text.language import detect
from clawdbot.workflows.approver import Approver
from clawdbot.workflows.result import RunResult


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a run is driven: ``yes`` approves everything, ``quiet`` shows no steps, ``json`` prints one object."""

    yes: bool = False
    quiet: bool = False
    json: bool = False
    user: str = ""
    """Who answers; empty is the user of this machine."""


Work = Callable[[App, StepStream, Approver], RunResult]


def drive(session: Session, work: Work, *, manner: Manner, language: Language, model: str | None = None) -> int:
    """Open the App, do the work with steps streaming, print the outcome; returns the exit code."""
    result, words = perform(session, work, manner=manner, language=language, model=model)
    if result is None:
        return exit_codes.INTERRUPTED
    show(session, result, words, manner)
    return exit_codes.of_run(result)


def perform(
    session: Session, work: Work, *, manner: Manner, language: Language, model: str | None = None
) -> tuple[dict[str, Any] | None, Words]:
    """Like :func:`drive`, but gives the outcome and the words of its language; None when it was interrupted."""
    assert session.config is not None, "the command has read it"
    stream = StepStream(terminal.progress(), language, quiet=manner.quiet)
    with second_ends_at_once(), App.open(session.config, model=model) as app:
        try:
            return work(
                app, stream, Person(app, stream, user=manner.user or os_user(), yes=manner.yes)
            ).as_json(), stream.words
        except KeyboardInterrupt:
            stream.stop()
            _interrupted(session, app, stream, manner, model)
            return None, stream.words
        finally:
            stream.stop()


def goal_language(session: Session, goal: str) -> Language:
    """The language to speak while a run goes on."""
    assert session.config is not None, "the command has read it"
    chosen = session.config.app.language
    return detect(goal) if chosen == "auto" else chosen


def show(session: Session, result: Mapping[str, Any], words: Words, manner: Manner) -> None:
    """Print the outcome: one object with --json, else for people."""
    if manner.json:
        streams.emit(result)
    else:
        print_result(terminal.output(), result, words)
    if result["status"] == "cancelled":
        streams.tell(words("cancel.done", id=result["run_id"]))
    if result["status"] != "waiting":
        return
    if result["approval"] and not streams.someone_is_there():
        streams.tell(words("approval.head", tool=result["approval"]["tool"]))
        streams.tell(quoted(str(result["approval"]["payload"])))
    run_id = result["run_id"]
    streams.tell(words("approval.waits"))
    streams.tell(f"  {session.command(f'approve {run_id}')}")
    streams.tell(f"  {session.command(f'approve {run_id} --reject')}")


def _interrupted(session: Session, app: App, stream: StepStream, manner: Manner, model: str | None) -> None:
    words = stream.words
    if not stream.run_id:
        return streams.tell(words("run.stopped"))
    if manner.json:
        streams.emit(run_object(app.config, app.ledger, app.ledger.get_run(stream.run_id)))
    streams.tell(words("run.interrupted"))
    with_model = f" --model {model}" if model else ""
    streams.tell(f"  {session.command(f'run --resume {stream.run_id}{with_model}')}")
