"""A mail as bytes: text and HTML parts, attachments, headers that cannot be injected into."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy
from email.utils import format_datetime

from clawdbot.config import MailConfig
from clawdbot.errors import RetryableToolError
from clawdbot.tools.mail.address import Mailbox
from clawdbot.tools.mail.attachments import Attachment
from clawdbot.tools.mail.letter import Letter
from clawdbot.tools.mail.smime import protect

_STYLE = (
    "margin:0;padding:24px;background:#ffffff;color:#1f2933;line-height:1.6;font-size:15px;"
    "font-family:-apple-system,'Segoe UI',Roboto,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif"
)


@dataclass(frozen=True, kw_only=True)
class Mail(Letter):
    """A letter that was composed here."""

    message_id: str
    signed: bool
    encrypted: bool


def message_id(key: str, *, domain: str) -> str:
    """The Message-ID that belongs to an effect key: the same key always gives the same identifier."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def compose(
    *,
    sender: Mailbox,
    to: Sequence[Mailbox],
    subject: str,
    body: str,
    attachments: Sequence[Attachment],
    language: str,
    key: str,
    now: datetime,
    settings: MailConfig,
) -> Mail:
    """Build the whole mail; signs and encrypts when configured.

    ``subject`` and ``body`` are clean text (see ``cleaning``), ``now`` an aware time.  RetryableToolError when the
    mail is larger than ``[mail] max_bytes``; TerminalToolError for certificates that cannot be used.
    """
    smtputf8 = sender.needs_utf8 or any(m.needs_utf8 for m in to)
    # 7-bit parts: relays without 8BITMIME would re-encode the mail and break a signature.
    policy = (SMTPUTF8 if smtputf8 else SMTP).clone(cte_type="7bit")
    identifier = message_id(key, domain=sender.domain)
    headers = EmailMessage(policy=policy)
    headers["From"] = sender.header()
    headers["To"] = tuple(m.header() for m in to)
    headers["Subject"] = subject
    headers["Date"] = format_datetime(now)
    headers["Message-ID"] = identifier
    headers["MIME-Version"] = "1.0"
    headers["Content-Language"] = language
    headers["Auto-Submitted"] = "auto-generated"
    entity = _entity(body, attachments, language=language, policy=policy)
    protected = protect(entity, settings, sender=sender.address, recipients=[m.address for m in to], now=now)
    content = headers.as_bytes().removesuffix(b"\r\n") + protected
    if len(content) > settings.max_bytes:
        sizes = ", ".join(f"{a.name} {len(a.data):,} bytes" for a in attachments) or "no attachments"
        raise RetryableToolError(
            f"The mail has {len(content):,} bytes, more than the {settings.max_bytes:,} allowed ({sizes}).",
            hint="Attach fewer or smaller files, or raise [mail] max_bytes.",
        )
    return Mail(
        message_id=identifier,
        sender=sender.address,
        to=tuple(m.address for m in to),
        content=content,
        signed=settings.sign_cert is not None,
        encrypted=settings.recipient_certs is not None,
    )


def _entity(body: str, attachments: Sequence[Attachment], *, language: str, policy: EmailPolicy[EmailMessage]) -> bytes:
    """Text, HTML and attachments as one MIME entity, to stand below the headers of the mail."""
    entity = EmailMessage(policy=policy)
    entity.set_content(body)
    entity.add_alternative(_as_html(body, language=language), subtype="html")
    for attachment in attachments:
        maintype, subtype = attachment.media_type.split("/", 1)
        entity.add_attachment(attachment.data, maintype=maintype, subtype=subtype, filename=attachment.name)
    del entity["MIME-Version"]
    return entity.as_bytes()


def _as_html(body: str, *, language: str) -> str:
    """The text as simple HTML: blank lines part paragraphs, every character is escaped."""
    paragraphs = "".join(
        f'<p style="margin:0 0 14px">{html.escape(block).replace(chr(10), "<br>")}</p>\n'
        for block in body.split("\n\n")
        if block.strip()
    )
    return (
        f'<!doctype html>\n<html lang="{html.escape(language)}"><head><meta charset="utf-8"></head>\n'
        f'<body style="{_STYLE}"><div style="max-width:640px">\n{paragraphs}</div></body></html>\n'
    )
