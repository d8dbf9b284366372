"""Effects for people: what a run did to the world, what is uncertain of it, and how that is settled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from clawdbot.cli.moments import local_time
from clawdbot.cli.session import Session
from clawdbot.cli.streams import clean, say
from clawdbot.cli.wording import Words

if TYPE_CHECKING:
    from clawdbot.store.effects import EffectRecord
    from clawdbot.store.outbox import OutboxEntry
    from clawdbot.workflows.settling import Unsettled

SHORT = 12
"""Digits of a key that are shown, and enough to name an effect."""


def effect_object(effect: EffectRecord) -> dict[str, Any]:
    """One effect as JSON values, for ``show --json``."""
    names = (
        "key",
        "run_id",
        "step",
        "tool",
        "effect",
        "state",
        "receipt",
        "begun_at",
        "ended_at",
        "settled_by",
        "note",
    )
    return {name: getattr(effect, name) for name in names}


def unsettled_object(found: Unsettled) -> dict[str, Any]:
    """One effect with its run and its mail as JSON values, for ``settle --json``."""
    run, mail = found.run, found.mail
    open_ones = found.answers if found.effect.state == "unknown" else ()
    return {
        **effect_object(found.effect),
        "goal": run.goal,
        "user": run.user,
        "run_status": run.status,
        "mail": None if mail is None else _mail_object(mail),
        "answers": list(open_ones),
    }


def print_effects(session: Session, effects: Sequence[EffectRecord], words: Words) -> None:
    """A run's effects, a line each, and how to settle those that are unknown."""
    if not effects:
        return
    say(words("effects.title"))
    for effect in effects:
        say(f"  {effect.step} {clean(effect.tool)}: {_state(effect, words)}")
        if effect.note:
            say(f"      {clean(effect.note)}")
        if effect.state == "unknown":
            say(f"      {session.command(f'settle {effect.key[:SHORT]}')}")


def print_unsettled(session: Session, found: Unsettled) -> None:
    """One effect with what a person needs to find out what became of it."""
    words, effect, run, mail = session.words, found.effect, found.run, found.mail
    say(f"{effect.key[:SHORT]}  {clean(mail.subject if mail else effect.tool)}")
    say("  " + words("settle.run", id=run.id, step=effect.step, tool=clean(effect.tool), user=clean(run.user)))
    say("  " + words("settle.goal", goal=clean(" ".join(run.goal.split()))))
    say("  " + words("settle.when", when=local_time(effect.begun_at)))
    if mail is not None:
        say("  " + words("settle.to", to=clean(", ".join(mail.recipients))))
        say("  " + words("settle.message_id", message_id=mail.message_id))
        if mail.server_reply:
            say("  " + words("settle.reply", reply=clean(mail.server_reply)))
    if effect.state != "unknown":
        say("  " + words("settle.state", state=_state(effect, words)))
        return
    say("  " + words("settle.look_mail" if mail else "settle.look"))
    for answer in found.answers:
        option = answer.replace("_", "-")
        say(f"    {session.command(f'settle {effect.key[:SHORT]} --{option}')}")


def print_settled(session: Session, found: Unsettled) -> None:
    """What was written down, and how the run can go on."""
    words, effect, run = session.words, found.effect, found.run
    said = "not_sent" if effect.state == "failed" else str((effect.receipt or {})["settled"])
    say(words(f"settle.said_{said}", by=clean(effect.settled_by or "")))
    if run.status in ("done", "cancelled"):
        say(words("settle.ended", id=run.id))
        if said == "not_sent":
            say(words("settle.again"))
            say(f"  {session.command(f'replay {run.id} --from {effect.step}')}")
        return
    say(words("settle.goes_on", id=run.id))
    say(f"  {session.command(f'show {run.id}')}")


def _state(effect: EffectRecord, words: Words) -> str:
    settled = "" if effect.settled_by is None else words("effects.settled", by=clean(effect.settled_by))
    summary = clean(str((effect.receipt or {}).get("summary", "")))
    return words(f"effects.{effect.state}", summary=summary) + settled


def _mail_object(mail: OutboxEntry) -> dict[str, Any]:
    names = ("message_id", "sender", "subject", "state", "tries", "server_reply", "created_at", "updated_at")
    return {**{name: getattr(mail, name) for name in names}, "recipients": list(mail.recipients)}
