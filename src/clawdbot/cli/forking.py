"""A new run that begins where another was, worked on at once."""

from __future__ import annotations

from clawdbot.app import App
from clawdbot.cli import running
from clawdbot.cli.session import Session
from clawdbot.cli.step_stream import StepStream
from clawdbot.cli.streams import tell
from clawdbot.workflows.approver import Approver
from clawdbot.workflows.result import RunResult


def work_on_fork(
    session: Session, run: str, begin: str, *, model: str | None, user: str, yes: bool, quiet: bool
) -> int:
    """Fork at ``begin``, a step's number or a checkpoint's id, and drive the new run; returns the exit code."""

    def work(app: App, stream: StepStream, approver: Approver) -> RunResult:
        place = {"step": int(begin)} if begin.isdecimal() else {"checkpoint": begin}
        forked = app.engine.fork(run, user=user, **place)
        tell(stream.words("fork.begun", id=forked, place=begin, origin=run))
        return app.engine.resume(forked, listener=stream, approver=approver)

    manner = running.Manner(yes=yes, quiet=quiet, json=session.json, user=user)
    return running.drive(session, work, manner=manner, language=session.language, model=model)
