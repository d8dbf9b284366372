"""Loads bytes as a file of a name, and shows blocks in one line each."""

from __future__ import annotations

from pathlib import Path

from PIL.Image import Image

from clawdbot.knowledge.extract import Extract
from clawdbot.knowledge.loaders.limits import LoadLimits
from clawdbot.knowledge.loaders.page_reader import PageReader, ReadPage
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


class SizeReader:
    """Reads every picture as its size."""

    def __init__(self, *, doubtful: bool = False, lines: bool = True) -> None:
        self.doubtful = doubtful
        self.lines = lines

    def read(self, image: Image) -> ReadPage:
        """Two lines: the size and the mode."""
        lines = (f"{image.width} x {image.height}", image.mode) if self.lines else ()
        return ReadPage(text_lines=lines, doubtful=self.doubtful, note="faint" if self.doubtful else "")
