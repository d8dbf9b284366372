"""The sweeper: effects that a dead process left behind come to a state that is certain, and people are told of the
rest."""

from __future__ import annotations

from clawdbot.store.ledger import RunLedger
from clawdbot.store.left_behind import LeftBehind
from clawdbot.tools.mail.tool import mail
from clawdbot.workflows.announcing import tell_of_unknown, unknown_once

PERIOD_S = 20.0
_MARGIN_S = 30.0


class Sweeper:
    """Housekeeping over effects and the outbox; one tick does all that is due.

    ``answer_s`` is how long an answer of the mail server may take: what was touched more recently is left alone, for
    whoever waits for it may still live.
    """

    def __init__(self, ledger: RunLedger, *, answer_s: float) -> None:
        self._ledger = ledger
        patience_s = answer_s + _MARGIN_S
        self._left_behind = LeftBehind(ledger.database, mailing=frozenset({mail.name}), patience_s=patience_s)

    def tick(self) -> None:
        """Settle what is certain, mark what is not, and post a notice of each effect that a person must settle."""
        self._left_behind.sweep()
        unsettled = self._ledger.effects.unsettled()
        told = self._ledger.notices.told(unknown_once(effect) for effect in unsettled)
        for effect in unsettled:
            if unknown_once(effect) not in told:
                run = self._ledger.get_run(effect.run_id)
                tell_of_unknown(self._ledger.notices, run, effect, self._ledger.outbox.get(effect.key))
