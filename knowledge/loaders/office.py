"""What the parts of an office document (ECMA-376, "OOXML") share: names, relations, properties."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from clawdbot.knowledge.loaders.container import Container
from clawdbot.knowledge.loaders.moment import in_utc

WORD: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DRAWING: Final = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
SLIDES: Final = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
SHEETS: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
COMPATIBLE: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_RELATED: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_STRICT: Final = (
    (b"http://purl.oclc.org/ooxml/wordprocessingml/main", WORD[1:-1].encode()),
    (b"http://purl.oclc.org/ooxml/drawingml/main", DRAWING[1:-1].encode()),
    (b"http://purl.oclc.org/ooxml/presentationml/main", SLIDES[1:-1].encode()),
    (b"http://purl.oclc.org/ooxml/officeDocument/relationships", RELATION[1:-1].encode()),
)
_CORE: Final = {
    "title": "{http://purl.org/dc/elements/1.1/}title",
    "author": "{http://purl.org/dc/elements/1.1/}creator",
    "subject": "{http://purl.org/dc/elements/1.1/}subject",
    "modified": "{http://purl.org/dc/terms/}modified",
    "created": "{http://purl.org/dc/terms/}created",
}


@dataclass(frozen=True, kw_only=True)
class Properties:
    """What the document says of itself."""

    title: str
    modified_at: str
    metadata: dict[str, str]


def properties_of(container: Container) -> Properties:
    """Title, times, author; empty where the document does not say."""
    root = container.xml_or_none("docProps/core.xml")
    stated = {name: (root.findtext(tag) or "").strip() if root is not None else "" for name, tag in _CORE.items()}
    return Properties(
        title=stated["title"],
        modified_at=in_utc(stated["modified"]) or in_utc(stated["created"]),
        metadata={name: stated[name] for name in ("author", "subject") if stated[name]},
    )


def part(container: Container, name: str) -> Element:
    """A part's tree, its names those of the common ("transitional") form even when the file is of the strict one."""
    return container.xml(name, renamed=_STRICT)


def part_or_none(container: Container, name: str) -> Element | None:
    """The same of a part that may be missing."""
    return part(container, name) if name in container else None


def relations(container: Container, name: str) -> dict[str, tuple[str, str]]:
    """Relation id -> (last word of its type, name of the part) of a part; those that lead outside are left out."""
    folder, file = posixpath.split(name)
    root = container.xml_or_none(f"{folder}/_rels/{file}.rels")
    if root is None:
        return {}
    found = {}
    for relation in root.iter(_RELATED):
        if relation.get("TargetMode") != "External":
            target = relation.get("Target", "")
            place = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[relation.get("Id", "")] = (relation.get("Type", "").rpartition("/")[2], place)
    return found


def parts_of_kind(container: Container, name: str, kind: str) -> Iterator[str]:
    """Names of parts that a part relates to in this way, for example 'notesSlide'."""
    return (place for found, place in relations(container, name).values() if found == kind and place in container)
