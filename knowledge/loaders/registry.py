"""Which loader reads which kind of file, and the one way in: :func:`load`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, Final

from clawdbot.errors import LoadFailed
from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.loaders import sniffing
from clawdbot.knowledge.loaders.cleaning import clean, one_line
from clawdbot.knowledge.loaders.container import damaged
from clawdbot.knowledge.loaders.limits import MAX_NESTING, LoadLimits
from clawdbot.knowledge.loaders.page_reader import PageReader

_HERE = "clawdbot.knowledge.loaders"

LOADERS: Final = {
    sniffing.TEXT: "text",
    sniffing.MARKDOWN: "markdown",
    sniffing.HTML: "html",
    sniffing.CSV: "delimited",
    sniffing.TSV: "delimited",
    sniffing.PDF: "pdf",
    sniffing.DOCX: "docx",
    sniffing.PPTX: "pptx",
    sniffing.ODT: "odt",
    sniffing.XLSX: "xlsx",
    sniffing.RTF: "rtf",
    sniffing.EML: "eml",
    sniffing.MSG: "msg",
    "image/png": "picture",
    "image/jpeg": "picture",
    "image/gif": "picture",
    "image/tiff": "picture",
    "image/bmp": "picture",
    "image/webp": "picture",
}
"""Media type -> module here with ``load``; imported when the first such file comes, for some take half a second."""

_WITH_CHARSET: Final = frozenset(("text", "markdown", "html", "delimited"))
_WITH_READER: Final = frozenset(("pdf", "picture"))
_WITH_NESTED: Final = frozenset(("eml", "msg"))

_SAVE_AS = "Open it in the program that made it and save it as {}."
REFUSED: Final = {
    sniffing.DOC: ("It is in the old Word format (.doc).", _SAVE_AS.format(".docx or PDF")),
    sniffing.XLS: ("It is in the old Excel format (.xls).", _SAVE_AS.format(".xlsx")),
    sniffing.PPT: ("It is in the old PowerPoint format (.ppt).", _SAVE_AS.format(".pptx or PDF")),
    sniffing.ENCRYPTED: ("It needs a password.", "Save it without one."),
    sniffing.PROGRAM: ("It is not a document: it is a program.", "Leave it out of the source."),
    sniffing.ARCHIVE: ("It is not a document: it is a packed archive.", "Unpack it and add what is in it."),
    sniffing.ZIP: ("It is not a document: it is a packed archive.", "Unpack it and add what is in it."),
    sniffing.VIDEO: ("It is not a document: it is a video.", "Leave it out of the source."),
}
"""Kinds that are known and not loaded: why, and what to do."""

_TITLE_MAX = 200
_MEANINGLESS_TITLES = (
    "untitled",
    "document",
    "presentation",
    "slide",
    "book",
    "sheet",
    "工作簿",
    "演示文稿",
    "文档",
    "无标题",
    "幻灯片",
)


@dataclass(frozen=True, kw_only=True)
class _Loading:
    """What is the same for a file and for those inside of it."""

    limits: LoadLimits
    reader: PageReader | None
    models: Path | None
    depth: int = 0

    def nested(self, data: bytes, name: str, media: str) -> Extract:
        """What is attached to a mail, one level deeper."""
        if self.depth >= MAX_NESTING:
            raise LoadFailed(f"It is inside of {MAX_NESTING} other mails: left out.")
        _check_size(len(data), self.limits)
        return _load(data, name, media, replace(self, depth=self.depth + 1))


def load(
    path: Path,
    *,
    media: str | None = None,
    limits: LoadLimits,
    reader: PageReader | None = None,
    models: Path | None = None,
) -> Extract:
    """What a document says, whatever its format.

    ``media`` is what a sender declares; it only tells kinds of text apart, and may name a charset.  ``reader`` reads
    pages and images that have no text; ``models`` is the folder of models, for recordings.  Raises LoadFailed with the
    reason and what to do; MemoryError when memory that was bounded from outside ran out.
    """
    try:
        size = path.stat().st_size
        _check_size(size, limits)
        data = path.read_bytes()
    except OSError as error:
        raise LoadFailed(f"It cannot be read: {error.strerror or error}.", hint="Check its rights.") from error
    return _load(data, path.name, media or "", _Loading(limits=limits, reader=reader, models=models))


def sniff(path: Path) -> str:
    """Media type from the file's bytes, and from its name where text looks alike."""
    with path.open("rb") as file:
        return sniffing.media_of(file.read(), path.name)


def _check_size(size: int, limits: LoadLimits) -> None:
    if size == 0:
        raise LoadFailed("The file is empty.", hint="Get another copy, or leave it out.")
    if size > limits.max_file_bytes:
        raise LoadFailed(
            f"The file has {size:,} bytes, more than the {limits.max_file_bytes:,} allowed.",
            hint="Split it, or raise [knowledge] max_file_bytes.",
        )


def _load(data: bytes, name: str, declared: str, loading: _Loading) -> Extract:
    media = sniffing.media_of(data, name, declared)
    module = "audio" if media.startswith("audio/") else LOADERS.get(media)
    if module is None:
        reason, hint = REFUSED.get(media, ("It is not a document of a known kind.", "Save it as PDF or text."))
        raise LoadFailed(reason, hint=hint)
    loader = _loader(module)
    wanted: dict[str, Any] = {"models": loading.models} if module == "audio" else {}
    if module in _WITH_CHARSET:
        wanted["declared"] = _charset(declared)
    if module in _WITH_READER:
        wanted["reader"] = loading.reader
    if module in _WITH_NESTED:
        wanted["nested"] = loading.nested
    try:
        found = loader(data, loading.limits, **wanted)
    except (LoadFailed, MemoryError):
        raise
    except Exception as error:  # libraries for formats fail in their own ways on broken files
        raise damaged() from error
    return _finished(found, name, media, loading.limits)


def _loader(module: str) -> Callable[..., Extract]:
    loader: Callable[..., Extract] = importlib.import_module(f"{_HERE}.{module}").load
    return loader


def _charset(declared: str) -> str:
    for parameter in declared.split(";")[1:]:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset":
            return value.strip().strip("\"'")
    return ""


def _finished(found: Extract, name: str, media: str, limits: LoadLimits) -> Extract:
    """The same for every format: clean text, no empty blocks, bounded, with a title."""
    blocks: list[Block] = []
    notes = list(found.notes)
    left = limits.max_text_chars
    for block in found.blocks:
        text = clean(block.text).strip("\n")
        if not text.strip():
            continue
        if len(text) > left:
            notes.append(limits.text_note)
            text = text[:left]
        left -= len(text)
        if text:
            blocks.append(replace(block, text=text, part=one_line(block.part)))
        if left <= 0:
            break
    if not blocks:
        notes.append("It has no text.")
    metadata = {key: one_line(value) if isinstance(value, str) else value for key, value in found.metadata.items()}
    title = _title(found.title, blocks, name)
    return replace(
        found,
        blocks=tuple(blocks),
        title=title,
        notes=tuple(dict.fromkeys(notes)),
        metadata={**metadata, "media": media},
    )


def _title(stated: str, blocks: list[Block], name: str) -> str:
    title = one_line(stated)
    if title and not _meaningless(title):
        return title[:_TITLE_MAX]
    heading = next((block.text for block in blocks if block.kind == "heading"), "")
    return one_line(heading)[:_TITLE_MAX] or one_line(PurePath(name).stem)[:_TITLE_MAX]


def _meaningless(title: str) -> bool:
    """What programs put there when nobody gave a title: 'Microsoft Word - x.doc', 'Untitled 1', a file's name."""
    low = title.lower()
    return (
        low.startswith(("microsoft word - ", "microsoft powerpoint - "))
        or low.rstrip("0123456789 -_") in _MEANINGLESS_TITLES
        or low.endswith((".doc", ".docx", ".ppt", ".pptx", ".xls", ".xlsx", ".tex", ".dvi", ".pdf", ".indd"))
        or not any(character.isalpha() for character in title)
    )
