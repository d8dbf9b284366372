"""Whatever comes, goes, moves and is asked: nothing outside the filter is found, and the graph finds the nearest."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.knowledge.index import Entry, Where
from clawdbot.knowledge.vectors import generation
from clawdbot.knowledge.vectors.block import Block, best
from clawdbot.knowledge.vectors.exact import ExactIndex
from tests.knowledge.feed import MemoryFeed
from tests.knowledge.vectors.clouds import DIMENSION, clouds, fill
from tests.knowledge.vectors.conftest import NAME, Open

SCOPES = 5
steps = st.lists(
    st.tuples(st.sampled_from(["add", "add", "remove", "move"]), st.integers(1, SCOPES), st.integers(0, 30)),
    max_size=12,
)
wheres = st.builds(
    Where,
    scopes=st.frozensets(st.integers(1, SCOPES + 1)),
    since_day=st.none() | st.integers(0, 30),
)
_seeds = itertools.count()


def happen(feed: MemoryFeed, live: dict[int, Entry], what: list[tuple[str, int, int]]) -> None:
    """Let these steps happen to the library, and note the truth in ``live``."""
    for kind, scope, day in what:
        if kind == "add" or not live:
            vector = clouds(1, seed=next(_seeds))[0]
            chunk = feed.add(scope=scope, day=day, vector=vector)
            live[chunk] = Entry(chunk=chunk, scope=scope, day=day, passage="", vector=vector)
            continue
        chunk = sorted(live)[day % len(live)]
        entry = live.pop(chunk)
        if kind == "remove":
            feed.remove(chunk)
        else:
            feed.move(chunk, scope)
            live[chunk] = Entry(chunk=chunk, scope=scope, day=entry.day, passage="", vector=entry.vector)


@pytest.mark.parametrize("form", ["exact", "chroma", "graph", "remote"])
def test_what_is_found_is_what_may_be_found(
    form: str, feed: MemoryFeed, chroma: Open, shared: Open, request: pytest.FixtureRequest
) -> None:
    if form == "graph":
        request.getfixturevalue("by_graph")
    if form == "remote":
        shared().rebuild()
    index = {
        "exact": lambda: ExactIndex(feed, collection=NAME, dimension=DIMENSION),
        "chroma": chroma, "graph": chroma, "remote": shared,
    }[form]()  # fmt: skip
    live: dict[int, Entry] = {}

    @settings(max_examples=25)
    @given(what=steps, where=wheres, limit=st.integers(1, 40), seed=st.integers(0, 99))
    def holds(what: list[tuple[str, int, int]], where: Where, limit: int, seed: int) -> None:
        happen(feed, live, what)
        index.sync()
        query = clouds(1, seed=seed)[0]
        allowed = {
            entry.chunk: float(entry.vector @ query)
            for entry in live.values()
            if entry.vector is not None
            if entry.scope in where.scopes and (where.since_day is None or entry.day >= where.since_day)
        }
        hits = index.search(query, where, limit)
        assert {hit.chunk for hit in hits} <= allowed.keys()
        assert len(hits) == len({hit.chunk for hit in hits}) == min(limit, len(allowed))
        assert [hit.score for hit in hits] == pytest.approx(
            sorted(allowed.values(), reverse=True)[: len(hits)], abs=1e-3
        )

    holds()
    assert index.verify() == ()


@pytest.mark.parametrize("since_day", [None, 900])
def test_the_graph_finds_nearly_all_that_exact_search_finds(
    feed: MemoryFeed, chroma: Open, by_graph: None, since_day: int | None
) -> None:
    fill(feed, 1500, scopes=10)
    index, exact = chroma(), ExactIndex(feed, collection=NAME, dimension=DIMENSION)
    index.sync()
    for visible in (1, 3, 10):
        where = Where(scopes=frozenset(range(1, visible + 1)), since_day=since_day)
        shares = []
        for query in clouds(20, seed=5):
            truth = {hit.chunk for hit in exact.search(query, where, 10)}
            shares.append(len(truth & {hit.chunk for hit in index.search(query, where, 10)}) / len(truth))
        assert np.mean(shares) >= 0.95


def test_what_lies_far_from_the_question_is_found_all_the_same(
    feed: MemoryFeed, chroma: Open, by_graph: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "MOST", 50)
    near, far = clouds(1, seed=1)[0], -clouds(1, seed=1)[0]
    chance = np.random.default_rng(0)
    for scope, centre, count in ((1, near, 400), (2, far, 40)):
        for _ in range(count):
            vector = centre + 0.1 * chance.standard_normal(DIMENSION)
            feed.add(scope=scope, vector=(vector / np.linalg.norm(vector)).astype(np.float32))
    index = chroma()
    index.sync()
    hits = index.search(near, Where(scopes=frozenset({2})), 10)
    assert len(hits) == 10 and {hit.chunk for hit in hits} <= set(range(401, 441))


def test_recent_days_of_large_scopes_are_read_one_by_one(
    feed: MemoryFeed, chroma: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "NARROW", 50 * 4 * DIMENSION)
    made = fill(feed, 200, scopes=1)
    index = chroma()
    index.sync()
    hits = index.search(made[0], Where(scopes=frozenset({1}), since_day=190), 99)
    assert {hit.chunk for hit in hits} == set(range(191, 201))


def test_vectors_of_scopes_used_longest_ago_leave_the_memory(
    feed: MemoryFeed, chroma: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "SHELF", 60 * 4 * DIMENSION)
    made = fill(feed, 120, scopes=4)
    index = chroma()
    index.sync()
    for scope in (1, 2, 3, 4, 1):
        hits = index.search(made[scope - 1], Where(scopes=frozenset({scope})), 5)
        assert hits[0].chunk == scope and len(hits) == 5


@given(
    rows=st.lists(st.tuples(st.integers(1, 20), st.booleans()), max_size=60),
    limit=st.integers(0, 8),
)
def test_a_block_holds_what_was_put_and_not_dropped(rows: list[tuple[int, bool]], limit: int) -> None:
    block, truth = Block(3), dict[int, tuple[float, float, float]]()
    for chunk, put in rows:
        vector = (chunk / 20, 1.0, len(truth) / 60)
        if put:
            block.put(chunk, chunk, np.array(vector, np.float32))
            truth[chunk] = vector
        elif chunk in truth:
            block.drop(chunk)
            del truth[chunk]
    block.trim()
    assert len(block) == len(truth)
    hits = best([block], np.array((1, 0, 0), np.float32), since_day=None, limit=limit)
    assert [hit.chunk for hit in hits] == sorted(truth, reverse=True)[:limit]
    for chunk, vector in truth.items():
        assert block.vector(chunk) == pytest.approx(vector)


def test_of_equally_near_chunks_the_older_come_first() -> None:
    block = Block.of([5, 3, 9, 1], [0, 0, 0, 0], np.ones((4, 2), np.float32))
    assert [hit.chunk for hit in best([block], np.ones(2, np.float32), since_day=None, limit=2)] == [1, 3]
    assert best([], np.ones(2, np.float32), since_day=None, limit=2) == ()
