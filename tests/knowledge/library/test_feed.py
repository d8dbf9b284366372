"""What indexes are fed: an index that only follows the log equals one that is built anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawdbot.config import SourceConfig
from clawdbot.knowledge.index import Feed
from clawdbot.knowledge.library import Library
from tests.knowledge.library.writing import COLLECTION, item, put, vector_of


def follow(feed: Feed, index: dict[int, str], applied: int, limit: int = 2) -> int:
    """Do what an index does: apply what the log has; returns how far it got."""
    while changes := feed.changes(applied, limit):
        entries = {entry.chunk: entry for entry in feed.entries([change.chunk for change in changes], COLLECTION)}
        for change in changes:
            if change.kind == "add" and change.chunk in entries:
                entry = entries[change.chunk]
                index[change.chunk] = f"{entry.passage} in {entry.scope}"
            else:
                index.pop(change.chunk, None)
        applied = changes[-1].seq
    return applied


def rebuilt(feed: Feed) -> dict[int, str]:
    """An index of what is live now."""
    return {entry.chunk: f"{entry.passage} in {entry.scope}" for batch in feed.live(COLLECTION, 2) for entry in batch}


def test_entries_have_what_an_index_needs(shelf: Library) -> None:
    feed: Feed = shelf
    assert (feed.head(), feed.changes(0, 10), feed.live_count(), list(feed.live(COLLECTION, 10))) == (0, [], 0, [])
    put(shelf, "a.md", "one\ntwo", title="Title", modified_at="1970-01-03T01:00:00+02:00")
    first, second = feed.entries([2, 1, 1, 77], COLLECTION)
    assert (first.chunk, first.passage, first.day) == (1, "Title\none", 1)
    assert second.vector is not None and second.vector.dtype == np.float32
    assert float(second.vector @ vector_of("Title\ntwo")) == pytest.approx(1, abs=1e-3)
    assert np.linalg.norm(second.vector) == pytest.approx(1, abs=1e-6)
    assert [entry.vector for entry in feed.entries([1], "other")] == [None]
    assert [len(batch) for batch in feed.live(COLLECTION, 1)] == [1, 1]
    assert [change.kind for change in feed.changes(0, 10)] == ["add", "add"] and feed.head() == 2


def test_the_log_keeps_the_last_word_on_each_chunk(shelf: Library) -> None:
    for n in range(5):
        put(shelf, "a.md", f"text {n}", mark=str(n))
    log = shelf.changes(0, 100)
    assert [change.kind for change in log] == ["remove"] * 4 + ["add"]
    assert len({change.chunk for change in log}) == 5
    assert [change.seq for change in log] == sorted(change.seq for change in log)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("abc"), st.integers(0, 3)),
        st.tuples(st.just("fail"), st.sampled_from("abc"), st.booleans()),
        st.tuples(st.just("forget"), st.sampled_from("abc"), st.none()),
        st.tuples(st.just("access"), st.sampled_from(["", "a", "?"]), st.none()),
        st.tuples(st.just("drop"), st.none(), st.none()),
        st.tuples(st.just("follow"), st.none(), st.none()),
    ),
    max_size=14,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_following_the_log_from_any_moment_leads_to_what_is_live(
    sqlite_library: Library, steps: list[tuple[str, str, int]]
) -> None:
    library = sqlite_library
    library.put_source("docs", SourceConfig(), "config")
    index: dict[int, str] = {}
    applied = library.head()
    for number, (what, name, value) in enumerate(steps):
        known = library.known("docs")
        if what == "put":
            put(library, name, "\n".join(f"line {n}" for n in range(value)), mark=str(number))
        elif what == "fail":
            library.fail("docs", item(name, str(number)), "r", before=known.get(name), transient=bool(value))
        elif what == "forget":
            library.forget([one for one in known.values() if one.name == name])
        elif what == "access":
            rules = [{"match": name, "access": ["everyone"]}] if name else []
            library.put_source("docs", SourceConfig.model_validate({"rules": rules}), "config")
        elif what == "drop":
            library.drop_source("docs")
            library.put_source("docs", SourceConfig(), "config")
        else:
            applied = follow(library, index, applied)
    applied = follow(library, index, applied)
    assert index == rebuilt(library) and len(index) == library.live_count() and applied == library.head()
    assert library.pending(COLLECTION) == 0
    library.sweep()
    assert library.pending(COLLECTION) == 0, "only what nothing uses was swept"
    library.drop_source("docs")
