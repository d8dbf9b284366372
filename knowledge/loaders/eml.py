"""Mails as they travel (EML, RFC 5322)."""

from __future__ import annotations

from collections.abc import Iterator
from email import policy
from email.message import Message
from email.parser import BytesParser
from email.utils import parsedate_to_datetime

from clawdbot.knowledge.extract import Extract
from clawdbot.knowledge.loaders.encoding import decode
from clawdbot.knowledge.loaders.letter import MAX_ATTACHMENTS, Attachment, Letter, Nested, extract_of
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loaders.moment import in_utc

_FIELDS = ("From", "To", "Cc", "Date")
_MAX_PARTS = 1000
_MAX_DEPTH = 30


def load(data: bytes, limits: LoadLimits, *, nested: Nested) -> Extract:
    """A mail with its attachments."""
    message = BytesParser(policy=policy.default).parsebytes(data)
    plain: list[str] = []
    pages: list[str] = []
    attachments: list[Attachment] = []
    for part in _leaves(message):
        if _is_attached(part):
            if len(attachments) <= MAX_ATTACHMENTS:
                attachments.append(_attachment(part))
        elif part.get_content_type() == "text/html":
            pages.append(_text(part))
        elif part.get_content_type() == "text/plain":
            plain.append(_text(part))
    letter = Letter(
        subject=_field(message, "Subject"),
        fields=tuple((name, _field(message, name)) for name in _FIELDS),
        sent_at=_sent(_field(message, "Date")),
        plain="\n\n".join(plain),
        page="\n".join(pages),
        attachments=attachments,
    )
    return extract_of(letter, limits, nested)


def _leaves(message: Message, depth: int = 0) -> Iterator[Message]:
    """Parts that hold something; a mail inside of a mail is one."""
    parts = message.get_payload() if message.is_multipart() else None
    if message.get_content_type() == "message/rfc822" or not isinstance(parts, list) or depth > _MAX_DEPTH:
        yield message
        return
    for number, part in enumerate(parts):
        if number < _MAX_PARTS and isinstance(part, Message):
            yield from _leaves(part, depth + 1)


def _is_attached(part: Message) -> bool:
    kind = part.get_content_type()
    if part.get_content_disposition() == "attachment" or kind == "message/rfc822":
        return True
    if kind.startswith("text/") and not part.get_filename():
        return False
    return not kind.startswith("image/") and bool(part.get_filename())  # pictures in the text are logos mostly


def _attachment(part: Message) -> Attachment:
    kind = part.get_content_type()
    if kind == "message/rfc822":
        held = part.get_payload()
        first = held[0] if isinstance(held, list) and held else part
        inner = first if isinstance(first, Message) else part
        name = part.get_filename() or f"{_field(inner, 'Subject') or 'mail'}.eml"
        return Attachment(name=name, data=_written(inner), media=kind)
    payload = part.get_payload(decode=True)
    charset = part.get_content_charset() or ""
    declared = f"{kind}; charset={charset}" if charset else kind
    return Attachment(
        name=part.get_filename() or "", data=payload if isinstance(payload, bytes) else b"", media=declared
    )


def _written(message: Message) -> bytes:
    try:
        return message.as_bytes(policy=policy.compat32)
    except (ValueError, LookupError, TypeError, AttributeError):  # fields that break the rules; loading it says so
        return b""


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes) or not payload:
        return ""
    text, _ = decode(payload, part.get_content_charset() or "")
    return text


def _field(message: Message, name: str) -> str:
    """A field's text; one that breaks the rules is shown as it stands."""
    try:
        value = message.get(name, "")
    except (ValueError, IndexError, TypeError, AttributeError, KeyError):  # the parser of odd addresses
        value = next((raw for key, raw in message.raw_items() if key.lower() == name.lower()), "")
    return str(value)


def _sent(stated: str) -> str:
    try:
        return in_utc(parsedate_to_datetime(stated)) if stated else ""
    except (ValueError, TypeError, IndexError):
        return ""
