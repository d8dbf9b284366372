"""The queue of effects that nobody knows of, and what a person says of each: sent, not sent, or send it again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clawdbot.config import Config
from clawdbot.errors import UsageError
from clawdbot.store.effects import EffectRecord
from clawdbot.store.ledger import RunLedger, RunRecord
from clawdbot.store.outbox import OutboxEntry
from clawdbot.store.settling import Settlement
from clawdbot.tools.mail.sending import send_again
from clawdbot.workflows.sweeper import Sweeper

_RESEND_S = 60.0

_SUMMARY = {
    "zh": {"sent": "{by} 确认已生效：{what}", "resend": "{by} 让它再发了一次：{what}"},
    "en": {"sent": "{by} says that it happened: {what}", "resend": "sent again by {by}: {what}"},
}


@dataclass(frozen=True, kw_only=True)
class Unsettled:
    """One effect with an unknown outcome, its run, and the mail when it is one."""

    effect: EffectRecord
    run: RunRecord
    mail: OutboxEntry | None

    @property
    def answers(self) -> tuple[Settlement, ...]:
        """What a person can say of it."""
        return ("sent", "not_sent", "resend") if self.mail else ("sent", "not_sent")


class SettlingDesk:
    """Where a person settles what is unknown."""

    def __init__(self, config: Config, ledger: RunLedger) -> None:
        self._config = config
        self._ledger = ledger

    def unsettled(self) -> tuple[Unsettled, ...]:
        """Everything that waits for a person's word, oldest first, with what dead processes left just now."""
        Sweeper(self._ledger, answer_s=self._config.mail.timeout_s).tick()
        return tuple(self._unsettled(effect) for effect in self._ledger.effects.unsettled())

    def find(self, key: str) -> Unsettled:
        """An effect by its key or the beginning of it, settled or not; UsageError as ``Settling.find``."""
        return self._unsettled(self._ledger.settling.find(key))

    def settle(self, key: str, settlement: Settlement, *, by: str, note: str = "") -> Unsettled:
        """Take a person's answer; ``resend`` sends the mail now, under its Message-ID of before.

        UsageError when somebody else was first, or nothing is to be settled; what ``transport.deliver`` raises when the
        mail could not be sent again, and then the effect is as unknown as before.
        """
        found = self.find(key)
        if settlement not in found.answers:
            raise UsageError(
                f"{found.effect.tool} is no mail from the outbox, so it cannot be sent again from here.",
                hint=f"Do it by hand, then: clawdbot settle {found.effect.key[:12]} --sent",
            )
        mail = found.mail
        if settlement == "resend" and found.effect.state == "unknown" and mail and mail.state != "sent":
            mail = send_again(self._ledger.outbox, mail, self._config.mail, deadline=time.monotonic() + _RESEND_S)
        receipt = None if settlement == "not_sent" else _receipt(found, mail, settlement, by)
        settled = self._ledger.settling.settle(found.effect.key, settlement, by=by, note=note, receipt=receipt)
        return self._unsettled(settled)

    def _unsettled(self, effect: EffectRecord) -> Unsettled:
        run, mail = self._ledger.get_run(effect.run_id), self._ledger.outbox.get(effect.key)
        return Unsettled(effect=effect, run=run, mail=mail)


def _receipt(found: Unsettled, mail: OutboxEntry | None, settlement: Settlement, by: str) -> Mapping[str, Any]:
    """What the executor would have written, and that a person said so."""
    effect = found.effect
    what = f"{effect.tool} {mail.subject}" if mail else effect.tool
    words = _SUMMARY["zh" if found.run.language == "zh" else "en"]
    head = {"step": effect.step, "tool": effect.tool, "effect": effect.effect, "key": effect.key}
    return {**head, "summary": words[settlement].format(by=by, what=what), **(mail.receipt if mail else {})}
