"""ZIP containers of untrusted origin: read a member only within bounds, parse its XML without entities."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from xml.etree import ElementTree
from xml.parsers import expat

from clawdbot.errors import LoadFailed
from clawdbot.knowledge.loaders.limits import LoadLimits

MAX_MEMBERS = 20_000
_STEP = 1 << 20
_OVERLAP = 1 << 9
_PROLOG = 1 << 16
_DTD = re.compile(rb"<\0?!\0?(?:D\0?O\0?C\0?T|E\0?N\0?T\0?I)")
_MAX_DEPTH = 500
"""Levels of XML; the trees are walked by functions that call themselves."""


class Container:
    """An office document: members of a ZIP file.  What is unpacked counts against ``limits.max_unpacked_bytes``."""

    def __init__(self, archive: zipfile.ZipFile, limits: LoadLimits) -> None:
        self._archive = archive
        self._left = limits.max_unpacked_bytes
        self.names = frozenset(archive.namelist())
        """Of all members."""

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def read(self, name: str) -> bytes:
        """A member's bytes; LoadFailed when it is missing, damaged, encrypted or too large."""
        parts = list(self._pieces(name))
        return b"".join(parts)

    def xml(self, name: str, *, renamed: Sequence[tuple[bytes, bytes]] = ()) -> ElementTree.Element:
        """A member as an XML tree; LoadFailed when it is no plain XML (office formats need no DTD).

        ``renamed``: names of namespaces to read as others.
        """
        data = self.read(name)
        for before, after in renamed:
            data = data.replace(before, after)
        return parse_xml(data)

    def xml_or_none(self, name: str) -> ElementTree.Element | None:
        """The tree of a member that a document may lack."""
        return self.xml(name) if name in self else None

    def windows(self, name: str) -> Iterator[bytes]:
        """A member in pieces of a megabyte, each with the end of the one before, to search in."""
        end = b""
        for piece in self._pieces(name):
            yield end + piece
            end = piece[-_OVERLAP:]

    def _pieces(self, name: str) -> Iterator[bytes]:
        try:
            with self._archive.open(name) as member:
                while piece := member.read(_STEP):
                    self._left -= len(piece)
                    if self._left < 0:
                        raise too_large_unpacked()
                    yield piece
        except KeyError:
            raise LoadFailed(
                f"The file is incomplete: the part {name!r} is missing.", hint="Save it again or get another copy."
            ) from None
        except RuntimeError as error:  # zipfile's way to say that a member is encrypted
            raise LoadFailed("It needs a password.", hint="Save it without one.") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise damaged() from error


@contextmanager
def opened(data: bytes, limits: LoadLimits) -> Iterator[Container]:
    """The container in these bytes; LoadFailed when it is damaged, has too many members or would unpack too large."""
    with checked_zip(data, limits) as archive:
        yield Container(archive, limits)


@contextmanager
def checked_zip(data: bytes, limits: LoadLimits) -> Iterator[zipfile.ZipFile]:
    """A ZIP file whose directory promises no more than the limits allow and whose members do not overlap."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError) as error:
        raise damaged() from error
    with archive:
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise _suspicious(f"It has {len(members)} parts, more than {MAX_MEMBERS}: it may be made to do harm.")
        if sum(member.file_size for member in members) > limits.max_unpacked_bytes:
            raise too_large_unpacked()
        if sum(member.compress_size for member in members) > len(data):
            raise _suspicious("Its parts overlap: it is made to unpack without end.")
        yield archive


def refuse_dtds(archive: Container) -> None:
    """LoadFailed when an XML member begins with a DTD; for parts that a library parses, not :func:`parse_xml`."""
    for name in archive.names:
        if name.endswith((".xml", ".rels", ".vml")) and _DTD.search(next(archive.windows(name), b"")[:_PROLOG]):
            _refuse_dtd()


def parse_xml(data: bytes) -> ElementTree.Element:
    """An XML tree; LoadFailed for a DTD (whose entities could grow without end or read files) or broken XML."""
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    depth = 0

    def name_of(name: str) -> str:
        return f"{{{name}" if "}" in name else name

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise _suspicious(f"Its XML is nested more than {_MAX_DEPTH} levels deep: it may be made to do harm.")
        builder.start(name_of(name), {name_of(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name_of(name))

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse_dtd
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise damaged() from error
    return builder.close()


def _refuse_dtd(*_: object) -> None:
    raise _suspicious("Its XML declares entities, which documents of this kind never do: it may be made to do harm.")


def _suspicious(reason: str) -> LoadFailed:
    return LoadFailed(reason, hint="Find out where it comes from; leave it out of the source if nobody knows.")


def too_large_unpacked() -> LoadFailed:
    """The refusal of what unpacks to more than allowed."""
    return LoadFailed(
        "It unpacks to more than is allowed.",
        hint="If the document is honest, split it, or raise [knowledge] max_file_bytes.",
    )


def damaged() -> LoadFailed:
    """The refusal of a file that its own format's rules do not allow."""
    return LoadFailed("The file is damaged or incomplete.", hint="Save it again or get another copy.")
