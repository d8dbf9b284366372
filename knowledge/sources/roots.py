"""The folders behind a source's paths: where each begins, what it takes, and what its documents are called."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.sources.media import DOCUMENTS
from clawdbot.knowledge.sources.patterns import is_glob

FSTAB = Path("/etc/fstab")


@dataclass(frozen=True, kw_only=True)
class Root:
    """A folder and what is taken from it.

    ``glob`` is held against names relative to the folder ('**' is all); ``only`` is the one file that was named
    instead.  ``label`` stands before the names of its documents when a source has several folders.
    """

    folder: Path
    glob: str = "**"
    only: str = ""
    label: str = ""

    @property
    def depth(self) -> int | None:
        """How many folders down the glob reaches; None is any number."""
        return None if "**" in self.glob.split("/") else self.glob.count("/")


def find_roots(paths: Sequence[str], *, source: str, fstab: Path = FSTAB) -> tuple[Root, ...]:
    """The roots as they are on disk now; KnowledgeError when a folder is missing or not mounted."""
    found = [_root(path) for path in paths]
    for root in found:
        _check(root, source, fstab)
    labels = _labels(tuple(dict.fromkeys(root.folder for root in found)))
    return tuple(Root(folder=root.folder, glob=root.glob, only=root.only, label=labels[root.folder]) for root in found)


def watched(paths: Sequence[str]) -> tuple[Path, ...]:
    """The folders and single files behind the paths, whether they are there or not."""
    return tuple(dict.fromkeys(root.folder / root.only for root in map(_root, paths)))


def _root(path: str) -> Root:
    place = Path(os.path.abspath(os.path.expanduser(path)))  # without resolving links: the operator named this path
    if place.is_dir():
        return Root(folder=place)
    if not os.path.lexists(place) and is_glob(path):
        parts = place.parts
        first = next(position for position, part in enumerate(parts) if is_glob(part))
        return Root(folder=Path(*parts[:first]), glob="/".join(parts[first:]))
    if os.path.lexists(place) or place.suffix.lower() in DOCUMENTS:
        return Root(folder=place.parent, only=place.name)
    return Root(folder=place)


def _check(root: Root, source: str, fstab: Path) -> None:
    if not root.folder.is_dir():
        raise KnowledgeError(
            f"Source {source!r}: there is no folder {str(root.folder)!r}.",
            hint="Mount it, correct the path, or drop the source: clawdbot knowledge remove " + source,
        )
    for place in _mount_points(fstab):
        if root.folder.is_relative_to(place) and place.is_dir() and not os.path.ismount(place):
            try:
                with os.scandir(place) as entries:
                    empty = next(entries, None) is None
            except OSError:
                empty = True
            if empty:
                raise KnowledgeError(f"Source {source!r}: {str(place)!r} is not mounted.", hint=f"Run: mount {place}")


def _mount_points(fstab: Path) -> Iterator[Path]:
    try:
        text = fstab.read_text("utf-8", "surrogateescape")
    except OSError:
        return
    for line in text.splitlines():
        fields = line.partition("#")[0].split()
        if len(fields) > 2 and fields[1].startswith("/") and fields[1] != "/":
            yield Path(fields[1].replace("\\040", " ").replace("\\011", "\t"))


def _labels(found: Sequence[Path]) -> dict[Path, str]:
    """Nothing for a single folder; else each folder's name, with as many above it as no other folder shares."""
    if len(found) <= 1:
        return dict.fromkeys(found, "")
    return {folder: _distinct(folder, [other for other in found if other != folder]) for folder in found}


def _distinct(folder: Path, others: Sequence[Path]) -> str:
    count = 1
    while any(other.parts[-count:] == folder.parts[-count:] for other in others):
        count += 1
    return "/".join(folder.parts[-count:]).lstrip("/")
