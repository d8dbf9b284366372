"""The notifier: notices on their way to people, by mail at most once, by webhook at least once.

Nothing that fails here touches a run: a notice that does not get through is tried again, ever more rarely, and then
says so in its row.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from clawdbot.config import Config
from clawdbot.errors import ClawdbotError, StoreError
from clawdbot.failpoints import reach
from clawdbot.store.deliveries import Deliveries, Delivery
from clawdbot.store.ledger import RunLedger
from clawdbot.store.notices import Notice
from clawdbot.text.language import detect
from clawdbot.tools.mail.address import mailbox, sender_mailbox
from clawdbot.tools.mail.cleaning import clean_body, clean_line
from clawdbot.tools.mail.draft import SUBJECT_LIMIT
from clawdbot.tools.mail.message import Mail, compose
from clawdbot.tools.mail.transport import DeliveryUnknown, deliver
from clawdbot.workflows.webhook import NotPosted, post

log = logging.getLogger(__name__)

PERIOD_S = 5.0

_MAIL = "mail"
_MOST_TRIES = 12
_PAUSE_S = (30.0, 3600.0)
"""First and longest pause between two tries; all of them take about five hours."""
_MAIL_S = 60.0
"""Limit for one try by mail."""
_MARGIN_S = 60.0
_AT_ONCE = 50
"""Most deliveries of one tick."""


class Notifier:
    """Delivers what the board holds; one tick tries everything that is due.  Safe beside another notifier."""

    def __init__(self, config: Config, ledger: RunLedger) -> None:
        self._config = config
        self._deliveries = ledger.deliveries

    def tick(self) -> None:
        """Give new notices their channels, and try what is due."""
        self._deliveries.give_up_lost()
        self._deliveries.route(self._routes)
        for _ in range(_AT_ONCE):
            delivery = self._deliveries.take(for_s=_MAIL_S + _MARGIN_S)
            if delivery is None:
                return
            with suppress(_NotOurs):
                self._try(delivery)

    def _routes(self, notice: Notice) -> Mapping[str, Any]:
        """Where a notice goes: to those of ``[notify]`` when they want its kind, and to its own."""
        settings = self._config.notify
        wanted, target = notice.kind in settings.on, notice.target
        addresses = [*(settings.mail if wanted else ()), *(target.mail if target else ())]
        routes: dict[str, Any] = {_MAIL: list(dict.fromkeys(addresses))} if addresses else {}
        if wanted and settings.webhook:
            routes["webhook"] = settings.webhook
        if target and target.webhook and target.webhook != routes.get("webhook"):
            routes["own webhook"] = target.webhook
        return routes

    def _try(self, delivery: Delivery) -> None:
        try:
            if delivery.channel == _MAIL:
                self._mail(delivery)
            else:
                post(delivery.target, delivery.notice, secret=self._secret())
        except (StoreError, _NotOurs):
            raise
        except DeliveryUnknown as error:
            self._deliveries.end(delivery, "unknown", error=str(error))
        except Exception as error:  # one notice must not keep the others back
            self._not_delivered(delivery, error)
        else:
            self._deliveries.end(delivery, "sent")
            reach("notice.delivered")

    def _not_delivered(self, delivery: Delivery, error: Exception) -> None:
        said = str(error) if isinstance(error, ClawdbotError) else f"{type(error).__name__}: {error}"
        if delivery.tries >= _MOST_TRIES:
            log.warning("Notice %s was not delivered (%s): %s", delivery.notice.id, delivery.channel, said)
            self._deliveries.end(delivery, "failed", error=said)
            return
        after_s = min(_PAUSE_S[0] * 2 ** (delivery.tries - 1), _PAUSE_S[1])
        self._deliveries.retry(delivery, error=said, after_s=after_s)

    def _mail(self, delivery: Delivery) -> None:
        composed = self._composed(delivery.notice, delivery.target)
        gate = _Passage(self._deliveries, delivery)
        deliver(composed, self._config.mail, deadline=time.monotonic() + _MAIL_S, gate=gate)

    def _composed(self, notice: Notice, addresses: list[str]) -> Mail:
        """The mail of a notice: the same Message-ID each time."""
        settings = self._config.mail
        if not settings.host:
            raise ClawdbotError("No mail server is configured.", hint="Set host, port, security and from in [mail].")
        return compose(
            sender=sender_mailbox(settings.from_, username=settings.username),
            to=tuple(mailbox(settings.contacts.get(given, given)) for given in addresses),
            subject=clean_line(notice.subject, limit=SUBJECT_LIMIT),
            body=clean_body(notice.body),
            attachments=(),
            language=detect(notice.subject),
            key=f"notice {notice.id}",
            now=datetime.fromisoformat(notice.at),
            settings=settings,
        )

    def _secret(self) -> str:
        name = self._config.notify.webhook_secret_env
        secret = os.environ.get(name, "") if name else ""
        if name and not secret:
            raise NotPosted(f"The environment variable {name} is empty.", hint="Set it to the key that signs webhooks.")
        return secret


class _NotOurs(ClawdbotError):
    """Another notifier has the delivery now."""


class _Passage:
    """The gate of a notice's mail: from the final dot on it is never sent again by itself."""

    def __init__(self, deliveries: Deliveries, delivery: Delivery) -> None:
        self._deliveries = deliveries
        self._delivery = delivery
        self._sending = False

    def may_send(self) -> None:
        if not self._sending and not self._deliveries.sending(self._delivery):
            raise _NotOurs(f"Notice {self._delivery.notice.id} is delivered by another worker.")
        self._sending = True

    def not_taken(self, reply: str) -> None:
        """A crash before the next try leaves it unknown; the next try of this delivery goes on all the same."""
