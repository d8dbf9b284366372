"""A mail on its way from the outbox to the server: every step that cannot be taken back is written down before it."""

from __future__ import annotations

from clawdbot.config import MailConfig
from clawdbot.errors import TerminalToolError, ToolError, UsageError
from clawdbot.store.outbox import Outbox, OutboxEntry
from clawdbot.tools.mail.letter import Letter
from clawdbot.tools.mail.transport import Delivery, DeliveryUnknown, deliver


def send(outbox: Outbox, entry: OutboxEntry, settings: MailConfig, *, deadline: float) -> OutboxEntry:
    """Send a queued mail of this process's and return its entry as sent, with the whole receipt.

    Raises as ``transport.deliver`` does, with the outbox saying the same; LeaseLost, with nothing sent, when another
    worker has the run now.
    """
    passage = _Passage(outbox, entry)
    try:
        delivery = deliver(_letter(outbox, entry), settings, deadline=deadline, gate=passage)
    except DeliveryUnknown:
        outbox.unknown(entry.key, attempt=passage.attempt)
        raise
    except ToolError as error:
        outbox.failed(entry.key, attempt=passage.attempt, reply=error.message)
        raise
    return _sent(outbox, entry, delivery, attempt=passage.attempt)


def send_again(outbox: Outbox, entry: OutboxEntry, settings: MailConfig, *, deadline: float) -> OutboxEntry:
    """Send an unknown mail once more because a person wants it, under its Message-ID of before.

    Raises as ``transport.deliver`` does; the mail is as unknown as before then.  UsageError when it is not unknown any
    more, because somebody else was first.
    """
    passage = _SecondPassage(outbox, entry)
    try:
        delivery = deliver(_letter(outbox, entry), settings, deadline=deadline, gate=passage)
    except ToolError:
        if passage.attempt:
            outbox.unknown(entry.key, attempt=passage.attempt)
        raise
    return _sent(outbox, entry, delivery, attempt=passage.attempt)


class _Passage:
    """The gate of a mail that is sent for the first time, or certainly was not before."""

    def __init__(self, outbox: Outbox, entry: OutboxEntry) -> None:
        self._outbox = outbox
        self._entry = entry
        self.attempt = 0

    def may_send(self) -> None:
        attempt = self._outbox.sending(self._entry.key, token=self._entry.token, after=self.attempt)
        if attempt is None:
            raise TerminalToolError(
                "The mail was not sent: it was given up before it could be.", hint="Nobody has got it."
            )
        self.attempt = attempt

    def not_taken(self, reply: str) -> None:
        self._outbox.not_taken(self._entry.key, attempt=self.attempt, reply=reply)


class _SecondPassage(_Passage):
    """The gate of a mail that somebody may have: until the server has taken it, it is as unknown as it was."""

    def may_send(self) -> None:
        attempt = self._outbox.sending_again(self._entry.key, after=self.attempt)
        if attempt is None:
            raise UsageError(
                "The mail is not sent again: somebody else has just said what became of it, or sends it now.",
                hint="See: clawdbot settle",
            )
        self.attempt = attempt

    def not_taken(self, reply: str) -> None:
        self._outbox.unknown(self._entry.key, attempt=self.attempt)


def _letter(outbox: Outbox, entry: OutboxEntry) -> Letter:
    return Letter(sender=entry.sender, to=entry.recipients, content=outbox.content(entry.key))


def _sent(outbox: Outbox, entry: OutboxEntry, delivery: Delivery, *, attempt: int) -> OutboxEntry:
    # The goal's spelling of each address, so that receipts and goals compare.
    spelled = dict(zip(entry.recipients, entry.receipt["to"], strict=True))
    receipt = {
        **entry.receipt,
        "to": [spelled[address] for address in delivery.accepted],
        "refused": {spelled[address]: text for address, text in delivery.refused.items()},
        "server_reply": delivery.server_reply,
        "attempts": delivery.attempts,
    }
    return outbox.sent(entry.key, attempt=attempt, receipt=receipt, reply=delivery.server_reply)
