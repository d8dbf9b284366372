"""The configuration chooses the vector index, and collections that are no longer wanted go."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawdbot.config import AppConfig, Config, KnowledgeConfig
from clawdbot.knowledge.index import Where
from clawdbot.knowledge.vectors.exact import ExactIndex
from clawdbot.knowledge.vectors.opening import chroma_folder, drop_dense, open_dense
from clawdbot.knowledge.vectors.shared import SharedIndex
from tests.knowledge.feed import MemoryFeed
from tests.knowledge.vectors.clouds import DIMENSION, fill
from tests.knowledge.vectors.conftest import NAME


def config(home: Path, index: str) -> Config:
    return Config(app=AppConfig(home=home), knowledge=KnowledgeConfig.model_validate({"index": index}))


@pytest.mark.parametrize(("name", "kind"), [("chroma", SharedIndex), ("exact", ExactIndex)])
def test_the_configured_index_is_opened(tmp_path: Path, feed: MemoryFeed, name: str, kind: type) -> None:
    made = fill(feed, 20)
    chosen = config(tmp_path, name)
    index = open_dense(chosen, feed, collection=NAME, dimension=DIMENSION)
    assert isinstance(index, kind)
    index.sync()
    assert index.search(made[4], Where(scopes=frozenset({1, 2, 3, 4})), 1)[0].chunk == 5
    index.close()
    assert chroma_folder(chosen).exists() == (name == "chroma")
    drop_dense(chosen, feed, collection=NAME, dimension=DIMENSION)
    assert not (chroma_folder(chosen) / NAME).exists()


def test_an_exact_index_that_is_ahead_of_its_feed_reads_anew(feed: MemoryFeed) -> None:
    made = fill(feed, 5)
    index = ExactIndex(feed, collection=NAME, dimension=DIMENSION)
    assert len(index) == 0
    index.sync()
    assert (index.applied, len(index)) == (5, 5)
    feed._log.pop()
    feed._live.pop(5)
    hits = index.search(made[0], Where(scopes=frozenset({1, 2})), 9)
    assert {hit.chunk for hit in hits} == {1, 2} and index.applied == 4
    feed._live.pop(1)
    feed.add()
    assert [hit.chunk for hit in index.search(made[0], Where(scopes=frozenset({1})), 9)] == []


def test_an_exact_index_tells_what_differs(feed: MemoryFeed) -> None:
    made = fill(feed, 5)
    late = feed.add()
    index = ExactIndex(feed, collection=NAME, dimension=DIMENSION)
    index.sync()
    assert index.notes == ("1 chunks have no vector yet and are found by their words only",)
    feed._live[1], feed._live[9] = feed._live[2], feed._live.pop(1)
    feed.embed(2, -made[1])
    assert index.verify() != ()
    index.rebuild()
    feed.embed(late, made[0])
    index.search(made[0], Where(scopes=frozenset({1})), 1)
    assert not index.notes
