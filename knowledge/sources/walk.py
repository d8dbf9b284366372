"""Walking through a folder: files by name, links that stay inside, and what cannot be taken with the reason."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.sources.patterns import left_out, matches
from clawdbot.knowledge.sources.roots import Root

_TEMPORARY = ("*~", "~$*", "*.swp", "*.swo", "*.tmp", "*.part", "*.crdownload", "#*#", "thumbs.db", "desktop.ini")
_GONE = (errno.ENOENT, errno.ENOTDIR)
_UNREACHABLE = (errno.ENAMETOOLONG, errno.ELOOP)
_SPECIAL = (
    (stat.S_ISFIFO, "It is a named pipe, not a file."),
    (stat.S_ISSOCK, "It is a socket, not a file."),
    (stat.S_ISCHR, "It is a device, not a file."),
    (stat.S_ISBLK, "It is a device, not a file."),
)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A file, or something that cannot be taken.  ``name`` is raw, relative to the root's folder, with slashes."""

    name: str
    path: str
    """Without links, so that it can be opened as it is."""
    state: os.stat_result | None = None
    problem: str = ""


def is_hidden(name: str) -> bool:
    """A part of the name is hidden, or is what an editor or a browser keeps for a while."""
    return any(part.startswith(".") or any(matches(glob, part) for glob in _TEMPORARY) for part in name.split("/"))


def walk(root: Root, *, exclude: Sequence[str], source: str) -> Iterator[Found]:
    """Everything that the root takes, each file once.

    KnowledgeError when a folder cannot be read: nothing in it may be taken for deleted.
    """
    return _Walk(root, exclude, source).found()


class _Walk:
    """One pass: first the tree itself, then where its links lead, each place once."""

    def __init__(self, root: Root, exclude: Sequence[str], source: str) -> None:
        self._root, self._exclude, self._source = root, exclude, source
        self._real = os.path.realpath(root.folder)
        self._links: list[tuple[str, str]] = []  # name, path
        self._followed: set[str] = set()

    def found(self) -> Iterator[Found]:
        if self._root.only:
            yield from self._entry(self._root.only, os.path.join(self._real, self._root.only))
        else:
            yield from self._folder("", self._real)
        while self._links:
            yield from self._link(*self._links.pop(0))

    def _folder(self, name: str, path: str) -> Iterator[Found]:
        waiting = [(name, path)]
        while waiting:
            name, path = waiting.pop()
            try:
                with os.scandir(path) as entries:
                    inside = sorted(entries, key=lambda entry: os.fsencode(entry.name))
            except OSError as error:
                if error.errno in _UNREACHABLE:
                    yield Found(name=name, path=path, problem="Its path is too long for this system.")
                elif error.errno not in _GONE or path == self._real:
                    raise self._unreadable(path, error) from error
                continue
            for entry in inside:
                below = f"{name}/{entry.name}" if name else entry.name
                if is_hidden(entry.name) or left_out(below, self._exclude):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if self._reaches(below):
                        waiting.append((below, entry.path))
                else:
                    yield from self._entry(below, entry.path)

    def _reaches(self, folder: str) -> bool:
        depth = self._root.depth
        near_enough = depth is None or folder.count("/") < depth
        return near_enough and not left_out(folder + "/", self._exclude)

    def _entry(self, name: str, path: str) -> Iterator[Found]:
        """A file, a link or something special, when the root takes its name."""
        try:
            state = os.lstat(path)
        except OSError as error:
            if self._root.only and error.errno in _GONE:
                yield Found(name=name, path=path, problem="The file is not there any more.")
            elif error.errno not in _GONE:
                yield Found(name=name, path=path, problem=f"It cannot be read: {error.strerror}.")
            return
        if stat.S_ISLNK(state.st_mode):
            self._links.append((name, path))
        elif self._takes(name):
            reason = next((said for test, said in _SPECIAL if test(state.st_mode)), "")
            yield Found(name=name, path=path, state=state, problem=reason)

    def _takes(self, name: str) -> bool:
        return bool(self._root.only) or matches(self._root.glob, name)

    def _link(self, name: str, path: str) -> Iterator[Found]:
        """Where a link leads.  What has a visible name of its own in the folder keeps that one, and its access."""
        try:
            target = os.path.realpath(path, strict=True)
            state = os.stat(target)
        except OSError as error:
            loops = error.errno == errno.ELOOP
            reason = "The link leads in a circle." if loops else "The link leads to nothing."
            yield from self._broken(name, path, reason)
            return
        if not Path(target).is_relative_to(self._real) and not self._root.only:
            outside = f"The link leads out of the folder, to {_shown(target)}."
            yield from self._broken(name, path, outside, folder=stat.S_ISDIR(state.st_mode))
            return
        own = os.path.relpath(target, self._real)
        visible = not is_hidden(own) and not self._root.only
        if visible and own != "." and left_out(own, self._exclude):
            return
        if stat.S_ISDIR(state.st_mode):
            yield from self._linked_folder(name, path, target, visible=visible)
        elif self._takes(name):
            reason = next((said for test, said in _SPECIAL if test(state.st_mode)), "")
            yield Found(name=own if visible else name, path=target, state=state, problem=reason)

    def _linked_folder(self, name: str, path: str, target: str, *, visible: bool) -> Iterator[Found]:
        if Path(os.path.realpath(os.path.dirname(path))).is_relative_to(target):
            yield from self._broken(name, path, "The link leads back to a folder above it.", folder=True)
        elif self._root.only:
            yield from self._broken(name, path, "The link leads to a folder.")
        elif not (visible and self._root.glob == "**") and target not in self._followed and self._reaches(name):
            self._followed.add(target)
            for each in self._folder(name, target):
                own = os.path.relpath(each.path, self._real)
                yield Found(
                    name=each.name if is_hidden(own) else own, path=each.path, state=each.state, problem=each.problem
                )

    def _broken(self, name: str, path: str, problem: str, *, folder: bool = False) -> Iterator[Found]:
        if self._takes(name) or (folder and self._reaches(name)):
            yield Found(name=name, path=path, problem=problem)

    def _unreadable(self, path: str, error: OSError) -> KnowledgeError:
        return KnowledgeError(
            f"Source {self._source!r}: the folder {_shown(path)!r} cannot be read: {error.strerror}.",
            hint=f"Correct its rights, or leave it out: exclude in [knowledge.sources.{self._source}].",
        )


def _shown(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
