"""After each pass the library holds what the source holds, and a person was told what happened."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.config import AccessRule, SourceConfig
from clawdbot.errors import KnowledgeError, LoadFailed
from clawdbot.knowledge.extract import Block, Extract
from clawdbot.knowledge.sources.source import Item, Unreachable
from tests.knowledge.ingestion.desk import BROKEN, CountingEmbedder, Desk, Shelf, counts, load_text

GBK_NAMES = tuple(os.fsdecode(name) for name in (b"\xcf\xfa.txt", b"\xb2\xc9.txt"))
"""File names that are no UTF-8, as Python reads them from a folder."""


def test_new_changed_unchanged_and_removed_documents(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = {"a.txt": "alpha", "b.txt": "beta", "c/d.txt": "差旅费用"}
    report = desk.take(shelf)
    assert counts(report) == {"new": 3, "chunks": 3} and report.error == "" and report.seconds > 0
    assert desk.texts() == {"alpha", "beta", "差旅费用"}
    assert desk.told("ready") == desk.told("loading") == ["a.txt", "b.txt", "c/d.txt"]
    assert (desk.events[0].kind, desk.events[-1].kind) == ("source", "done")
    assert (desk.events[-1].done, desk.events[-1].total) == (3, 3)

    assert counts(desk.take(shelf)) == {"unchanged": 3} and shelf.fetched == []

    shelf.texts = {"a.txt": "alpha", "b.txt": "beta two", "e.txt": "epsilon"}
    assert counts(desk.take(shelf)) == {"new": 1, "changed": 1, "unchanged": 1, "removed": 1, "chunks": 2}
    assert desk.texts() == {"alpha", "beta two", "epsilon"}
    assert desk.told("removed") == ["c/d.txt"] and shelf.fetched == ["b.txt", "e.txt"]
    assert desk.library.status().oldest_check is not None


def test_equal_content_is_not_loaded_again_and_equal_passages_are_not_embedded_again(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = {"a.txt": "alpha", "b.txt": "beta"}
    desk.take(shelf)
    shelf.marks = {"a.txt": "touched"}
    shelf.texts["copy.txt"] = "beta"
    del shelf.texts["b.txt"]
    assert counts(desk.take(shelf)) == {"new": 1, "unchanged": 1, "removed": 1, "chunks": 1}
    assert shelf.fetched == ["a.txt", "copy.txt"] and desk.embedder.asked == [], "a renamed document costs nothing"
    assert counts(desk.take(shelf)) == {"unchanged": 2} and shelf.fetched == []


def test_a_broken_document_is_a_row_and_is_not_tried_until_it_changes(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = {"a.txt": "alpha", "bad.txt": BROKEN, "bug.txt": "BUG", "z.txt": "zeta"}
    assert counts(desk.take(shelf)) == {"new": 2, "failed": 2, "chunks": 2}
    assert desk.reason("bad.txt") == "It is damaged. Save it again."
    assert desk.reason("bug.txt").startswith("The loader failed (ValueError: no such page).")
    assert counts(desk.take(shelf)) == {"unchanged": 2, "failed": 2} and shelf.fetched == []
    assert desk.reason("bad.txt") == "It is damaged. Save it again."
    shelf.marks = {"bad.txt": "touched"}
    assert counts(desk.take(shelf)) == {"unchanged": 2, "failed": 2} and shelf.fetched == ["bad.txt"]
    assert counts(desk.take(shelf, retry_failed=True)) == {"unchanged": 2, "failed": 2}
    assert shelf.fetched == ["bad.txt", "bug.txt"]
    desk.load = lambda path: Extract(blocks=(Block(kind="paragraph", text="read at last"),))
    assert counts(desk.take(shelf, retry_failed=True)) == {"unchanged": 2, "new": 2, "chunks": 2}
    shelf.texts["bad.txt"] = "mended"
    del shelf.marks["bad.txt"]
    desk.load = load_text
    assert counts(desk.take(shelf)) == {"unchanged": 3, "changed": 1, "chunks": 1}
    assert {failure.name for failure in desk.library.status().failures} == set()


def test_a_document_that_becomes_broken_answers_no_more(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = {"a.txt": "alpha"}
    desk.take(shelf)
    shelf.texts["a.txt"] = BROKEN
    assert counts(desk.take(shelf)) == {"failed": 1} and desk.texts() == set()
    shelf.texts["a.txt"] = "alpha"
    assert counts(desk.take(shelf)) == {"changed": 1, "chunks": 1} and desk.texts() == {"alpha"}


def test_a_document_out_of_reach_answers_on_and_is_tried_each_time(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = {"a.txt": "alpha", "b.txt": "beta"}
    desk.take(shelf)
    shelf.marks = {"a.txt": "2"}
    shelf.problems = {"b.txt": ("The server answered 503.", True)}

    def down(item: Item) -> None:
        raise Unreachable("The server does not answer.")

    shelf.on_fetch = down
    for _ in range(2):
        assert counts(desk.take(shelf)) == {"failed": 2} and desk.texts() == {"alpha", "beta"}
        assert shelf.fetched == ["a.txt"]
    assert desk.reason("b.txt") == "The server answered 503."
    shelf.on_fetch, shelf.problems = (lambda item: None), {}
    assert counts(desk.take(shelf)) == {"unchanged": 2}
    assert desk.library.status().failures == ()


@pytest.mark.parametrize(
    ("trouble", "answers"),
    [
        (PermissionError(13, "Permission denied"), False),
        (FileNotFoundError(2, "No such file"), False),
        (LoadFailed("It was replaced by a link."), False),
        (OSError(5, "Input/output error"), True),
    ],
)
def test_what_was_withheld_on_purpose_answers_no_more(
    desk: Desk, shelf: Shelf, trouble: Exception, answers: bool
) -> None:
    shelf.texts = {"a.txt": "alpha"}
    desk.take(shelf)
    shelf.marks = {"a.txt": "2"}

    def refuse(item: Item) -> None:
        raise trouble

    shelf.on_fetch = refuse
    assert counts(desk.take(shelf)) == {"failed": 1}
    assert desk.texts() == ({"alpha"} if answers else set())
    shelf.on_fetch = lambda item: None
    desk.take(shelf)
    assert desk.texts() == {"alpha"}, "rights that come back change no mark, so it is tried each time"


def test_a_source_that_cannot_be_listed_deletes_nothing(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = {"a.txt": "alpha"}
    desk.take(shelf)
    for trouble in (KnowledgeError("The folder is not mounted."), OSError(5, "Input/output error")):
        shelf.unlisted = trouble
        report = desk.take(shelf)
        assert counts(report) == {} and report.error and desk.texts() == {"alpha"}
        assert desk.events[-1].kind == "done" and desk.events[-1].reason == report.error
        assert desk.library.sources()[0].error == report.error
    shelf.unlisted = None
    assert desk.take(shelf).error == "" == desk.library.sources()[0].error


def test_a_source_that_fails_on_the_way_keeps_what_was_ready(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = {"a.txt": "alpha", "b.txt": "LOST", "c.txt": "gamma"}
    report = desk.take(shelf)
    assert report.error == "The loading process cannot start." and desk.texts() == {"alpha"}


def test_another_loader_or_chunk_size_loads_everything_anew(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = {"a.txt": "alpha"}
    desk.take(shelf)
    desk.loader = "text 2"
    assert counts(desk.take(shelf)) == {"changed": 1, "chunks": 1} and desk.embedder.asked == []
    assert counts(desk.take(shelf)) == {"unchanged": 1}


def test_files_that_are_none_or_too_large_are_told(desk: Desk, shelf: Shelf, tmp_path: Path) -> None:
    desk.max_bytes = 10
    shelf.texts = {"a.txt": "x" * 11, "b.txt": "short"}
    assert counts(desk.take(shelf)) == {"new": 1, "failed": 1, "chunks": 1}
    assert "11 bytes, more than 10" in desk.reason("a.txt") and "max_file_bytes" in desk.reason("a.txt")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    desk.take(replace(shelf, texts={"p.txt": "x"}, file=pipe))
    assert desk.reason("p.txt") == "It is not a file."


def test_a_file_that_changes_while_it_is_read_is_read_again(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = {"a.txt": "before"}
    times = []

    def load(path: Path) -> Extract:
        found = load_text(path)
        times.append(path)
        if len(times) == 1:
            path.write_text("after it was changed")
        return found

    desk.load = load
    assert counts(desk.take(shelf)) == {"new": 1, "chunks": 1} and desk.texts() == {"after it was changed"}

    def restless(path: Path) -> Extract:
        path.write_text(path.read_text() + "x")
        return load_text(path)

    desk.load, shelf.texts = restless, {"a.txt": "restless"}
    assert counts(desk.take(shelf)) == {"failed": 1}
    assert "changes while it is read" in desk.reason("a.txt") and desk.texts() == {"after it was changed"}


def test_a_document_without_text_says_so(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = {"a.txt": ""}
    assert counts(desk.take(shelf)) == {"new": 1}
    assert desk.library.documents()[0].reason == "No text was found in it."


def test_names_and_texts_that_no_database_takes_stay_apart(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = dict(zip(GBK_NAMES, ["one\x00\ud800!", "two"], strict=True))
    assert counts(desk.take(shelf)) == {"new": 2, "chunks": 2}
    assert desk.texts() == {"one\N{REPLACEMENT CHARACTER}?!", "two"}
    assert counts(desk.take(shelf)) == {"unchanged": 2}
    assert {one.name for one in desk.library.documents()} == {"\\udccf\\udcfa.txt", "\\udcb2\\udcc9.txt"}


def test_two_sources_may_hold_the_same_file(desk: Desk, shelf: Shelf) -> None:
    other = replace(shelf, name="other", fetched=[])
    shelf.texts["a.txt"] = "alpha"
    assert counts(desk.take(shelf)) == counts(desk.take(other)) == {"new": 1, "chunks": 1}
    desk.library.drop_source("docs")
    assert desk.texts() == {"alpha"}


def test_documents_belong_to_the_scope_that_their_name_says(desk: Desk, shelf: Shelf) -> None:
    shelf.config = SourceConfig(rules=(AccessRule(match="hr/**", access=("group:hr",)),))
    shelf.texts = {"hr/pay.txt": "pay", "plan.txt": "plan"}
    desk.take(shelf)
    assert {one.name: one.access for one in desk.library.documents()} == {
        "hr/pay.txt": ("group:hr",), "plan.txt": ("everyone",),
    }  # fmt: skip


def test_a_long_document_is_embedded_once_though_it_is_interrupted(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = {"long.txt": "\n\n".join(f"Paragraph {n} " + "word " * 50 for n in range(200))}
    desk.library.put_source("docs", SourceConfig(), "command")

    def interrupt() -> None:
        if len(desk.embedder.asked) >= 160:
            raise KeyboardInterrupt

    desk.embedder.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        desk.take(shelf)
    assert desk.texts() == set()
    desk.embedder.before = lambda: None
    report = desk.take(shelf)
    assert report.chunks >= 200 and len(desk.embedder.asked) == report.chunks - 128
    assert desk.events[-2].kind == "ready"


def test_another_model_re_embeds_behind_the_old_one(desk: Desk, shelf: Shelf) -> None:
    shelf.texts = {f"{n}.txt": f"text {n}" for n in range(40)}
    desk.take(shelf)
    old = desk.embedder
    desk.embedder = CountingEmbedder(24)

    def stop() -> None:
        if desk.embedder.asked:
            raise KeyboardInterrupt

    desk.embedder.before = stop
    with pytest.raises(KeyboardInterrupt):
        desk.ingestion().embed_missing()
    active = desk.library.active()
    assert active is not None and active.name == old.collection, "searches go on with the old one"
    desk.embedder.before = lambda: None
    desk.events.clear()
    assert desk.ingestion().embed_missing() == 8
    assert [(event.kind, event.done, event.total) for event in desk.events] == [("embedding", 8, 8)]
    active = desk.library.active()
    assert active is not None and active.name == "hash-24" and len(desk.texts()) == 40
    assert desk.ingestion().embed_missing() == 0
    assert counts(desk.take(shelf)) == {"unchanged": 40}
