"""Vectors of one model, and the change to another behind it."""

from __future__ import annotations

import pytest

from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.library import Library
from tests.knowledge.library.writing import COLLECTION, put, vector_of


def fill(library: Library, name: str, limit: int = 2) -> int:
    """Embed what is missing; returns how many batches that took."""
    number = 0
    for batch in library.missing(name, limit):
        library.put_vectors(name, {one.digest: vector_of(one.passage, 4) for one in batch})
        number += 1
    return number


def test_the_first_collection_of_an_empty_library_is_active(library: Library) -> None:
    assert library.active() is None and library.collections() == ()
    made = library.collection(COLLECTION, 8)
    assert made == library.active() == library.collection(COLLECTION, 8) and made.state == "active"
    with pytest.raises(KnowledgeError, match="have 8 numbers, the embedding model makes 9"):
        library.collection(COLLECTION, 9)
    assert library.collection("second-4", 4).state == "building"


def test_another_model_is_embedded_behind_the_old_one_and_then_takes_over(shelf: Library) -> None:
    put(shelf, "a.md", "one\ntwo\nthree\none")
    assert shelf.collection("new-4", 4).state == "building"
    assert shelf.pending("new-4") == 3, "equal passages are one"
    with pytest.raises(KnowledgeError, match="3 passages are not in 'new-4' yet"):
        shelf.activate("new-4")
    batch = next(iter(shelf.missing("new-4", 2)))
    shelf.put_vectors("new-4", {one.digest: vector_of(one.passage, 4) for one in batch})
    active = shelf.active()
    assert active is not None and active.name == COLLECTION and shelf.pending("new-4") == 1, "searches go on"
    head = shelf.head()
    assert fill(shelf, "new-4") == 1, "what was done before it was interrupted is not done again"
    assert shelf.head() == head, "the indexes of the old model have nothing to do"
    shelf.activate("new-4")
    active = shelf.active()
    assert active is not None and (active.name, active.state) == ("new-4", "active")
    assert [one.name for one in shelf.collections()] == ["new-4"]
    [entries] = shelf.live("new-4", 10)
    assert all(entry.vector is not None and entry.vector.shape == (4,) for entry in entries)
    with pytest.raises(KnowledgeError, match="vectors 'words-8' are gone"):
        shelf.put_vectors(COLLECTION, {})
    with pytest.raises(KnowledgeError, match="are gone"):
        shelf.activate(COLLECTION)


def test_a_document_that_comes_while_a_model_is_changed_is_not_forgotten(shelf: Library) -> None:
    put(shelf, "a.md", "one")
    shelf.collection("new-4", 4)
    fill(shelf, "new-4")
    put(shelf, "b.md", "two")
    with pytest.raises(KnowledgeError, match="1 passages"):
        shelf.activate("new-4")
    fill(shelf, "new-4")
    shelf.activate("new-4")
    assert shelf.pending("new-4") == 0


def test_a_vector_that_was_missing_in_the_active_collection_reaches_the_indexes(shelf: Library) -> None:
    put(shelf, "a.md", "one\ntwo")
    shelf.collection("new-4", 4)
    fill(shelf, "new-4")
    shelf.activate("new-4")
    head = shelf.head()
    shelf.put_vectors("new-4", {})
    assert shelf.head() == head
    [entries] = shelf.live("new-4", 10)
    digest = shelf.passages([entries[0].chunk])[entries[0].chunk].digest
    shelf.put_vectors("new-4", {digest: vector_of("x", 4)})
    assert [change.chunk for change in shelf.changes(head, 9)] == [entries[0].chunk]


def test_a_vector_of_another_shape_is_refused(shelf: Library) -> None:
    with pytest.raises(KnowledgeError, match=r"shape \(4,\) is none of 'words-8'"):
        shelf.put_vectors(COLLECTION, {"d": vector_of("x", 4)})
    assert shelf.vectors_known(COLLECTION, ["d"]) == frozenset()
