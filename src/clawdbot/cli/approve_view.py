"""Questions of runs as a person reads them: what waits, and one question with exactly what would happen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clawdbot.cli.moments import local_time
from clawdbot.cli.person import quoted
from clawdbot.cli.session import Session
from clawdbot.cli.streams import clean, say, tell
from clawdbot.cli.wording import Words
from clawdbot.store.approvals import Approval, Pending

_LINES = 6
_HASH = 8
"""Digits of a hash that tell the questions of a run apart."""


def pending_json(pending: Sequence[Pending]) -> dict[str, Any]:
    """What waits, as ``clawdbot approve --json`` prints it."""
    return {
        "pending": [
            {
                "run_id": one.family,
                "asked_by": one.question.run_id,
                "goal": one.goal,
                "user": one.user,
                **one.question.request,
                "asked_at": one.question.asked_at,
                "expires_at": one.question.expires_at,
            }
            for one in pending
        ]
    }


def print_pending(pending: Sequence[Pending], session: Session) -> None:
    """Every question that waits, newest first, with the command that answers it."""
    words = session.words
    if not pending:
        say(words("approval.none"))
        return
    families = [one.family for one in pending]
    for one in pending:
        asked = one.question
        only = f" --only {asked.payload_hash[:_HASH]}" if families.count(one.family) > 1 else ""
        say(
            words("approval.row", id=one.family, tool=asked.tool, user=clean(one.user), when=local_time(asked.asked_at))
        )
        if asked.expires_at:
            say(f"  {words('approval.expires', when=local_time(asked.expires_at))}")
        say(f"  {clean(one.goal)}")
        lines = [line for line in asked.payload.splitlines() if line.strip()]
        say(quoted("\n".join(lines[:_LINES] + ["…"] * (len(lines) > _LINES))))
        say(f"  {session.command(f'approve {one.family}{only}')}")


def show_question(question: Approval, words: Words) -> None:
    """Exactly what would happen."""
    tell(words("approval.head", tool=question.tool))
    tell(quoted(question.payload))


def choices(questions: Sequence[Approval], run: str, session: Session) -> str:
    """The commands that answer one of several questions, or all."""
    each = [f"approve {run} --only {asked.payload_hash[:_HASH]}" for asked in questions]
    return " | ".join(session.command(command) for command in [*each, f"approve {run} --all"])
