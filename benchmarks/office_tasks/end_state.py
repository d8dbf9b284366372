"""How a player left the office: what it said, the files it made, the mails that arrived, the database."""

from __future__ import annotations

import email
import email.policy
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from openpyxl import load_workbook
from PIL import Image
from pypdf import PdfReader

from benchmarks.office_tasks.task import Made

_PAGE_POINTS = 600
"""A page that is taller is a report's; charts are lower."""
_DARK = 80
"""Of 256 shades, as many at either end count as dark and as light."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A file or an attachment, read: what it is, and its text."""

    name: str
    kind: Made | None
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail as the server accepted it; ``to`` is from the envelope."""

    to: tuple[str, ...]
    text: str
    attachments: tuple[Document, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EndState:
    """Everything that a task is judged by."""

    answer: str
    claimed: bool
    """The player says that the task is done: a verdict 'verified', or an answer that admits no failure."""
    documents: tuple[Document, ...] = ()
    mails: tuple[Mail, ...] = ()
    database_changed: bool = False


def read_document(name: str, data: bytes) -> Document:
    """A file by its content: a picture is a chart, a PDF a report or a chart, a workbook or CSV an export."""
    if data.startswith(b"\x89PNG"):
        return Document(name=name, kind="chart" if _shows_something(data) else None)
    if data.startswith(b"%PDF"):
        reader = PdfReader(io.BytesIO(data))
        tall = float(reader.pages[0].mediabox.height) > _PAGE_POINTS
        text = "\n".join(page.extract_text() for page in reader.pages)
        return Document(name=name, kind="report" if tall else "chart", text=text)
    if name.lower().endswith(".xlsx"):
        book = load_workbook(io.BytesIO(data), read_only=True)
        cells = [str(c) for sheet in book for row in sheet.iter_rows(values_only=True) for c in row if c is not None]
        return Document(name=name, kind="export", text="\n".join(cells))
    if name.lower().endswith(".csv"):
        return Document(name=name, kind="export", text=data.decode("utf-8-sig"))
    return Document(name=name, kind=None)


def read_files(paths: Iterable[Path]) -> tuple[Document, ...]:
    """All files of a player."""
    return tuple(read_document(path.name, path.read_bytes()) for path in sorted(paths))


def read_mail(recipients: Sequence[str], raw: bytes) -> Mail:
    """A mail with its attachments opened."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage), "the default policy makes EmailMessage"
    body = message.get_body(("plain", "html"))
    said = "" if body is None else re.sub(r"<[^>]+>", " ", body.get_content())
    attached = []
    for part in message.iter_attachments():
        data = part.get_payload(decode=True)
        attached.append(read_document(part.get_filename() or "", data if isinstance(data, bytes) else b""))
    return Mail(
        to=tuple(sorted(r.lower() for r in recipients)),
        text=f"{message['Subject']}\n{said}",
        attachments=tuple(attached),
    )


def _shows_something(png: bytes) -> bool:
    """Not blank: dark and light are both there."""
    shades = Image.open(io.BytesIO(png)).convert("L").histogram()
    return any(shades[:_DARK]) and any(shades[-_DARK:])
