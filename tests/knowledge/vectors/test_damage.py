"""Whatever happens to Chroma's folder, the next sync makes a true index of it, and says why."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clawdbot.knowledge.index import Entry, Where
from clawdbot.knowledge.vectors import chroma as chroma_module
from clawdbot.knowledge.vectors.chroma import ChromaIndex
from clawdbot.knowledge.vectors.collection import Collection
from clawdbot.knowledge.vectors.state import load_progress, load_state
from clawdbot.knowledge.vectors.unavailable import ChromaFailed, IndexClosing
from tests.knowledge.feed import MemoryFeed
from tests.knowledge.vectors.clouds import clouds, fill
from tests.knowledge.vectors.conftest import NAME, Open

ALL = Where(scopes=frozenset({1, 2, 3, 4}))
COUNT = 60


def only(paths: Any) -> Path:
    (path,) = paths
    assert isinstance(path, Path)
    return path


def nearest(index: ChromaIndex) -> int:
    return index.search(clouds(COUNT)[7], ALL, 1)[0].chunk


@pytest.fixture
def built(folder: Path, feed: MemoryFeed, chroma: Open) -> Path:
    """The folder of an index that was closed in peace."""
    fill(feed, COUNT)
    index = chroma()
    index.sync()
    index.close()
    return folder / NAME


def spoil_database(built: Path) -> None:
    file = only(built.glob("g*/chroma.sqlite3"))
    content = bytearray(file.read_bytes())
    content[100:] = b"\x13" * (len(content) - 100)
    file.write_bytes(content)


def empty_database(built: Path) -> None:
    only(built.glob("g*/chroma.sqlite3")).write_bytes(b"")


def lose_generation(built: Path) -> None:
    shutil.rmtree(only(built.glob("g*")))


def lose_state(built: Path) -> None:
    (built / "state.npz").unlink()


def cut_state(built: Path) -> None:
    file = built / "state.npz"
    file.write_bytes(file.read_bytes()[:200])


def lose_everything(built: Path) -> None:
    shutil.rmtree(built)


def die_with_it_open(built: Path) -> None:
    (only(built.glob("g*")) / "writing").touch()


@pytest.mark.parametrize(
    "damage",
    [spoil_database, empty_database, lose_generation, lose_state, cut_state, lose_everything, die_with_it_open],
)
def test_a_damaged_folder_is_built_anew(
    built: Path, feed: MemoryFeed, chroma: Open, damage: Callable[[Path], None]
) -> None:
    damage(built)
    index = chroma()
    assert index.verify() != ()
    index.sync()
    assert nearest(index) == 8
    assert index.verify() == ()
    index.close()
    again = chroma()
    again.sync()
    assert again.repaired == "" and again.verify() == ()
    assert len(list(built.glob("g*"))) == 1, "nothing of the old one is left"


def test_an_index_that_is_ahead_of_the_library_is_built_anew(built: Path, chroma: Open) -> None:
    older = MemoryFeed()
    fill(older, 9, seed=3)
    index = chroma(feed=older)
    index.sync()
    assert "ahead of the library" in index.repaired
    assert index.applied == 9 and index.verify() == ()


@pytest.mark.parametrize("more", [0, 5])
def test_an_index_of_another_library_is_built_anew(built: Path, chroma: Open, more: int) -> None:
    other = MemoryFeed()
    fill(other, COUNT + more, seed=3)
    index = chroma(feed=other)
    index.sync()
    assert "what the library holds" in index.repaired
    assert index.verify() == ()


def test_an_index_of_another_version_is_built_anew(built: Path, chroma: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chroma_module, "chroma_version", lambda: "99.0")
    index = chroma()
    with pytest.raises(ChromaFailed, match="not built"):
        nearest(index)
    index.sync()
    assert "another version" in index.repaired
    assert nearest(index) == 8


def test_chunks_lost_or_put_by_somebody_else_are_noticed(built: Path, feed: MemoryFeed, chroma: Open) -> None:
    collection = Collection(only(built.glob("g*")), NAME)
    collection.drop([5, 6])
    collection.put([Entry(chunk=900, scope=1, day=0, passage="", vector=clouds(1)[0])])
    (moved,) = feed.entries([7], NAME)
    assert moved.vector is not None
    collection.put([Entry(chunk=7, scope=1, day=0, passage="", vector=-moved.vector)])
    collection.close()
    index = chroma()
    told = " ".join(index.verify())
    if "lost vectors" not in told:  # a sample of twenty of sixty is tried when it is opened
        assert "2 chunks are missing in Chroma, for example 5" in told
        assert "1 chunks are in Chroma and no longer live, for example 900" in told
        assert "vectors differ, for example of chunk 7" in told
    index.sync()
    assert index.repaired != "" and index.verify() == ()


def test_a_census_that_differs_is_noticed(built: Path, feed: MemoryFeed, chroma: Open) -> None:
    state = load_state(built / "state.npz")
    assert state is not None
    state.census.scopes[0] = 4
    state.save(built / "state.npz")
    assert chroma().verify() == ("1 chunks have another scope or date in the index, for example 1",)


def test_an_index_that_lags_says_so(built: Path, feed: MemoryFeed, chroma: Open) -> None:
    feed.remove(1)
    assert chroma().verify() == ("the vector index stands at change 60, the library at 61",)


def test_what_fails_in_a_search_is_trusted_no_more(
    built: Path, feed: MemoryFeed, chroma: Open, by_graph: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = chroma()
    assert nearest(index) == 8

    class Panic(BaseException):
        """What the Rust part of Chroma raises is no Exception."""

    def panic(**_: Any) -> Any:
        raise Panic("range start index 10 out of range")

    held = index._current
    assert held is not None
    monkeypatch.setattr(held.collection._collection, "query", panic)
    with pytest.raises(ChromaFailed, match="Panic: range start index"):
        nearest(index)
    with pytest.raises(ChromaFailed, match="not built"):
        nearest(index)
    assert load_progress(built / "state.npz") == (0, 0)
    index.sync()
    assert nearest(index) == 8 and index.verify() == ()


def test_a_torn_segment_is_never_opened_for_chroma_would_crash_on_it(
    folder: Path, feed: MemoryFeed, chroma: Open
) -> None:
    made = fill(feed, 2100)
    index = chroma()
    index.sync()
    index.close()
    segment = only((folder / NAME).glob("g*/*/data_level0.bin"))
    segment.write_bytes(segment.read_bytes()[: segment.stat().st_size // 3])
    (segment.parents[1] / "writing").touch()
    index = chroma()
    with pytest.raises(ChromaFailed, match="not built"):
        nearest(index)
    index.sync()
    assert "was killed" in index.repaired
    assert index.search(made[7], ALL, 1)[0].chunk == 8 and index.verify() == ()


def test_a_closed_index_says_so(built: Path, feed: MemoryFeed, chroma: Open) -> None:
    index = chroma()
    index.sync()
    index.close()
    for use in (index.sync, index.rebuild, lambda: nearest(index)):
        with pytest.raises(IndexClosing):
            use()


def test_a_build_that_ends_early_leaves_the_old_one_in_place(
    built: Path, feed: MemoryFeed, chroma: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = chroma()
    assert nearest(index) == 8
    put = Collection.put

    def full(self: Collection, entries: Any) -> None:
        put(self, entries)
        raise ChromaFailed("database or disk is full")

    monkeypatch.setattr(Collection, "put", full)
    with pytest.raises(ChromaFailed, match="disk is full"):
        index.rebuild()
    monkeypatch.undo()
    assert nearest(index) == 8
    assert len(list(built.glob("g*"))) == 1
    index.sync()
    assert index.repaired == "" and index.verify() == ()


def test_a_folder_that_is_a_file_is_told(folder: Path, feed: MemoryFeed, chroma: Open) -> None:
    fill(feed, 3)
    folder.mkdir()
    (folder / NAME).write_text("")
    with pytest.raises(ChromaFailed, match="cannot be written"):
        chroma().sync()
