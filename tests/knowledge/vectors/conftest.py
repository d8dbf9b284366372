"""Every way to the vector index, over the same feed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Index
from clawdbot.knowledge.vectors import generation
from clawdbot.knowledge.vectors.chroma import ChromaIndex
from clawdbot.knowledge.vectors.exact import ExactIndex
from clawdbot.knowledge.vectors.shared import SharedIndex
from tests.knowledge.feed import MemoryFeed
from tests.knowledge.vectors.clouds import DIMENSION

NAME = "test-model-16"

Open = Callable[..., Any]


@pytest.fixture
def feed() -> MemoryFeed:
    return MemoryFeed()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "chroma"


@pytest.fixture
def chroma(folder: Path, feed: MemoryFeed) -> Iterator[Open]:
    """``chroma()``: the index of the one process that owns the folder; closed at the end."""
    opened: list[ChromaIndex] = []

    def make(**more: Any) -> ChromaIndex:
        known = {"collection": NAME, "dimension": DIMENSION, **more}
        opened.append(ChromaIndex(folder, known.pop("feed", feed), **known))
        return opened[-1]

    yield make
    for index in opened:
        index.close()


@pytest.fixture
def shared(folder: Path, feed: MemoryFeed) -> Iterator[Open]:
    """``shared()``: one process's view of the folder that several share; never exact unless told."""
    opened: list[SharedIndex] = []

    def make(**more: Any) -> SharedIndex:
        known = {"collection": NAME, "dimension": DIMENSION, "exact_up_to": 0, **more}
        opened.append(SharedIndex(known.pop("folder", folder), known.pop("feed", feed), **known))
        return opened[-1]

    yield make
    for index in reversed(opened):
        index.close()


@pytest.fixture
def by_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small collections are searched as large ones are: through Chroma's graph, nothing from memory."""
    monkeypatch.setattr(generation, "NARROW", 0)
    monkeypatch.setattr(generation, "FEW", 0)


@pytest.fixture(params=["exact", "chroma", "graph", "owner", "remote", "small"])
def index(request: pytest.FixtureRequest, feed: MemoryFeed, chroma: Open, shared: Open) -> Index[Vectors]:
    """The index in each of its forms: they answer alike."""
    if request.param == "exact":
        return ExactIndex(feed, collection=NAME, dimension=DIMENSION)
    if request.param == "small":
        return shared(exact_up_to=1000)
    if request.param in ("chroma", "graph"):
        if request.param == "graph":
            request.getfixturevalue("by_graph")
        return chroma()
    first = shared()
    if request.param == "owner":
        return first
    first.rebuild()
    assert first.owns
    return shared()
