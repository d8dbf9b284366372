"""Kinds of documents: media types that are taken in, and the suffix under which loaders know them."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

TEXT_TYPES: Final = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
}
"""Media type -> suffix of what is text, whose encoding the server may name."""

SUFFIXES: Final = TEXT_TYPES | {
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}
"""Media type -> suffix of all that is taken from a web server."""

DOCUMENTS: Final = frozenset({
    *SUFFIXES.values(), ".csv", ".doc", ".eml", ".htm", ".jpeg", ".jpg", ".m4a", ".markdown", ".mp3", ".msg", ".png",
    ".ppt", ".text", ".tif", ".tiff", ".tsv", ".wav", ".xls",
})  # fmt: skip
"""Suffixes by which a name is surely a file's, not a folder's."""

_UNNAMED: Final = ("", "application/octet-stream", "binary/octet-stream")


def suffix_of(media: str, url: str) -> str | None:
    """The suffix for a web server's media type (without parameters); None when it is not taken.

    A server that does not know the type leaves it to the address, for example '.../guide.md'.
    """
    if media.lower() in _UNNAMED:
        found = PurePosixPath(unquote(urlsplit(url).path)).suffix.lower()
        found = {".htm": ".html", ".markdown": ".md"}.get(found, found)
        return found if found in SUFFIXES.values() else None
    return SUFFIXES.get(media.lower())
