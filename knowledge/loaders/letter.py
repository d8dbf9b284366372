"""A mail, whatever file it came in: its header, its body, and what is attached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from clawdbot.errors import LoadFailed
from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.loaders import html, text
from clawdbot.knowledge.loaders.cleaning import one_line
from clawdbot.knowledge.loaders.limits import LoadLimits

MAX_ATTACHMENTS = 100

Nested = Callable[[bytes, str, str], Extract]
"""Loads what is inside: its bytes, its name and its declared media type; LoadFailed with the reason."""


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file inside of a mail."""

    name: str
    data: bytes
    media: str = ""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail.  ``sent_at`` is ISO 8601 in UTC; ``page`` is its HTML form, ``plain`` its text form."""

    subject: str
    fields: tuple[tuple[str, str], ...]
    """Of its header, in order: From, To, Cc, Date."""
    sent_at: str
    plain: str
    page: str
    attachments: Sequence[Attachment | Letter]


def extract_of(letter: Letter, limits: LoadLimits, nested: Nested) -> Extract:
    """Header, body and the text of what is attached, each attachment a part under its name."""
    header = "\n".join(f"{name}: {one_line(value)}" for name, value in letter.fields if value)
    blocks = [Block(kind="paragraph", text=header, part="header")] if header else []
    blocks.extend(_body(letter, limits))
    notes: list[str] = []
    for attachment in letter.attachments[:MAX_ATTACHMENTS]:
        name = _name(attachment)
        try:
            if isinstance(attachment, Letter):
                inside = extract_of(attachment, limits, nested)
            else:
                inside = nested(attachment.data, name, attachment.media)
        except LoadFailed as error:
            notes.append(f"Attachment {name!r}: {error.message}")
            continue
        blocks.append(Block(kind="heading", text=name, level=1, part=name))
        blocks.extend(_part(block, name) for block in inside.blocks)
        notes.extend(f"Attachment {name!r}: {note}" for note in inside.notes)
    if len(letter.attachments) > MAX_ATTACHMENTS:
        notes.append(f"Only the first {MAX_ATTACHMENTS} of {len(letter.attachments)} attachments are loaded.")
    metadata = {name.lower(): one_line(value) for name, value in letter.fields if value}
    return Extract(
        blocks=tuple(blocks), title=letter.subject, modified_at=letter.sent_at, notes=tuple(notes), metadata=metadata
    )


def _name(attachment: Attachment | Letter) -> str:
    if isinstance(attachment, Letter):
        return f"{one_line(attachment.subject) or 'mail'}.msg"
    return one_line(attachment.name) or "attachment"


def _body(letter: Letter, limits: LoadLimits) -> Sequence[Block]:
    """The HTML form when it has more to it (a table) or is all there is, else the text form."""
    plain = letter.plain.strip()
    if letter.page and (not plain or "<table" in letter.page.lower()):
        found = html.from_markup(letter.page, limits).blocks
        if found:
            return found
    return text.blocks_of(plain[: limits.max_text_chars])


def _part(block: Block, name: str) -> Block:
    level = min(block.level + 1, 6) if block.kind == "heading" else block.level
    return replace(block, part=f"{name} / {block.part}" if block.part else name, level=level)
