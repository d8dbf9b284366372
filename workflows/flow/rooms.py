"""A room for each attempt at a step: a folder of its own with what it may see, whose new things are then published.

A step sees what comes from steps that it needs and nothing else, whatever runs beside it; an attempt that was cut off
leaves nothing behind for the next one to stumble over.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from clawdbot.tools.executor import ERROR_LOG
from clawdbot.tools.workspace import Artifact, TableInfo, Workspace, safe_name

_ROOMS = "rooms"
_LISTS = "published"


@dataclass(frozen=True, kw_only=True)
class Things:
    """Tables and files by name."""

    tables: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a step gave to the run's folder; ``renamed`` are tables that had to take another name."""

    things: Things
    renamed: dict[str, str]


class House:
    """The folder of a workflow's run with the rooms of its steps; thread-safe, one process at a time."""

    def __init__(self, main: Workspace) -> None:
        self.main = main
        self._lock = threading.Lock()

    def room(self, position: str, seen: Things) -> Workspace:
        """An empty room in which those things stand; what an earlier attempt at the step left is gone."""
        folder = self._room_folder(position)
        shutil.rmtree(folder, ignore_errors=True)
        with self._lock:
            self._withdraw(position)
        room = Workspace(folder)
        carry(self.main, room, seen)
        return room

    def publish(self, position: str, source: Workspace, seen: Things, *, prefix: str) -> Published:
        """Bring what is new in ``source`` into the run's folder, each under its name where that is free.

        A list of it is written first, so that an attempt that is cut off here is cleared away by the next.
        """
        tables = [info.name for info in source.tables() if info.name not in seen.tables]
        files = [made.name for made in source.artifacts() if made.name not in seen.files]
        with self._lock:
            taken = {info.name for info in self.main.tables()}
            renamed = {name: _free(f"{prefix}_{name}", taken) for name in tables if name in taken}
            there = {made.name for made in self.main.artifacts()}
            mark = f"{prefix}-" if any(name in there for name in files) else ""
            named = {name: _free(f"{mark}{name}", there) for name in files}  # a chart and its twin go together
            things = Things(tables=tuple(renamed.get(name, name) for name in tables), files=tuple(named.values()))
            _write(self._list(position), asdict(things))
            for name in tables:
                _copy_table(source, self.main, name, renamed.get(name, name))
            for made in source.artifacts():
                if made.name in named:
                    _copy_file(source, self.main, made, named[made.name])
        return Published(things=things, renamed=renamed)

    def clear(self, position: str) -> None:
        """Remove the step's room; crash reports of its tools are kept."""
        folder = self._room_folder(position)
        if (folder / ERROR_LOG).is_file():
            with (self.main.root / ERROR_LOG).open("a", encoding="utf-8") as log:
                log.write((folder / ERROR_LOG).read_text("utf-8"))
        shutil.rmtree(folder, ignore_errors=True)

    def _withdraw(self, position: str) -> None:
        """Take back what a cut off attempt had published."""
        path = self._list(position)
        if not path.is_file():
            return
        listed = json.loads(path.read_text("utf-8"))
        for name in listed["tables"]:
            for suffix in (".json", ".data.json"):
                (self.main.root / "tables" / f"{name}{suffix}").unlink(missing_ok=True)
        for name in listed["files"]:
            for path_ in (name, f".{name}.json"):
                (self.main.root / "artifacts" / path_).unlink(missing_ok=True)
        path.unlink()

    def _room_folder(self, position: str) -> Path:
        return self.main.root / _ROOMS / _file_name(position)

    def _list(self, position: str) -> Path:
        return self.main.root / _LISTS / f"{_file_name(position)}.json"


def carry(source: Workspace, target: Workspace, things: Things) -> None:
    """Put those things of one folder into another, oldest first, without those that are there already."""
    there = Things(tables=_names(target.tables()), files=_names(target.artifacts()))
    for info in source.tables():
        if info.name in things.tables and info.name not in there.tables:
            _copy_table(source, target, info.name, info.name)
    for made in source.artifacts():
        if made.name in things.files and made.name not in there.files:
            _copy_file(source, target, made, made.name)


def _names(found: Iterable[TableInfo | Artifact]) -> tuple[str, ...]:
    return tuple(one.name for one in found)


def _copy_table(source: Workspace, target: Workspace, name: str, new: str) -> None:
    """The rows are never written again, so both may have the same file; the description comes last."""
    _link(source.root / "tables" / f"{name}.data.json", target.root / "tables" / f"{new}.data.json")
    described = source.root / "tables" / f"{name}.json"
    _write(target.root / "tables" / f"{new}.json", {**json.loads(described.read_text("utf-8")), "name": new})
    _same_age(described, target.root / "tables" / f"{new}.json")


def _copy_file(source: Workspace, target: Workspace, made: Artifact, new: str) -> None:
    """A copy of its own: a tool may write a file in place."""
    path = target.root / "artifacts" / new
    partial = path.with_name(f".{new}.partial")
    shutil.copyfile(source.root / "artifacts" / made.name, partial)
    partial.replace(path)
    target.add_artifact(path, kind=made.kind, title=made.title)
    _same_age(source.root / "artifacts" / f".{made.name}.json", target.root / "artifacts" / f".{new}.json")


def _link(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def _same_age(source: Path, target: Path) -> None:
    """Things are listed by age, and a chart of the newest table is of the same one everywhere."""
    age = source.stat()
    os.utime(target, ns=(age.st_atime_ns, age.st_mtime_ns))


def _write(path: Path, body: object) -> None:
    path.parent.mkdir(exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(body, ensure_ascii=False), "utf-8")
    partial.replace(path)


def _free(name: str, taken: Collection[str]) -> str:
    stem, dot, suffix = name.partition(".")
    number, found = 2, name
    while found in taken:
        found, number = f"{stem}_{number}{dot}{suffix}", number + 1
    return found


def _file_name(position: str) -> str:
    return safe_name(position.replace("/", "-"), limit=120)
