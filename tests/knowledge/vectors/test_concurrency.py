"""Questions are answered while the index is written, rebuilt and closed."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from clawdbot.knowledge.index import Where
from clawdbot.knowledge.vectors.shared import SharedIndex
from clawdbot.knowledge.vectors.unavailable import IndexClosing
from tests.knowledge.feed import MemoryFeed
from tests.knowledge.vectors.clouds import DIMENSION, clouds, fill
from tests.knowledge.vectors.conftest import NAME, Open


def ask_while(index: SharedIndex, work: Callable[[], None]) -> list[str]:
    """What went wrong in two threads that ask without a pause while ``work`` is done here."""
    done, wrong, answered = threading.Event(), list[str](), [0, 0]

    def ask(number: int) -> None:
        query, where = clouds(2)[number], Where(scopes=frozenset({number + 1}))
        while not done.is_set() or not answered[number]:
            try:
                hits = index.search(query, where, 8)
            except Exception as error:
                wrong.append(repr(error))
                return
            answered[number] += 1
            wrong.extend(f"{len(hits)} of 8" for _ in range(len(hits) != 8))
            wrong.extend(f"chunk {hit.chunk} for {number}" for hit in hits if (hit.chunk - 1) % 4 != number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        work()
    finally:
        done.set()
        for thread in threads:
            thread.join()
    return wrong


@pytest.mark.parametrize("narrow", [True, False])
def test_while_chunks_come_and_go_every_question_is_answered(
    feed: MemoryFeed, shared: Open, narrow: bool, request: pytest.FixtureRequest
) -> None:
    if not narrow:
        request.getfixturevalue("by_graph")
    fill(feed, 200)
    index = shared()
    index.sync()

    def work() -> None:
        for chunk in range(1, 81):
            feed.remove(chunk)
            if chunk % 10 == 0:
                index.sync()
        index.rebuild()

    assert ask_while(index, work) == []
    assert index.verify() == ()


def test_a_long_build_is_not_waited_for_and_ends_when_the_index_is_closed(
    feed: MemoryFeed, shared: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(feed, 40)
    first, second = shared(), shared()
    first.sync()
    reached, go_on = threading.Event(), threading.Event()
    live = feed.live

    def slow(collection: str, batch: int):  # type: ignore[no-untyped-def]  # as the feed's own
        yield from live(collection, 20)
        if threading.current_thread().name == "builder":
            reached.set()
            go_on.wait()
            yield from live(collection, 20)

    monkeypatch.setattr(feed, "live", slow)
    ended: list[BaseException] = []
    own = first._owner.index(NAME, DIMENSION)

    def build() -> None:
        try:
            own.rebuild()
        except IndexClosing as error:
            ended.append(error)

    builder = threading.Thread(target=build, name="builder")
    builder.start()
    reached.wait()
    assert second.search(clouds(40)[0], Where(scopes=frozenset({1})), 1)[0].chunk == 1, "the old one answers"
    assert second.notes == ()
    closer = threading.Thread(target=first.close)
    closer.start()
    own._closing.wait()
    go_on.set()
    builder.join()
    closer.join()
    assert len(ended) == 1
    assert second.search(clouds(40)[0], Where(scopes=frozenset({1})), 1)[0].chunk == 1
    assert second.verify() == ()
