"""Documents come, change, fail and go, and what answers is always what the source holds now."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clawdbot.config import SourceConfig
from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.library import Library
from clawdbot.knowledge.library.taking_in import DocumentChanged, VectorsMissing
from clawdbot.store.database import Database, sqlite_url
from tests.knowledge.library.writing import COLLECTION, DIMENSION, content, item, live_texts, loaded, put, vector_of


def test_a_document_is_read_as_it_was_written(shelf: Library) -> None:
    put(shelf, "政策/信用.md", "额度为五万元。\nThe limit is 50,000.", title="信用政策",
        modified_at="2026-03-04T10:00:00+08:00", notes=("page 3 has no text: OCR is off",), pages=2,
        metadata={"media": "text/markdown", "author": "李"},
        mark="size 9")  # fmt: skip
    [record] = shelf.documents()
    assert (record.source, record.name, record.title, record.version) == ("docs", "政策/信用.md", "信用政策", 1)
    assert (record.status, record.reason, record.live) == ("ready", "page 3 has no text: OCR is off", True)
    assert (record.media, record.label, record.access) == ("text/markdown", "internal", ("everyone",))
    assert record.modified_at == "2026-03-04T02:00:00+00:00"
    first, second = shelf.passages(entry.chunk for entry in next(iter(shelf.live(COLLECTION, 10)))).values()
    assert (first.text, first.pages, second.pages, second.locator) == ("额度为五万元。", None, (1, 2), "line 2")
    assert (first.headings, first.title, first.document) == (("信用政策",), "信用政策", "政策/信用.md")
    version = shelf.version_text(record.id, 1)
    assert version.text[second.start : second.end] == second.text == "The limit is 50,000."
    assert (version.pages, version.metadata["author"], version.retired_at) == (2, "李", None)
    assert (version.document, version.source) == ("政策/信用.md", "docs")


def test_a_changed_document_answers_with_its_new_text_only_and_keeps_the_old_for_citations(shelf: Library) -> None:
    known = put(shelf, "a.md", "one\ntwo")
    old = [entry.chunk for batch in shelf.live(COLLECTION, 10) for entry in batch]
    put(shelf, "a.md", "one\nthree", mark="2")
    assert live_texts(shelf) == ["one", "three"]
    cited = shelf.passages(old)
    assert [(chunk.text, chunk.version, chunk.live) for chunk in cited.values()] == [
        ("one", 1, False),
        ("two", 1, False),
    ]
    assert shelf.version_text(known.id, 1).retired_at is not None
    put(shelf, "a.md", "four", mark="3")
    assert shelf.passages(old) == {}, "two versions are kept"
    with pytest.raises(KnowledgeError, match=r"not kept any more.*keep_versions"):
        shelf.version_text(known.id, 1)
    assert shelf.version_text(known.id, 2).text == "one\nthree"


def test_equal_content_under_a_new_mark_is_only_noted(shelf: Library) -> None:
    known = put(shelf, "a.md", "one")
    head = shelf.head()
    shelf.touch("docs", item("a.md", "2"), known)
    again = shelf.known("docs")["a.md"]
    assert (again.fingerprint, again.version, shelf.head()) == ("2", 1, head)


def test_a_document_that_changed_into_something_broken_does_not_answer_with_its_old_text(shelf: Library) -> None:
    known = put(shelf, "a.md", "one")
    assert not shelf.fail("docs", item("a.md", "2"), "It is damaged.", before=known, content=content("other bytes"))
    assert live_texts(shelf) == []
    [record] = shelf.documents(status="failed")
    assert (record.reason, record.live, record.version) == ("It is damaged.", False, 1)
    put(shelf, "a.md", "one", mark="3")
    assert (live_texts(shelf), shelf.known("docs")["a.md"].version) == (["one"], 2)
    assert shelf.documents(status="failed") == ()


def test_a_document_out_of_reach_for_now_goes_on_answering(shelf: Library) -> None:
    put(shelf, "a.md", "one", notes=("no table found",))
    known = shelf.known("docs")["a.md"]
    assert shelf.fail("docs", item("a.md", "2"), "The server does not answer.", before=known, transient=True)
    assert live_texts(shelf) == ["one"]
    failed = shelf.known("docs")["a.md"]
    assert (failed.status, failed.fingerprint, failed.live) == ("failed", "", True), "it is tried again"
    shelf.touch("docs", item("a.md", "2"), failed)
    [record] = shelf.documents()
    assert (record.status, record.reason) == ("ready", "no table found")


def test_a_document_that_may_not_be_read_any_more_stops_answering(shelf: Library) -> None:
    known = put(shelf, "a.md", "one")
    assert not shelf.fail("docs", item("a.md", "2"), "The link leads out of the folder.", before=known)
    assert live_texts(shelf) == []
    assert shelf.known("docs")["a.md"].content_hash == "", "its content counts as unknown and is loaded anew"


def test_the_same_bytes_that_a_new_loader_cannot_read_go_on_answering(shelf: Library) -> None:
    known = put(shelf, "a.md", "one")
    newer = content("one", loader="lines 2")
    assert shelf.fail("docs", item("a.md"), "It took too long.", before=known, content=newer)
    failed = shelf.known("docs")["a.md"]
    assert (live_texts(shelf), failed.loader) == (["one"], "lines 2")
    shelf.touch("docs", item("a.md", "2"), failed)
    assert shelf.known("docs")["a.md"].status == "failed", "it still cannot be read by the loader of today"


def test_a_document_that_was_never_read_is_a_row_with_its_reason(shelf: Library) -> None:
    assert not shelf.fail("docs", item("x/badd.pdf"), "A \udcff\x00 reason.", before=None)
    [record] = shelf.documents(source="docs", name="x/badd.pdf")
    assert (record.status, record.version, record.title, record.live) == ("failed", 0, "badd", False)
    assert record.reason == "A ?\N{REPLACEMENT CHARACTER} reason."
    failed = shelf.known("docs")["x/badd.pdf"]
    shelf.fail("docs", item("x/badd.pdf", "2"), "Another.", before=failed, content=content("x"))
    assert shelf.known("docs")["x/badd.pdf"].content_hash == content("x").hash


def test_what_was_deleted_is_gone_with_every_version(shelf: Library) -> None:
    known = put(shelf, "a.md", "one\nshared")
    put(shelf, "a.md", "two\nshared", mark="2")
    put(shelf, "b.md", "shared")
    ids = range(1, 10)
    shelf.remove(known.id)
    assert [chunk.document for chunk in shelf.passages(ids).values()] == ["b.md"]
    with pytest.raises(KnowledgeError):
        shelf.version_text(known.id, 2)
    with pytest.raises(KnowledgeError, match="gone already"):
        shelf.remove(known.id)
    assert shelf.vectors_known(COLLECTION, [loaded("shared", item("b.md"), None).chunks[0].digest])
    assert shelf.status().versions == 1
    assert shelf.sweep() == 0, "nothing was left over"


def test_documents_that_left_their_source_are_forgotten_unless_they_came_back(shelf: Library) -> None:
    for name in ("a.md", "b.md"):
        put(shelf, name, name)
    looked_at = shelf.known("docs")
    put(shelf, "b.md", "new text", mark="2")
    assert shelf.forget(looked_at.values()) == ("a.md",)
    assert live_texts(shelf) == ["new text"]
    assert shelf.sweep() == 2, "the vectors of both old texts"


def test_two_processes_that_take_in_one_document_lose_no_update(shelf: Library) -> None:
    before = put(shelf, "a.md", "one")
    mine = loaded("mine", item("a.md", "2"), before)
    put(shelf, "a.md", "theirs", mark="3")
    vectors = {chunk.digest: vector_of(chunk.passage) for chunk in mine.chunks}
    with pytest.raises(DocumentChanged):
        shelf.commit(mine, collection=COLLECTION, vectors=vectors)
    with pytest.raises(DocumentChanged):
        shelf.touch("docs", item("a.md", "2"), before)
    with pytest.raises(DocumentChanged):
        shelf.fail("docs", item("a.md", "2"), "r", before=None)
    assert live_texts(shelf) == ["theirs"]


def test_many_threads_that_take_in_documents_at_once(shelf: Library) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: put(shelf, f"{n % 5}.md", f"{n % 5} text\nshared", mark=str(n)), range(5)))
        changed = list(pool.map(lambda n: put(shelf, f"{n}.md", f"{n} new\nshared", mark="n"), range(5)))
    assert [one.version for one in changed] == [2] * 5
    assert sorted(live_texts(shelf)) == sorted([f"{n} new" for n in range(5)] + ["shared"] * 5)
    assert shelf.pending(COLLECTION) == 0


def test_nothing_is_stored_without_its_vectors(shelf: Library) -> None:
    new = loaded("one\ntwo", item("a.md"), None)
    one, two = new.chunks
    with pytest.raises(VectorsMissing) as caught:
        shelf.commit(new, collection=COLLECTION, vectors={one.digest: vector_of(one.passage)})
    assert caught.value.digests == {two.digest}
    assert shelf.documents() == () and not shelf.vectors_known(COLLECTION, [one.digest])


def test_a_source_or_collection_that_is_gone_takes_nothing(shelf: Library) -> None:
    new = loaded("one", item("a.md"), None)
    vectors = {chunk.digest: vector_of(chunk.passage) for chunk in new.chunks}
    with pytest.raises(KnowledgeError, match="another embedding model"):
        shelf.commit(new, collection="other-8", vectors=vectors)
    shelf.drop_source("docs")
    with pytest.raises(KnowledgeError, match="no source 'docs'"):
        shelf.commit(new, collection=COLLECTION, vectors=vectors)


def test_an_unusable_date_in_a_document_does_not_count(shelf: Library) -> None:
    put(shelf, "a.md", "one", modified_at="last spring", item_more={"modified_at": "2025-01-02T00:00:00+00:00"})
    put(shelf, "b.md", "two", modified_at="0001-01-01T00:00:00+14:00")
    first, second = shelf.documents()
    assert first.modified_at == "2025-01-02T00:00:00+00:00"
    assert second.modified_at[:13] == second.added_at[:13], "the day it came"


def test_neighbours_stay_within_their_version(shelf: Library) -> None:
    put(shelf, "a.md", "1\n2\n3\n4")
    put(shelf, "b.md", "5")
    ids = {chunk.text: chunk.id for chunk in shelf.passages(range(1, 9)).values()}
    assert [chunk.text for chunk in shelf.neighbours(ids["2"], 1, 5)] == ["1", "2", "3", "4"]
    assert [chunk.text for chunk in shelf.neighbours(ids["4"], 0, 2)] == ["4"]
    assert shelf.neighbours(99, 1, 1) == ()


def test_many_ids_are_read_in_pieces(shelf: Library) -> None:
    shelf.put_source("more", SourceConfig(paths=("/m",)), "command")
    put(shelf, "a.md", "\n".join(f"line {n}" for n in range(1100)), source="more")
    found = shelf.passages(range(1, 40_000))
    assert len(found) == shelf.live_count() == len(shelf.entries(list(range(1, 40_000)), COLLECTION)) == 1100


def test_what_was_deleted_is_not_left_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "l.db"
    library = Library(Database(sqlite_url(file)))
    library.put_source("docs", SourceConfig(), "command")
    library.collection(COLLECTION, DIMENSION)
    known = put(library, "a.md", "\n".join(f"the secret number {n}" for n in range(300)))
    library.close()
    assert b"the secret number" in file.read_bytes()
    library = Library(Database(sqlite_url(file)))
    library.remove(known.id)
    library.close()
    assert b"the secret number" not in file.read_bytes()
