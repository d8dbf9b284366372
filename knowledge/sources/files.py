"""Documents in folders: what is there now, under names that stay the same."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from clawdbot.config import SourceConfig
from clawdbot.errors import LoadFailed
from clawdbot.knowledge.sources.patterns import left_out
from clawdbot.knowledge.sources.roots import Root, find_roots, watched
from clawdbot.knowledge.sources.source import Item
from clawdbot.knowledge.sources.walk import Found, is_hidden, walk

_MISLEADING = frozenset({"B", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Classes of characters that break a line or turn its direction; a name has no use for them."""


class FilesSource:
    """Folders, globs and single files; a :class:`~clawdbot.knowledge.sources.source.Source`.

    A document is called by its path relative to the folder; folders of a source that has several come first in the
    name.  Hidden and temporary files are left out.  A link is followed where it stays in the folder.
    """

    def __init__(self, name: str, config: SourceConfig) -> None:
        self._name, self._config = name, config

    @property
    def name(self) -> str:
        return self._name

    @property
    def config(self) -> SourceConfig:
        return self._config

    def items(self) -> Iterator[Item]:
        """Files by folder and name; KnowledgeError when a folder is missing, not mounted or not readable."""
        names: set[str] = set()
        paths: set[str] = set()
        for root in find_roots(self._config.paths, source=self._name):
            for found in walk(root, exclude=self._config.exclude, source=self._name):
                if found.path in paths:
                    continue
                paths.add(found.path)
                name = _free(_named(root, found.name), names)
                names.add(name)
                yield _item(name, found)

    @contextmanager
    def fetch(self, item: Item) -> Iterator[Path]:
        """The file itself; LoadFailed when it is gone or may not be read."""
        path = path_of(item.uri)
        if os.path.realpath(path) != path:
            raise LoadFailed("It was replaced by a link while it was read.")
        try:
            opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)  # a pipe would wait for its writer
            regular = stat.S_ISREG(os.fstat(opened).st_mode)
            os.close(opened)
        except OSError as error:
            raise LoadFailed(f"It cannot be read: {error.strerror}.") from error
        if not regular:
            raise LoadFailed("It is not a file.")
        yield Path(path)

    @property
    def watched(self) -> tuple[Path, ...]:
        """The folders and single files whose changes matter, whether they are there or not."""
        return watched(self._config.paths)

    def concerns(self, path: str) -> bool:
        """A change of this path can change the documents."""
        for place in self.watched:
            for base in {str(place), os.path.realpath(place)}:
                if Path(path).is_relative_to(base):
                    name = os.path.relpath(path, base)
                    return name == "." or not (is_hidden(name) or left_out(name, self._config.exclude))
        return False


def path_of(uri: str) -> str:
    """The path in a file's URI, also when its bytes are no UTF-8."""
    return os.fsdecode(unquote_to_bytes(uri.removeprefix("file://")))


def _named(root: Root, raw: str) -> str:
    parts = [_readable(part) for part in raw.split("/")]
    label = "/".join(_readable(part) for part in root.label.split("/"))
    return "/".join([label, *parts] if label else parts)


def _readable(part: str) -> str:
    """A part of a path as Unicode in NFC, on one line; what is not UTF-8 is taken for GB 18030, else escaped."""
    raw = os.fsencode(part)
    for encoding in ("utf-8", "gb18030"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        text = raw.decode("utf-8", "backslashreplace")
    shown = "".join("\ufffd" if unicodedata.bidirectional(c) in _MISLEADING or c < " " else c for c in text)
    return unicodedata.normalize("NFC", shown)


def _free(name: str, taken: set[str]) -> str:
    """The name, numbered when another file has it already (two spellings of one name)."""
    number, found = 2, name
    while found in taken:
        found, number = f"{name} ({number})", number + 1
    return found


def _item(name: str, found: Found) -> Item:
    uri = "file://" + quote_from_bytes(os.fsencode(found.path))
    if found.problem or found.state is None:
        return Item(name=name, uri=uri, fingerprint=f"problem: {found.problem}", problem=found.problem)
    state = found.state
    modified = datetime.fromtimestamp(state.st_mtime, UTC).isoformat(timespec="seconds")
    mark = f"{state.st_size}-{state.st_mtime_ns}-{state.st_ino}"
    return Item(name=name, uri=uri, fingerprint=mark, modified_at=modified)
