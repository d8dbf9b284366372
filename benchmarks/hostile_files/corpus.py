"""All hostile and broken files, by family."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.hostile_files.archives import archives
from benchmarks.hostile_files.broken import broken
from benchmarks.hostile_files.hostile import Family, Hostile, Setting
from benchmarks.hostile_files.mails import mails
from benchmarks.hostile_files.markup import markup
from benchmarks.hostile_files.odd import odd
from benchmarks.hostile_files.pdfs import pdfs
from benchmarks.hostile_files.pictures import pictures
from benchmarks.hostile_files.texts import texts

FAMILIES: tuple[Family, ...] = (archives, markup, pdfs, pictures, texts, mails, odd, broken)

TRACES = (
    "/tmp/escaped-from-package",
    "/tmp/escaped-from-picture",
    "/tmp/escaped-from-mail",
    "/tmp/escaped-from-front-matter",
    "/tmp/escaped-from-pickle",
)
"""Files that exist when one of them got its way."""


def corpus(setting: Setting) -> Iterator[Hostile]:
    """Every hostile file; each is made when its ``make`` is called."""
    for family in FAMILIES:
        yield from family(setting)
