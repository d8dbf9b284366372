"""The door of the command line: runs a command, and turns every error into a sentence and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer

from clawdbot.cli import exit_codes, streams
from clawdbot.cli.root import root
from clawdbot.cli.session import Session
from clawdbot.errors import ClawdbotError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code and never raises."""
    streams.prepare()
    session = Session()
    try:
        return _invoke(list(sys.argv[1:] if argv is None else argv), session)
    except typer.TyperException as error:
        return _wrong_usage(error, session)
    except ClawdbotError as error:
        return _expected(error, session)
    except (KeyboardInterrupt, typer.Abort, EOFError):
        streams.tell()
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        streams.discard(sys.stdout)
        return exit_codes.VERIFIED
    except Exception as error:
        return _crashed(error, session)
    finally:
        streams.write(sys.stdout, "")  # what is buffered fails here, not when the interpreter ends


def _invoke(arguments: list[str], session: Session) -> int:
    # Not group.main(): it has exit codes and messages of its own.
    group = root()
    session.json = "--json" in arguments
    try:
        with group.make_context("clawdbot", arguments, obj=session) as context:
            code = group.invoke(context)
    except typer.Exit as asked:
        return asked.exit_code
    return code if isinstance(code, int) else exit_codes.VERIFIED


def _wrong_usage(error: typer.TyperException, session: Session) -> int:
    context = getattr(error, "ctx", None)
    said = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":
        streams.say(said)
        return exit_codes.USAGE
    command = "clawdbot" if context is None else context.command_path
    hint = session.words("error.usage", command=command)
    return _report(ClawdbotError(said.rstrip(".") + ".", hint=hint, code="usage"), session, exit_codes.USAGE)


def _expected(error: ClawdbotError, session: Session) -> int:
    return _report(error, session, exit_codes.of_error(error))


def _report(error: ClawdbotError, session: Session, code: int) -> int:
    if session.json:
        body = {"code": error.code, "message": error.message, "hint": error.hint}
        streams.emit({"run_id": None, "status": "error", "error": body})
    streams.tell(session.words("error.sentence", text=streams.clean(str(error))))
    return code


def _crashed(error: Exception, session: Session) -> int:
    place = _log(error, session.home)
    kind = type(error).__name__
    if place is None:
        said = session.words("error.crash_unlogged", kind=kind, text=" ".join(str(error).split())[:300])
    else:
        said = session.words("error.crash", kind=kind, path=place)
    return _report(ClawdbotError(said, code="bug"), session, exit_codes.OUR_BUG)


def _log(error: Exception, home: Path) -> Path | None:
    """Append the traceback to the log; None when it cannot be written."""
    path = home / "log" / "clawdbot.log"
    text = "".join(traceback.format_exception(error))
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Tracebacks may hold data of a run: nobody else's business.
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
            file.write(f"{moment} {' '.join(sys.argv[:2])}\n{text}\n".encode("utf-8", "backslashreplace"))
    except OSError:
        return None
    return path


if __name__ == "__main__":
    raise SystemExit(main())
