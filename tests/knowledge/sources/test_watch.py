"""Noticing changes on a real disk."""

from __future__ import annotations

import queue
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import watchfiles
import watchfiles.main

from clawdbot.config import SourceConfig
from clawdbot.knowledge.sources.files import FilesSource
from clawdbot.knowledge.sources.sql import SqlSource
from clawdbot.knowledge.sources.watch import watch

PATIENCE = 60.0


class Watching:
    """A thread that watches, and what it has told."""

    def __init__(self, *sources: FilesSource | SqlSource, every_s: float = 300.0) -> None:
        self.told: queue.Queue[set[str]] = queue.Queue()
        self.stop = threading.Event()
        self._sources, self._every_s = sources, every_s
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for names in watch(self._sources, self.stop, every_s=self._every_s):
            self.told.put(names)

    def next(self) -> set[str]:
        return self.told.get(timeout=PATIENCE)

    def until(self, name: str) -> set[str]:
        """Waits for the source; returns all that was told on the way."""
        told: set[str] = set()
        while name not in told:
            told |= self.next()
        return told

    def end(self) -> bool:
        self.stop.set()
        self._thread.join(PATIENCE)
        return not self._thread.is_alive()


Watcher = Callable[..., Watching]


@pytest.fixture
def watching() -> Iterator[Watcher]:
    made: list[Watching] = []

    def start(*sources: FilesSource | SqlSource, every_s: float = 300.0) -> Watching:
        made.append(Watching(*sources, every_s=every_s))
        return made[-1]

    yield start
    assert all(each.end() for each in made)


def files(name: str, *paths: Path) -> FilesSource:
    return FilesSource(name, SourceConfig(paths=tuple(map(str, paths))))


def test_changes_are_told_by_source(tmp_path: Path, watching: Watcher) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    seen = watching(files("A", tmp_path / "a"), files("B", tmp_path / "b"))
    assert seen.next() == {"A", "B"}, "what changed before watching began"
    (tmp_path / "b" / ".x.md.swp").write_text("noise")
    (tmp_path / "a" / "x.md").write_text("one")
    assert seen.until("A") == {"A"}
    (tmp_path / "b" / "new" / "deep").mkdir(parents=True)
    seen.until("B")
    (tmp_path / "b" / "new" / "deep" / "x.md").write_text("one")
    seen.until("B")


def test_a_folder_that_goes_and_comes_back_is_watched_again(tmp_path: Path, watching: Watcher) -> None:
    place = tmp_path / "docs"
    place.mkdir()
    seen = watching(files("docs", place))
    assert seen.next() == {"docs"}
    shutil.rmtree(place)
    seen.until("docs")
    place.mkdir()
    seen.until("docs")
    (place / "a.md").write_text("one")
    seen.until("docs")


def test_a_folder_that_is_not_there_yet(tmp_path: Path, watching: Watcher) -> None:
    seen = watching(files("docs", tmp_path / "later"))
    assert seen.next() == {"docs"}
    (tmp_path / "later").mkdir()
    assert seen.next() == {"docs"}


def test_a_single_file_that_is_replaced(tmp_path: Path, watching: Watcher) -> None:
    path = tmp_path / "a.md"
    path.write_text("one")
    seen = watching(files("docs", path))
    assert seen.next() == {"docs"}
    (tmp_path / "b.md").write_text("two")
    (tmp_path / "b.md").replace(path)
    seen.until("docs")


def test_what_sends_no_notice_is_looked_at_from_time_to_time(tmp_path: Path, watching: Watcher) -> None:
    config = SourceConfig(kind="sql", database="d", query="SELECT 1", template="x", key="k")
    seen = watching(SqlSource("rows", config, rows=lambda database, query: iter(())), every_s=0.01)
    assert [seen.next() for _ in range(3)] == [{"rows"}] * 3


def test_without_a_watch_of_the_system_it_looks_itself(
    tmp_path: Path, watching: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "true")
    seen = watching(files("docs", tmp_path))
    assert seen.next() == {"docs"}
    (tmp_path / "a.md").write_text("one")
    assert seen.next() == {"docs"}


def test_a_system_that_is_out_of_watches_is_polled(
    tmp_path: Path, watching: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    native = watchfiles.watch
    refused: list[BaseException] = [OSError(28, "OS file watch limit reached"), FileNotFoundError(2, "gone")]

    def limited(*paths: Path, force_polling: bool | None, **settings: Any) -> Iterator[set[watchfiles.main.FileChange]]:
        if refused:
            raise refused.pop()
        assert force_polling, "it does not ask the system again"
        return native(*paths, force_polling=True, **settings)

    monkeypatch.setattr(watchfiles, "watch", limited)
    seen = watching(files("docs", tmp_path))
    assert seen.next() == {"docs"}
    (tmp_path / "a.md").write_text("one")
    assert seen.next() == {"docs"} and not refused
