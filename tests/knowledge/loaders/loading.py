"""Loads bytes as a file of a name, and shows blocks in one line each."""

from __future__ import annotations

from pathlib import Path

from clawdbot.knowledge.extract import Extract
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loaders.page_reader import PageReader
from clawdbot.knowledge.loaders.registry import load

LIMITS = LoadLimits()


def loaded(
    folder: Path, name: str, data: bytes, *, limits: LoadLimits = LIMITS, media: str | None = None,
    reader: PageReader | None = None,
) -> Extract:  # fmt: skip
    """The extract of a file with this name and content."""
    path = folder / name
    path.write_bytes(data)
    return load(path, media=media, limits=limits, reader=reader)


def shown(extract: Extract) -> list[str]:
    """Blocks as 'kind: text', headings with their level."""
    return [f"{block.kind}{block.level or ''}: {block.text}" for block in extract.blocks]
