"""From a loaded document to its chunks; pure."""

from __future__ import annotations

from collections.abc import Iterator

from clawdbot.knowledge.chunk import Chunk
from clawdbot.knowledge.chunking.locator import is_presentation, locate, pages_of
from clawdbot.knowledge.chunking.packing import Packer
from clawdbot.knowledge.chunking.section import Section, sections, together
from clawdbot.knowledge.chunking.unit import Count, Cutter, Unit, leads_in
from clawdbot.knowledge.extract import Extract

_SMALL = 3
"""A section of less than a third of a chunk is small."""
_PATH = 3
"""The heading path takes at most a third of a chunk."""


def chunk(extract: Extract, *, tokens: Count, size: int) -> tuple[Chunk, ...]:
    """Cut a document into chunks of at most ``size`` tokens, the heading path included.

    ``tokens`` counts a text's tokens as the embedding model does.  Chunks follow the sections; small sections of one
    family share one.  Sentences, lists, tables and code stay whole as long as they fit; a table that does not is cut
    between rows, its header before each piece; a paragraph between sentences, of which one is repeated.  In order, the
    spans cover the document but for blanks.
    """
    return tuple(_Chunking(extract, tokens, size).chunks())


class _Chunking:
    """One document on its way; every block and every sentence of a long one is counted once."""

    def __init__(self, extract: Extract, tokens: Count, size: int) -> None:
        self._extract, self._count, self._size = extract, tokens, size
        self._text, self._starts = extract.text, extract.starts()
        self._tokens = [tokens(block.text) if block.text.strip() else 0 for block in extract.blocks]
        self._media = str(extract.metadata.get("media", ""))

    def chunks(self) -> Iterator[Chunk]:
        found = sections(self._extract, self._tokens, by_page=is_presentation(self._media))
        ordinal = 0
        for section in together(found, small=self._size // _SMALL, most=self._size - self._size // _PATH):
            for chunk in self._of(section, ordinal):
                yield chunk
                ordinal += 1

    def _of(self, section: Section, ordinal: int) -> Iterator[Chunk]:
        headings = self._within(section.path)
        path = f"{' > '.join(headings)}\n" if headings else ""
        room = max(self._size - self._count(path), 1)
        cutter = Cutter(count=self._count, most=room)
        packer = Packer(
            document=self._text,
            cutter=cutter,
            measure=lambda text: self._count(path + text),
            size=self._size,
            room=room,
        )
        for offset, packed in enumerate(packer.pack(self._units(section, cutter))):
            yield Chunk(
                ordinal=ordinal + offset,
                text=packed.text,
                start=packed.units[0].start,
                end=packed.units[-1].end,
                headings=headings,
                pages=pages_of(packed.units),
                locator=locate(packed.units, names=self._names(section), media=self._media),
                tokens=packed.tokens,
            )

    def _units(self, section: Section, cutter: Cutter) -> list[Unit]:
        found: list[Unit] = []
        glued = False
        for index in section.blocks:
            block = self._extract.blocks[index]
            found += cutter.units(
                block, index=index, start=self._starts[index], tokens=self._tokens[index], glued=glued
            )
            glued = leads_in(block)
        return found

    def _names(self, section: Section) -> tuple[str, ...]:
        """Headings that tell where to look; the document's title does not."""
        title = " ".join(self._extract.title.split())
        return tuple(name for name in section.names if name != title)

    def _within(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """The path in at most a third of a chunk: outer headings go first, then the end of the last one."""
        most = self._size // _PATH
        while len(path) > 1 and self._count(" > ".join(path)) > most:
            path = path[1:]
        if not path or (counted := self._count(path[0])) <= most:
            return path
        kept = path[0][: len(path[0]) * most // counted].rstrip()
        while kept and self._count(f"{kept}…") > most:
            kept = kept[: len(kept) * 9 // 10].rstrip()
        return (f"{kept}…",) if kept else ()
