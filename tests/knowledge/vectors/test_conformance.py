"""What every form of the vector index promises."""

from __future__ import annotations

import numpy as np
import pytest

from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.index import Index, Where
from tests.knowledge.feed import MemoryFeed
from tests.knowledge.vectors.clouds import DIMENSION, clouds, fill

ALL = Where(scopes=frozenset({1, 2, 3, 4}))


def found(index: Index[Vectors], query: Vectors, where: Where = ALL, limit: int = 5) -> list[int]:
    return [hit.chunk for hit in index.search(query, where, limit)]


def test_the_nearest_come_first_with_their_cosines(index: Index[Vectors], feed: MemoryFeed) -> None:
    made = fill(feed, 60)
    index.sync()
    query = clouds(1, seed=7)[0]
    hits = index.search(query, ALL, 10)
    cosines = made @ query
    assert [hit.chunk for hit in hits] == [int(i) + 1 for i in np.argsort(-cosines)[:10]]
    assert [hit.score for hit in hits] == pytest.approx(sorted(cosines, reverse=True)[:10], abs=1e-3)
    assert index.notes == ()


def test_nothing_outside_the_scopes_or_before_the_day_is_found(index: Index[Vectors], feed: MemoryFeed) -> None:
    made = fill(feed, 40)
    index.sync()
    assert set(found(index, made[0], Where(scopes=frozenset({2})), 99)) == set(range(2, 41, 4))
    late = Where(scopes=frozenset({1, 2}), since_day=30)
    assert set(found(index, made[0], late, 99)) == {34, 38, 33, 37}
    assert found(index, made[0], Where(scopes=frozenset({99}))) == []
    assert found(index, made[0], Where(scopes=frozenset())) == []
    assert found(index, made[0], ALL, 0) == []


def test_what_is_removed_is_gone_and_what_comes_is_found(index: Index[Vectors], feed: MemoryFeed) -> None:
    made = fill(feed, 10)
    index.sync()
    feed.remove(1)
    new = feed.add(scope=3, vector=made[0])
    index.sync()
    assert found(index, made[0])[0] == new
    assert 1 not in found(index, made[0], limit=99)
    assert index.applied == feed.head()
    assert index.verify() == ()


def test_a_chunk_that_moves_to_another_scope_is_found_there_only(index: Index[Vectors], feed: MemoryFeed) -> None:
    made = fill(feed, 10)
    index.sync()
    found(index, made[0], Where(scopes=frozenset({1})))
    feed.move(1, 4)
    index.sync()
    assert 1 not in found(index, made[0], Where(scopes=frozenset({1})))
    assert found(index, made[0], Where(scopes=frozenset({4})))[0] == 1
    assert index.verify() == ()


def test_a_chunk_without_a_vector_is_found_once_it_has_one(index: Index[Vectors], feed: MemoryFeed) -> None:
    made = fill(feed, 5)
    late = feed.add(scope=1)
    index.sync()
    assert late not in found(index, made[0])
    assert index.verify() == ()
    feed.embed(late, made[0])
    feed.remove(1)
    index.sync()
    assert found(index, made[0])[0] == late
    assert index.verify() == ()


def test_an_empty_library_gives_nothing(index: Index[Vectors], feed: MemoryFeed) -> None:
    index.sync()
    assert found(index, clouds(1)[0]) == []
    assert index.verify() == ()


def test_a_rebuild_gives_the_same(index: Index[Vectors], feed: MemoryFeed) -> None:
    made = fill(feed, 30)
    index.sync()
    feed.remove(3)
    index.sync()
    before = found(index, made[2])
    index.rebuild()
    assert found(index, made[2]) == before
    assert index.applied == feed.head()


def test_a_question_of_another_model_is_told_apart(index: Index[Vectors], feed: MemoryFeed) -> None:
    fill(feed, 3)
    index.sync()
    with pytest.raises(KnowledgeError, match="rebuild"):
        index.search(np.ones(DIMENSION + 1, np.float32), ALL, 3)
